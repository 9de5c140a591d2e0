//! Lists with weights, as the headers `Accept` and `Accept-Encoding` have them: RFC 9110 section 12.4.2.
//!
//! Pure text: it knows neither codings nor media types. An element that is none is passed over, since a client that gets one
//! wrong should still have the others heard. The time is linear in the length of the value.

/// The heaviest weight: weights are counted in thousandths.
pub(crate) const MOST: u16 = 1000;

/// The names of a list, in its order, without their parameters, each with its weight.
pub(crate) fn weighted(value: &str) -> impl Iterator<Item = (&str, u16)> {
    split(value, ',').filter_map(element)
}

fn element(text: &str) -> Option<(&str, u16)> {
    let mut parts = split(text, ';');
    let name = parts.next().filter(|name| !name.is_empty())?;
    // What stands before the weight are parameters of the name.
    let found = parts.find_map(|part| {
        let rest = part.strip_prefix(['q', 'Q'])?.trim_start().strip_prefix('=')?;
        Some(rest.trim_start())
    });
    Some((name, found.map_or(Some(MOST), weight)?))
}

/// `0`, `1`, and up to three decimals.
fn weight(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let digit = |at| decimals.as_bytes().get(at).map_or(0, |digit| u16::from(digit - b'0'));
    let thousandths = (0..3).fold(0, |sum, at| sum * 10 + digit(at));
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(MOST),
        _ => None,
    }
}

/// The parts of a list, without the space around them. Between quotes nothing is split.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = text.split(move |character: char| {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => return !quoted && character == separator,
        }
        false
    });
    parts.map(str::trim_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_read_as_the_rfc_writes_them() {
        let table: &[(&str, &[(&str, u16)])] = &[
            ("", &[]),
            (" , ,", &[]),
            ("gzip", &[("gzip", 1000)]),
            ("gzip, br;q=0.5", &[("gzip", 1000), ("br", 500)]),
            ("gzip ; Q=0.123\t, *;q=0", &[("gzip", 123), ("*", 0)]),
            ("a;q=1.000,b;q=1.,c;q=0.,d;q=0.5", &[("a", 1000), ("b", 1000), ("c", 0), ("d", 500)]),
            ("text/html;level=1;q=0.4;ext=x", &[("text/html", 400)]),
            // No weights at all: the element is passed over, the others count.
            ("a;q=1.001, b", &[("b", 1000)]),
            ("a;q=2, a;q=-1, a;q=0.1234, a;q=x, a;q=, a;q=0.x, a;q=+1, b", &[("b", 1000)]),
            (";q=1, b", &[("b", 1000)]),
            ("a; q = 0.5, b;q= 0.5", &[("a", 500), ("b", 500)]),
            ("a;b=\",\\\",;q=0\";q=0.5, c", &[("a", 500), ("c", 1000)]),
            ("a;b=\"never closed, c;q=0.5", &[("a", 1000)]),
        ];
        for (value, expected) in table {
            assert_eq!(weighted(value).collect::<Vec<_>>(), *expected, "{value:?}");
        }
    }
}
