//! `Transfer-Encoding`: chunked, once, and nothing else, RFC 9112 section 6.1.

use http::{HeaderValue, StatusCode};

use super::refusal::Refusal;

/// Judges all values of the header together. hyper has read the body as chunked already, which is right for `chunked` alone.
pub(super) fn judge<'a>(values: impl Iterator<Item = &'a HeaderValue>) -> Result<(), Refusal> {
    let (mut lines, mut chunked, mut others) = (0, 0, 0);
    for value in values {
        lines += 1;
        for coding in value.as_bytes().split(|byte| *byte == b',') {
            match coding.trim_ascii() {
                // An empty element of a list is none: RFC 9110 section 5.6.1.2.
                b"" => {}
                coding if coding.eq_ignore_ascii_case(b"chunked") => chunked += 1,
                _ => others += 1,
            }
        }
    }
    match () {
        () if others > 0 => Err(UNKNOWN),
        () if lines > 1 || chunked != 1 => Err(NOT_ONCE),
        () => Ok(()),
    }
}

const UNKNOWN: Refusal =
    Refusal::new(StatusCode::NOT_IMPLEMENTED, "the only transfer coding that this server knows is chunked");
const NOT_ONCE: Refusal = Refusal::bad("Transfer-Encoding has to be `chunked`, once");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunked_stands_alone() {
        for (values, expected) in [
            (&["chunked"][..], Ok(())),
            (&["CHUNKED"], Ok(())),
            (&[" chunked\t"], Ok(())),
            (&[",chunked"], Ok(())),
            (&["chunked, chunked"], Err(NOT_ONCE)),
            (&["chunked", "chunked"], Err(NOT_ONCE)),
            (&["", "chunked"], Err(NOT_ONCE)),
            (&[""], Err(NOT_ONCE)),
            (&["gzip, chunked"], Err(UNKNOWN)),
            (&["blegh, chunked"], Err(UNKNOWN)),
            (&["identity"], Err(UNKNOWN)),
            (&["chunked;q=1"], Err(UNKNOWN)),
            (&["\"chunked\""], Err(UNKNOWN)),
        ] {
            let values: Vec<_> = values.iter().map(|value| HeaderValue::from_str(value).unwrap()).collect();
            assert_eq!(judge(values.iter()), expected, "{values:?}");
        }
    }
}
