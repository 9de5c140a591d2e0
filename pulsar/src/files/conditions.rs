//! Conditional requests, in the order of RFC 9110 section 13.2.2.
//!
//! Pure: headers and what is known of the content in, a verdict out.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, Method, header};

use super::tag::{Comparison, EntityTag, names};

/// What tells one state of the content from another.
#[derive(Clone, Debug)]
pub(crate) struct Validators {
    pub(crate) tag: EntityTag,
    pub(crate) modified: Option<Modified>,
}

/// When the content was last changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Modified {
    /// In seconds since 1970, as far as a header can say it.
    seconds: u64,
    /// It is long enough ago for a second change to have another date.
    is_settled: bool,
}

impl Modified {
    /// The last day that a header can name: 31 December 9999.
    const LAST: u64 = 253_402_300_799;

    /// A time that a header can name; `None` for one before 1970.
    pub(crate) fn new(time: SystemTime, now: SystemTime) -> Option<Self> {
        let seconds = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
        let age = now.duration_since(time).unwrap_or_default();
        // A date in the future would be a lie (section 8.8.2.1).
        let now = now.duration_since(UNIX_EPOCH).ok()?.as_secs();
        let seconds = seconds.min(now);
        (seconds <= Self::LAST).then_some(Self { seconds, is_settled: age >= Duration::from_secs(1) })
    }

    /// Whether what has this date can be trusted to have had the same content all the time.
    pub(crate) fn is_settled(self) -> bool {
        self.is_settled
    }

    /// The value of `Last-Modified`.
    pub(crate) fn to_header(self) -> String {
        httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(self.seconds))
    }
}

/// What the conditions of a request come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The request is answered; the header `Range` counts only if `ranges` is true.
    Proceed { ranges: bool },
    /// 304: the client has it.
    NotModified,
    /// 412: it is not what the client thinks.
    Failed,
}

/// Looks at the conditions of a request for content that is there.
pub(crate) fn evaluate(method: &Method, headers: &HeaderMap, validators: &Validators) -> Verdict {
    let Validators { tag, modified } = validators;
    let named = |name: HeaderName, comparison| {
        let mut values = headers.get_all(name).iter().peekable();
        values.peek()?;
        Some(values.any(|value| names(value.as_bytes(), tag, comparison)))
    };
    let since = |name: HeaderName| Some((modified.as_ref()?.seconds, date(headers, name)?));
    match named(header::IF_MATCH, Comparison::Strong) {
        Some(true) => {}
        Some(false) => return Verdict::Failed,
        None => {
            if since(header::IF_UNMODIFIED_SINCE).is_some_and(|(modified, date)| modified > date) {
                return Verdict::Failed;
            }
        }
    }
    match named(header::IF_NONE_MATCH, Comparison::Weak) {
        Some(true) => return Verdict::NotModified,
        Some(false) => {}
        None => {
            if since(header::IF_MODIFIED_SINCE).is_some_and(|(modified, date)| modified <= date) {
                return Verdict::NotModified;
            }
        }
    }
    Verdict::Proceed { ranges: method == Method::GET && may_continue(headers, validators) }
}

/// `If-Range`: whether a part may be added to what the client has. It has to be certain that it is the same content.
fn may_continue(headers: &HeaderMap, Validators { tag, modified }: &Validators) -> bool {
    let mut values = headers.get_all(header::IF_RANGE).iter();
    let (value, others) = (values.next(), values.next());
    let Some(value) = value else { return true };
    if others.is_some() {
        return false;
    }
    let is_tag = value.as_bytes().starts_with(b"\"") || value.as_bytes().starts_with(b"W/");
    if is_tag {
        return names(value.as_bytes(), tag, Comparison::Strong);
    }
    let date = date(headers, header::IF_RANGE);
    modified.is_some_and(|modified| modified.is_settled && date == Some(modified.seconds))
}

/// The date of a header, in seconds since 1970. Two headers, or one that is no date, are as good as none.
fn date(headers: &HeaderMap, name: HeaderName) -> Option<u64> {
    let mut values = headers.get_all(name).iter();
    let (value, others) = (values.next()?, values.next());
    if others.is_some() {
        return None;
    }
    let date = httpdate::parse_http_date(value.to_str().ok()?).ok()?;
    Some(date.duration_since(UNIX_EPOCH).ok()?.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Wed, 21 Oct 2015 07:28:00 GMT";
    const BEFORE: &str = "Wed, 21 Oct 2015 07:27:59 GMT";
    const AFTER: &str = "Wed, 21 Oct 2015 07:28:01 GMT";

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn verdict(method: &str, lines: &[(&'static str, &str)], is_settled: bool) -> Verdict {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        let changed = at(1_445_412_480);
        let now = if is_settled { at(1_445_412_481) } else { changed };
        let validators = Validators {
            tag: EntityTag::new("v1", !is_settled).unwrap(),
            modified: Modified::new(changed, now),
        };
        evaluate(&method.parse().unwrap(), &headers, &validators)
    }

    #[test]
    fn conditions_are_looked_at_in_the_order_of_the_rfc() {
        const GO: Verdict = Verdict::Proceed { ranges: true };
        const WHOLE: Verdict = Verdict::Proceed { ranges: false };
        use Verdict::{Failed, NotModified};
        let table: &[(&[(&str, &str)], Verdict)] = &[
            (&[], GO),
            // If-Match
            (&[("if-match", "\"v1\"")], GO),
            (&[("if-match", "\"v0\", \"v1\"")], GO),
            (&[("if-match", "*")], GO),
            (&[("if-match", "\"v0\"")], Failed),
            (&[("if-match", "W/\"v1\"")], Failed),
            (&[("if-match", "nonsense")], Failed),
            (&[("if-match", "\"v0\""), ("if-match", "\"v1\"")], GO),
            // If-Unmodified-Since
            (&[("if-unmodified-since", DATE)], GO),
            (&[("if-unmodified-since", AFTER)], GO),
            (&[("if-unmodified-since", BEFORE)], Failed),
            (&[("if-unmodified-since", "yesterday")], GO),
            (&[("if-match", "\"v1\""), ("if-unmodified-since", BEFORE)], GO),
            // If-None-Match
            (&[("if-none-match", "\"v1\"")], NotModified),
            (&[("if-none-match", "W/\"v1\"")], NotModified),
            (&[("if-none-match", "\"v0\", W/\"v1\"")], NotModified),
            (&[("if-none-match", "*")], NotModified),
            (&[("if-none-match", "\"v0\"")], GO),
            (&[("if-none-match", "nonsense")], GO),
            (&[("if-none-match", "\"v0\""), ("if-none-match", "\"v1\"")], NotModified),
            // If-Modified-Since
            (&[("if-modified-since", DATE)], NotModified),
            (&[("if-modified-since", AFTER)], NotModified),
            (&[("if-modified-since", BEFORE)], GO),
            (&[("if-modified-since", "Wednesday, 21-Oct-15 07:28:00 GMT")], NotModified),
            (&[("if-modified-since", "Wed Oct 21 07:28:00 2015")], NotModified),
            (&[("if-modified-since", "yesterday")], GO),
            (&[("if-modified-since", "")], GO),
            (&[("if-modified-since", DATE), ("if-modified-since", DATE)], GO),
            (&[("if-none-match", "\"v0\""), ("if-modified-since", DATE)], GO),
            (&[("if-none-match", "\"v1\""), ("if-modified-since", BEFORE)], NotModified),
            // Both: what fails goes first.
            (&[("if-match", "\"v0\""), ("if-none-match", "\"v1\"")], Failed),
            (&[("if-match", "\"v1\""), ("if-none-match", "\"v1\"")], NotModified),
            // If-Range
            (&[("if-range", "\"v1\"")], GO),
            (&[("if-range", "\"v0\"")], WHOLE),
            (&[("if-range", "W/\"v1\"")], WHOLE),
            (&[("if-range", "*")], WHOLE),
            (&[("if-range", DATE)], GO),
            (&[("if-range", BEFORE)], WHOLE),
            (&[("if-range", AFTER)], WHOLE),
            (&[("if-range", "v1")], WHOLE),
            (&[("if-range", "\"v1\""), ("if-range", "\"v1\"")], WHOLE),
            (&[("if-none-match", "\"v0\""), ("if-range", "\"v0\"")], WHOLE),
        ];
        for (lines, expected) in table {
            assert_eq!(verdict("GET", lines, true), *expected, "{lines:?}");
            // A HEAD has no ranges, and is the same in everything else.
            let of_head = if *expected == GO { WHOLE } else { *expected };
            assert_eq!(verdict("HEAD", lines, true), of_head, "{lines:?}");
        }
    }

    #[test]
    fn what_has_just_changed_is_certain_to_be_nothing() {
        for (lines, expected) in [
            (&[("if-range", DATE)][..], Verdict::Proceed { ranges: false }),
            (&[("if-range", "\"v1\"")], Verdict::Proceed { ranges: false }),
            (&[("if-match", "\"v1\"")], Verdict::Failed),
            (&[("if-none-match", "W/\"v1\"")], Verdict::NotModified),
        ] {
            assert_eq!(verdict("GET", lines, false), expected, "{lines:?}");
        }
    }

    #[test]
    fn without_a_date_only_tags_count() {
        let validators = Validators { tag: EntityTag::new("v1", false).unwrap(), modified: None };
        for name in [header::IF_MODIFIED_SINCE, header::IF_UNMODIFIED_SINCE] {
            let headers = HeaderMap::from_iter([(name, DATE.parse().unwrap())]);
            let verdict = evaluate(&Method::GET, &headers, &validators);
            assert_eq!(verdict, Verdict::Proceed { ranges: true });
        }
    }

    #[test]
    fn dates_that_no_header_can_name_are_left_out() {
        let now = at(1_000_000_000);
        assert_eq!(Modified::new(UNIX_EPOCH - Duration::from_secs(1), now), None);
        let future = Modified::new(at(u64::MAX / 4), now).unwrap();
        assert_eq!(future.to_header(), "Sun, 09 Sep 2001 01:46:40 GMT");
        assert!(!future.is_settled());
        assert_eq!(Modified::new(at(Modified::LAST + 1), at(Modified::LAST + 2)), None);
        assert!(Modified::new(at(0), now).unwrap().is_settled());
    }
}
