//! Lists with weights, as the headers `Accept` and `Accept-Encoding` have them: RFC 9110 section 12.4.2.
//!
//! Pure text: it knows neither codings nor media types. An element that is none is passed over, since a client that gets one
//! wrong should still have the others heard. The time is linear in the length of the value.

/// The heaviest weight: weights are counted in thousandths.
pub(crate) const MOST: u16 = 1000;

/// The names of a list, in its order, each with its weight.
pub(crate) fn weighted(value: &str) -> impl Iterator<Item = (&str, u16)> {
    value.split(',').filter_map(element)
}

fn element(text: &str) -> Option<(&str, u16)> {
    let mut parts = text.split(';').map(|part| part.trim_matches([' ', '\t']));
    let name = parts.next().filter(|name| !name.is_empty())?;
    for part in parts {
        // What stands before the weight are parameters of the name, which nothing here has.
        if let Some((key, value)) = part.split_once('=')
            && key.eq_ignore_ascii_case("q")
        {
            return Some((name, weight(value)?));
        }
    }
    Some((name, MOST))
}

/// `0`, `1`, and up to three decimals.
fn weight(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{decimals:0<3}").parse().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(MOST),
        _ => None,
    }
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
        ];
        for (value, expected) in table {
            assert_eq!(weighted(value).collect::<Vec<_>>(), *expected, "{value:?}");
        }
    }
}
