//! Which form of an error a client prefers: the header `Accept` (RFC 9110 section 12.5.1).
//!
//! It chooses among the three forms that there are and knows no other media type. What it cannot read it skips: an error has to
//! be told in some form.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};

use crate::weighted::weighted;

/// A form of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A problem document, which is also what whoever has no wish gets.
    Json,
    Text,
    Html,
}

/// What a request accepts, kept until there is an error to tell, which mostly is never. It is a copy: a connection that reads on needs other
/// memory while anybody keeps what its request was read into, which costs more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accept(Option<Bytes>);

impl Accept {
    /// That of a request.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        // Asking for all of them costs four times as much, for every request.
        let Some(first) = headers.get(header::ACCEPT) else { return Self(None) };
        Self::seen(Some(first), headers.get_all(header::ACCEPT).iter().nth(1).is_none(), headers)
    }

    /// That of a request whose headers have been looked through: the first one, and whether it is the only one.
    #[inline]
    pub(crate) fn seen(first: Option<&HeaderValue>, is_only: bool, headers: &HeaderMap) -> Self {
        match first {
            None => Self(None),
            Some(first) => Self::said(first, is_only, headers),
        }
    }

    fn said(first: &HeaderValue, is_only: bool, headers: &HeaderMap) -> Self {
        match first.as_bytes() {
            _ if !is_only => Self::joined(headers),
            b"*/*" => Self(None),
            said => Self(Some(Bytes::copy_from_slice(said))),
        }
    }

    /// Several headers are one list.
    fn joined(headers: &HeaderMap) -> Self {
        let values: Vec<_> = headers.get_all(header::ACCEPT).iter().map(HeaderValue::as_bytes).collect();
        Self(Some(values.join(&b',').into()))
    }

    pub(super) fn form(&self) -> Form {
        self.0.as_ref().map_or(Form::Json, |said| preferred(said))
    }
}

/// The form with the highest quality; of equal ones the one that is named more exactly, then JSON before text before HTML. JSON if
/// none is acceptable, which RFC 9110 allows.
fn preferred(accept: &[u8]) -> Form {
    // For each form the most exact range that covers it, and its quality in thousandths.
    let mut found = [(0_u8, 0_u16); FORMS.len()];
    for (name, quality) in weighted(&String::from_utf8_lossy(accept)) {
        for (best, (_, names)) in found.iter_mut().zip(FORMS) {
            let exactness = exactness(name, names);
            if exactness > best.0 {
                *best = (exactness, quality);
            } else if exactness > 0 && exactness == best.0 {
                best.1 = best.1.max(quality);
            }
        }
    }
    let ranked = FORMS.iter().zip(found).map(|((form, _), (exactness, quality))| (quality, exactness, *form));
    let acceptable = ranked.filter(|(quality, ..)| *quality > 0);
    // The first of equals stays.
    let best = acceptable.reduce(|best, next| if (next.0, next.1) > (best.0, best.1) { next } else { best });
    best.map_or(Form::Json, |(.., form)| form)
}

/// The forms, the one that is preferred among equals first, with the media types that mean it.
const FORMS: [(Form, &[&str]); 3] = [
    (Form::Json, &["application/problem+json", "application/json"]),
    (Form::Text, &["text/plain"]),
    (Form::Html, &["text/html"]),
];

/// How exactly a range names one of these types: 3 by its name, 2 by `text/*`, 1 by `*/*`, 0 not at all.
fn exactness(range: &str, names: &[&str]) -> u8 {
    if range == "*/*" {
        return 1;
    }
    if names.iter().any(|name| range.eq_ignore_ascii_case(name)) {
        return 3;
    }
    let family = range.strip_suffix("/*").unwrap_or_default();
    let is_of_family =
        |name: &&str| name.split_once('/').is_some_and(|(own, _)| own.eq_ignore_ascii_case(family));
    if names.iter().any(is_of_family) { 2 } else { 0 }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Form::*, *};

    #[test]
    fn the_form_is_the_one_that_the_client_prefers() {
        for (accept, expected) in [
            ("", Json),
            ("*/*", Json),
            ("application/problem+json", Json),
            ("application/json", Json),
            ("APPLICATION/JSON", Json),
            ("application/*", Json),
            ("text/plain", Text),
            ("text/html", Html),
            ("Text/HTML;charset=utf-8", Html),
            ("text/*", Text),
            ("text/*;q=0.1", Text),
            // What Firefox, Chrome, jQuery, axios and curl send.
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Html),
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,\
                 application/signed-exchange;v=b3;q=0.7",
                Html,
            ),
            ("image/avif,image/webp,*/*", Json),
            ("application/json, text/javascript, */*; q=0.01", Json),
            ("application/json, text/plain, */*", Json),
            // Qualities.
            ("text/html;q=0.5, application/json;q=0.4", Html),
            ("text/html;q=0.5, application/json;q=0.6", Json),
            ("text/html;q=0.500, text/plain;q=0.501", Text),
            ("text/html ; q=0.5 , text/plain ; q=0.6", Text),
            ("text/html;level=1;q=0.1, text/plain;Q=0.2", Text),
            ("text/html;q=1.000, text/plain;q=0.999", Html),
            ("text/html;q=0, */*", Json),
            ("application/json;q=0, */*", Text),
            ("application/json;q=0, text/plain;q=0, */*;q=0.1", Html),
            ("application/problem+json;q=0, application/json", Json),
            // Of equal ones the more exact, then JSON first.
            ("text/html, */*", Html),
            ("text/plain, */*", Text),
            ("text/html, text/*", Html),
            ("text/html, text/plain", Text),
            ("text/html, application/json", Json),
            // The more exact range gives the quality.
            ("text/*;q=1, text/html;q=0.1, application/json;q=0.5", Text),
            ("*/*;q=1, text/plain;q=0.1, application/*;q=0.2, text/html;q=0.3", Html),
            // Nothing fits: an error has to be told in some form.
            ("image/png", Json),
            ("*/*;q=0", Json),
            ("text/html;q=0", Json),
            // What cannot be read is skipped.
            ("text", Json),
            ("text/", Json),
            ("/html", Json),
            ("/*", Json),
            (",,;;q=1,", Json),
            ("text/html;q=", Json),
            ("text/html;q=2", Json),
            ("text/html;q=1.001", Json),
            ("text/html;q=0.1234", Json),
            ("text/html;q=-1", Json),
            ("text/html;q=.5", Json),
            ("text/html;q=0,5", Json),
            ("text/html;quality=0", Html),
            ("x/y;a=\"text/html,text/html\", text/plain;q=0.1", Text),
            ("x/y;a=\"\\\", text/html\", text/plain;q=0.1", Text),
            ("x/y;a=\"text/html, text/plain", Json),
        ] {
            assert_eq!(preferred(accept.as_bytes()), expected, "{accept:?}");
        }
        assert_eq!(preferred(b"text/html;q=0.5\xff, \xff, text/plain;q=0.1"), Text);
    }

    #[test]
    fn several_headers_are_one_list() {
        let mut headers = HeaderMap::new();
        assert_eq!(Accept::of(&headers).form(), Json);
        for (value, expected) in [("text/plain;q=0.5", Text), ("*/*;q=0.1", Text), ("text/html", Html)] {
            headers.append(header::ACCEPT, HeaderValue::from_static(value));
            assert_eq!(Accept::of(&headers).form(), expected, "{headers:?}");
        }
    }

    #[test]
    fn what_is_kept_is_the_same_without_the_request() {
        // Bytes that somebody else looks at cannot be made mutable.
        let request = Bytes::from(b"text/html".to_vec());
        let value = HeaderValue::from_maybe_shared(request.clone()).unwrap();
        let accept = Accept::of(&HeaderMap::from_iter([(header::ACCEPT, value)]));
        assert!(request.try_into_mut().is_ok(), "the memory of the request is kept");
        assert_eq!(accept.form(), Html);
    }

    #[test]
    fn long_headers_take_no_longer_for_each_byte() {
        for unit in ["text/html;q=0.5,", ",", ";", "\"", "\\\"", "a=\"", "q=", "*/*,"] {
            let time = |count: usize| {
                let value = unit.repeat(count);
                let begun = Instant::now();
                preferred(value.as_bytes());
                begun.elapsed()
            };
            // A busy machine spoils many a measurement, but none makes a hundredfold time a short one.
            let is_linear = (0..100).any(|_| time(20_000) < time(2_000).max(Duration::from_micros(50)) * 30);
            assert!(is_linear, "{unit:?}");
        }
    }

    proptest::proptest! {
        /// The order of the list says nothing (RFC 9110), and what cannot be read changes nothing.
        #[test]
        fn only_ranges_and_qualities_count(
            ranges in proptest::collection::vec(
                "(\\*/\\*|text/\\*|text/html|text/plain|application/json|image/png|x)(;q=(0|1|0\\.[0-9]{1,3}|2|x))?",
                0..8,
            ),
            junk in "[!-+\\--:<-~]{0,20}",
        ) {
            let expected = preferred(ranges.join(",").as_bytes());
            let reversed: Vec<_> = ranges.iter().rev().map(String::as_str).collect();
            proptest::prop_assert_eq!(preferred(reversed.join(" , ").as_bytes()), expected);
            let with_junk: Vec<_> = ranges.iter().map(|range| format!("{range},junk/{}", junk.replace('"', ""))).collect();
            proptest::prop_assert_eq!(preferred(with_junk.join(",").as_bytes()), expected);
        }
    }
}
