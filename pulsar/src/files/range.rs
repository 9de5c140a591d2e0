//! The header `Range`: RFC 9110 section 14.
//!
//! What it keeps: nobody is sent more bytes than the file has, in no more than [`MOST_PARTS`] parts, and reading the header takes
//! time linear in its length. A header that is no range of bytes is as good as none.

use std::ops::Range;

/// The most parts of an answer. Who asks for more gets the whole file.
pub(crate) const MOST_PARTS: usize = 10;

/// The most ranges that are looked at before they are joined, so that sorting them costs next to nothing.
const MOST_RANGES: usize = 100;

/// What a header asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All of it, or nothing that makes sense.
    Whole,
    /// These bytes: at least one range, none of them empty, in order, none touching another.
    Parts(Vec<Range<u64>>),
    /// Only what is behind the end.
    Nothing,
}

/// Reads the value of `Range` for something of `size` bytes.
pub(crate) fn parse(value: &str, size: u64) -> Wanted {
    let Some((unit, list)) = value.split_once('=') else { return Wanted::Whole };
    if !unit.eq_ignore_ascii_case("bytes") {
        return Wanted::Whole;
    }
    let mut parts = Vec::new();
    let mut ranges = 0;
    for text in list.split(',').map(|text| text.trim_matches([' ', '\t'])) {
        if text.is_empty() {
            continue; // an empty element of a list says nothing
        }
        ranges += 1;
        match one(text, size) {
            Ok(part) if ranges <= MOST_RANGES => parts.extend(part),
            _ => return Wanted::Whole,
        }
    }
    if ranges == 0 {
        return Wanted::Whole;
    }
    if parts.is_empty() {
        return Wanted::Nothing;
    }
    let parts = joined(parts);
    // The bytes of an empty file have no numbers, and a range from its end is all of it.
    if parts.len() > MOST_PARTS || size == 0 { Wanted::Whole } else { Wanted::Parts(parts) }
}

/// A text is no range.
struct NoRange;

/// One range; `None` if it is behind the end.
fn one(text: &str, size: u64) -> Result<Option<Range<u64>>, NoRange> {
    let (first, last) = text.split_once('-').ok_or(NoRange)?;
    if first.is_empty() {
        let length = number(last)?;
        return Ok((length > 0).then(|| size.saturating_sub(length)..size));
    }
    let first = number(first)?;
    let last = if last.is_empty() { u64::MAX } else { number(last)? };
    if last < first {
        return Err(NoRange);
    }
    Ok((first < size).then(|| first..last.saturating_add(1).min(size)))
}

/// Digits; a number that is too large stands for the largest one, which is behind every end.
fn number(text: &str) -> Result<u64, NoRange> {
    if text.is_empty() || !text.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(NoRange);
    }
    Ok(text.parse().unwrap_or(u64::MAX))
}

/// The same bytes in order, with what overlaps or touches as one.
fn joined(mut parts: Vec<Range<u64>>) -> Vec<Range<u64>> {
    parts.sort_unstable_by_key(|part| part.start);
    let mut joined: Vec<Range<u64>> = Vec::with_capacity(parts.len());
    for part in parts {
        match joined.last_mut() {
            Some(last) if part.start <= last.end => last.end = last.end.max(part.end),
            _ => joined.push(part),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_are_read_as_the_rfc_writes_them() {
        let parts = |list: &[(u64, u64)]| Wanted::Parts(list.iter().map(|&(from, to)| from..to).collect());
        let part = |from, to| parts(&[(from, to)]);
        let eleven = (0..11).map(|n| format!("{0}-{0}", n * 2)).collect::<Vec<_>>().join(",");
        let ten = (0..10).map(|n| format!("{0}-{0}", n * 2)).collect::<Vec<_>>().join(",");
        let overlapping = (0..99).map(|n| format!("{n}-")).collect::<Vec<_>>().join(",");
        let too_many = "0-0,".repeat(101);
        let digits = "9".repeat(400);
        let table = [
            ("bytes=0-0", 100, part(0, 1)),
            ("bytes=0-9", 100, part(0, 10)),
            ("Bytes=0-9", 100, part(0, 10)),
            ("bytes=90-", 100, part(90, 100)),
            ("bytes=90-200", 100, part(90, 100)),
            ("bytes=-1", 100, part(99, 100)),
            ("bytes=-100", 100, part(0, 100)),
            ("bytes=-1000", 100, part(0, 100)),
            ("bytes=0-", 100, part(0, 100)),
            ("bytes=00-09", 100, part(0, 10)),
            ("bytes= 0-1", 100, part(0, 2)),
            ("bytes=\t0-1\t", 100, part(0, 2)),
            ("bytes=0-18446744073709551615", 100, part(0, 100)),
            ("bytes=0-18446744073709551616", 100, part(0, 100)),
            (&format!("bytes=5-{digits}"), 100, part(5, 100)),
            (&format!("bytes=-{digits}"), 100, part(0, 100)),
            (&format!("bytes={digits}-"), 100, Wanted::Nothing),
            ("bytes=100-", 100, Wanted::Nothing),
            ("bytes=100-200", 100, Wanted::Nothing),
            ("bytes=-0", 100, Wanted::Nothing),
            ("bytes=-0,100-", 100, Wanted::Nothing),
            ("bytes=-0,5-5", 100, part(5, 6)),
            ("bytes=0-", 0, Wanted::Nothing),
            ("bytes=-0", 0, Wanted::Nothing),
            ("bytes=-5", 0, Wanted::Whole),
            // Several.
            ("bytes=0-0,-1", 100, parts(&[(0, 1), (99, 100)])),
            ("bytes=0-0 , 5-6", 100, parts(&[(0, 1), (5, 7)])),
            ("bytes=5-6,0-0", 100, parts(&[(0, 1), (5, 7)])),
            ("bytes=,0-0,,5-6,", 100, parts(&[(0, 1), (5, 7)])),
            ("bytes=0-5,3-9", 100, part(0, 10)),
            ("bytes=0-5,6-9", 100, part(0, 10)),
            ("bytes=0-50,3-9", 100, part(0, 51)),
            ("bytes=0-5,7-9,200-", 100, parts(&[(0, 6), (7, 10)])),
            (&format!("bytes={overlapping}"), 100, part(0, 100)),
            (&format!("bytes={eleven}"), 100, Wanted::Whole),
            (&format!("bytes={too_many}"), 100, Wanted::Whole),
            // None.
            ("", 100, Wanted::Whole),
            ("bytes", 100, Wanted::Whole),
            ("bytes=", 100, Wanted::Whole),
            ("bytes=,", 100, Wanted::Whole),
            ("bytes=-", 100, Wanted::Whole),
            ("bytes=--5", 100, Wanted::Whole),
            ("bytes=5", 100, Wanted::Whole),
            ("bytes=9-5", 100, Wanted::Whole),
            ("bytes=0-0,9-5", 100, Wanted::Whole),
            ("bytes=0-0,x", 100, Wanted::Whole),
            ("bytes=0 - 5", 100, Wanted::Whole),
            ("bytes=+0-5", 100, Wanted::Whole),
            ("bytes=0x0-5", 100, Wanted::Whole),
            ("bytes=0-5-9", 100, Wanted::Whole),
            ("bytes =0-5", 100, Wanted::Whole),
            ("bytes=\u{661}-5", 100, Wanted::Whole),
            ("lines=0-5", 100, Wanted::Whole),
            ("bytes:0-5", 100, Wanted::Whole),
        ];
        for (value, size, expected) in table {
            assert_eq!(parse(value, size), expected, "{value:?} of {size}");
        }
        let Wanted::Parts(parts) = parse(&format!("bytes={ten}"), 100) else { panic!("ten parts are sent") };
        assert_eq!(parts.len(), 10);
    }

    #[test]
    fn a_header_of_any_length_is_read_in_linear_time() {
        let time = |ranges: usize| {
            let value = format!("bytes={}", " , ".repeat(ranges) + &"0-0,".repeat(ranges));
            let begun = Instant::now();
            assert_eq!(parse(&value, u64::MAX), if ranges > 100 { Wanted::Whole } else { unreachable!() });
            begun.elapsed()
        };
        time(10_000);
        // Quadratic time would be minutes.
        assert!(time(1_000_000).as_secs() < 5);
    }

    proptest! {
        #[test]
        fn parts_are_in_order_within_the_size_and_apart(value in "(bytes=)?[0-9 ,-]{0,80}", size in 0_u64..200) {
            if let Wanted::Parts(parts) = parse(&value, size) {
                prop_assert!((1..=MOST_PARTS).contains(&parts.len()));
                prop_assert!(parts.iter().all(|part| part.start < part.end && part.end <= size));
                prop_assert!(parts.windows(2).all(|pair| pair[0].end < pair[1].start));
            }
        }
    }
}
