//! What has to hold for every header and path that a client of static files sends.

// That is what a check does when something does not hold.
#![allow(clippy::missing_panics_doc)]

use std::{
    ffi::OsStr,
    ops::Range,
    os::unix::ffi::OsStrExt,
    path::{Component, Path},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use http::{HeaderValue, Method, header};

use super::{
    coding::{Choice, Coding, choose},
    conditions::{Modified, Validators, Verdict, evaluate},
    path::FilePath,
    range::{MOST_PARTS, Wanted, parse},
    tag::{Comparison, EntityTag, names},
};
use crate::{
    __fuzz::{headers, lines},
    weighted::weighted,
};

/// `SIZE VALUE` of a header `Range`: parts are in order, apart and within the size, and together have just the bytes that were asked for.
pub fn range_header(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (size, value) = text.split_once(' ').unwrap_or(("200", text));
    let size = size.parse().unwrap_or(200);
    match parse(value, size) {
        Wanted::Parts(parts) => {
            assert!((1..=MOST_PARTS).contains(&parts.len()));
            assert!(parts.iter().all(|part| part.start < part.end && part.end <= size));
            assert!(parts.windows(2).all(|pair| pair[0].end < pair[1].start));
            let is_wanted = |byte: u64| asked(value, size).any(|range| range.contains(&byte));
            let is_sent = |byte: u64| parts.iter().any(|part| part.contains(&byte));
            // Where one begins or ends, and beside it, is where a mistake would show.
            let edges = parts
                .iter()
                .chain(&asked(value, size).collect::<Vec<_>>())
                .flat_map(around)
                .collect::<Vec<_>>();
            for byte in edges.into_iter().filter(|byte| *byte < size) {
                assert_eq!(is_wanted(byte), is_sent(byte), "byte {byte}");
            }
        }
        Wanted::Nothing => assert!(asked(value, size).all(|range| range.is_empty())),
        Wanted::Whole => {}
    }
}

/// The ranges of a header that has some, as they stand there.
fn asked(value: &str, size: u64) -> impl Iterator<Item = Range<u64>> {
    let list = value.split_once('=').map_or("", |(_, list)| list);
    list.split(',').filter_map(move |text| {
        let (first, last) = text.trim_matches([' ', '\t']).split_once('-')?;
        let number = |text: &str| text.parse::<u128>().unwrap_or(u128::MAX);
        let narrow = |number: u128| u64::try_from(number.min(u128::from(size))).unwrap_or(size);
        Some(match (first, last) {
            ("", length) => size - narrow(number(length))..size,
            (first, "") => narrow(number(first))..size,
            (first, last) => narrow(number(first))..narrow(number(last).saturating_add(1)),
        })
    })
}

fn around(range: &Range<u64>) -> [u64; 6] {
    let (start, end) = (range.start, range.end);
    [
        start.saturating_sub(1),
        start,
        start.saturating_add(1),
        end.saturating_sub(1),
        end,
        end.saturating_add(1),
    ]
}

/// A line with a tag, then headers: what they say once more, and more plainly, decides.
pub fn etag_conditions(data: &[u8]) {
    let mut lines = lines(data);
    let Some(Ok(text)) = lines.next().map(std::str::from_utf8) else { return };
    let (is_weak, text) = text.strip_prefix("W/").map_or((false, text), |text| (true, text));
    let Some(tag) = EntityTag::new(text, is_weak) else { return };
    let Some(sent) = headers(lines, true) else { return };
    let modified = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
    let modified = Modified::new(modified(784_111_777), SystemTime::now());
    let validators = Validators { tag: tag.clone(), modified };
    assert_eq!(tag.is_weak(), is_weak);

    for value in sent.get_all(header::IF_MATCH).iter().chain(sent.get_all(header::IF_NONE_MATCH)) {
        let [strong, weak] = [Comparison::Strong, Comparison::Weak]
            .map(|comparison| names(value.as_bytes(), &tag, comparison));
        assert!(weak || !strong, "a strong comparison finds what a weak one does not");
        assert!(!strong || !is_weak || value.as_bytes().trim_ascii() == b"*");
    }
    for method in [Method::GET, Method::HEAD] {
        let verdict = evaluate(&method, &sent, &validators);
        if let Verdict::Proceed { ranges } = verdict {
            assert!(!ranges || method == Method::GET);
            assert!(ranges || method != Method::GET || sent.contains_key(header::IF_RANGE));
        }
        let with = |name: header::HeaderName, value: HeaderValue| {
            let mut sent = sent.clone();
            sent.append(name, value);
            evaluate(&method, &sent, &validators)
        };
        let failed = verdict == Verdict::Failed;
        for value in [tag.to_header(), HeaderValue::from_static("*")] {
            let verdict = with(header::IF_NONE_MATCH, value.clone());
            assert_eq!(
                verdict,
                if failed { Verdict::Failed } else { Verdict::NotModified },
                "it names the tag"
            );
            let verdict = with(header::IF_MATCH, value.clone());
            assert!(verdict != Verdict::Failed || (is_weak && value != "*"), "it names the tag");
        }
        let both = [tag.to_header().as_bytes(), b" , \"other\""].concat();
        let both = HeaderValue::from_bytes(&both).expect("both were values");
        assert!(
            !matches!(with(header::IF_NONE_MATCH, both), Verdict::Proceed { .. }),
            "it names the tag first"
        );
        // Two dates are as good as none, so that no later one decides against an earlier one.
        if sent.get_all(header::IF_MODIFIED_SINCE).iter().count() > 1
            && !sent.contains_key(header::IF_NONE_MATCH)
        {
            assert_ne!(verdict, Verdict::NotModified);
        }
    }
}

/// A line of letters, one for each coding that is there, then values of `Accept-Encoding`: the choice is there and wanted, and what is
/// not chosen does not matter.
pub fn accept_encoding(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.split('\n');
    let letters = lines.next().unwrap_or_default();
    let values: Vec<_> = lines.collect();
    let there = |coding: &Coding| letters.contains(&coding.name()[..1]);
    let available: Vec<_> = Coding::ALL.into_iter().filter(there).collect();
    let chosen = choose(values.iter().copied(), &available);
    let weight = |wanted: &[&str]| {
        let mut weights = values.iter().flat_map(|value| weighted(value));
        weights.find(|(name, _)| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)))
    };
    match chosen {
        Choice::Coded(coding) => {
            assert!(available.contains(&coding));
            let named =
                if coding == Coding::Gzip { weight(&["gzip", "x-gzip"]) } else { weight(&[coding.name()]) };
            let named = named.or_else(|| weight(&["*"]));
            assert!(named.is_some_and(|(_, weight)| weight > 0), "nobody wants {coding:?}");
        }
        Choice::Plain => {
            let named = weight(&["identity"]).or_else(|| weight(&["*"]));
            assert!(named.is_none_or(|(_, weight)| weight > 0), "nobody wants the file as it is");
        }
        Choice::Nothing => assert!(weight(&["identity"]).or_else(|| weight(&["*"])).is_some()),
    }
    for coding in available.iter().filter(|coding| chosen != Choice::Coded(**coding)) {
        let others: Vec<_> = available.iter().copied().filter(|other| other != coding).collect();
        assert_eq!(choose(values.iter().copied(), &others), chosen, "without {coding:?}");
    }
    // Several headers are one list.
    assert_eq!(choose(std::iter::once(&*values.join(",")), &available), chosen);
    assert_eq!(choose(std::iter::empty(), &available), Choice::Plain);
}

/// The path of a request: what it names lies below the root, and is what decoding each segment on its own comes to.
pub fn static_path(data: &[u8]) {
    let Ok(raw) = std::str::from_utf8(data) else { return };
    let root = Path::new("/srv/root");
    for hidden in [false, true] {
        let found = FilePath::parse(raw, hidden);
        assert_eq!(
            found.as_ref().map(|path| (path.as_bytes().to_vec(), path.is_folder())),
            naive(raw, hidden)
        );
        let Some(path) = found else { continue };
        let whole = root.join(OsStr::from_bytes(path.as_bytes()));
        let below = whole.strip_prefix(root).expect("it lies below the root");
        assert!(below.components().all(|part| matches!(part, Component::Normal(_))), "{}", whole.display());
        assert_eq!(below.as_os_str().as_bytes(), path.as_bytes(), "no two names for one file");
        assert!(!path.as_bytes().contains(&0) && !path.as_bytes().contains(&b'\\'));
        assert!(
            path.to_string().chars().all(|c| !c.is_control()),
            "what a log shows has no control characters"
        );
        assert!(hidden || !below.iter().any(|name| name.as_bytes().starts_with(b".")));
        if let Ok(name) = std::str::from_utf8(path.as_bytes())
            && !name.is_empty()
        {
            let again = FilePath::of_file(name).expect("an application may name what a client may");
            assert_eq!(again.as_bytes(), path.as_bytes());
        }
    }
}

/// The same, slowly: split, decode, look at each name.
fn naive(raw: &str, hidden: bool) -> Option<(Vec<u8>, bool)> {
    let mut segments: Vec<_> = raw.split('/').map(decoded).collect::<Option<_>>()?;
    if segments.len() < 2 || !segments.remove(0).is_empty() {
        return None;
    }
    let is_folder = segments.pop_if(|last| last.is_empty()).is_some();
    let is_name = |name: &Vec<u8>| {
        let text = String::from_utf8_lossy(name);
        !["", ".", ".."].contains(&&*text)
            && !text.contains(['\0', '/', '\\'])
            && (hidden || !text.starts_with('.'))
    };
    segments.iter().all(is_name).then(|| (segments.join(&b'/'), is_folder))
}

fn decoded(segment: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = segment.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first == b'%' {
            let digits = behind.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = &behind[2..];
        } else {
            bytes.push(*first);
        }
    }
    Some(bytes)
}
