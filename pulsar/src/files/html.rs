//! Whether a request asks for a page, so that one for all paths may answer it: RFC 9110 section 12.5.1.

use crate::weighted::{MOST, weighted};

/// Whether somebody looks at what comes: the values of `Accept` name HTML, or they leave it open and the path does not
/// look like that of a file.
///
/// A browser names HTML where it goes to a page, and sends `*/*` for scripts, pictures and styles, for which a page would be a
/// broken file that is kept in a cache.
pub(crate) fn is_wanted<'a>(values: impl Iterator<Item = &'a str>, path: &str) -> bool {
    let (mut named, mut texts, mut all, mut any_value) = (None, None, None, false);
    for (range, weight) in values.flat_map(weighted) {
        any_value = true;
        let slot = match range {
            _ if range.eq_ignore_ascii_case("text/html") => &mut named,
            _ if range.eq_ignore_ascii_case("application/xhtml+xml") => &mut named,
            _ if range.eq_ignore_ascii_case("text/*") => &mut texts,
            "*/*" => &mut all,
            _ => continue,
        };
        slot.get_or_insert(weight);
    }
    let open = texts.or(all).unwrap_or(if any_value { 0 } else { MOST });
    let looks_like_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    named.map_or(open > 0 && !looks_like_file, |weight| weight > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_for_those_who_look_at_it() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8";
        for (values, path, expected) in [
            (&[browser][..], "/users/7", true),
            (&[browser], "/users/ada.lovelace", true),
            (&["Text/HTML;q=0.1"], "/x", true),
            (&["text/html;q=0, */*"], "/x", false),
            (&["application/xhtml+xml"], "/x", true),
            (&[], "/x", true),
            (&[], "/", true),
            (&[], "/x.png", false),
            (&["*/*"], "/x", true),
            (&["*/*"], "/assets/app.js", false),
            (&["*/*"], "/v1.2/x", true),
            (&["text/*"], "/x", true),
            (&["text/*;q=0, */*"], "/x", false),
            (&["application/json"], "/x", false),
            (&["application/json", "text/html"], "/x", true),
            (&["image/avif,image/webp,*/*;q=0.8"], "/logo.png", false),
        ] {
            assert_eq!(is_wanted(values.iter().copied(), path), expected, "{values:?} {path}");
        }
    }
}
