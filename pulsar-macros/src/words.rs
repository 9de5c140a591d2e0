//! Words for messages: suggestions, lists, types as a person writes them, carets under a part of a rule.
//!
//! Nothing here knows what a mistake is.

use std::ops::Range;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::ToTokens;

/// The candidate that `word` was probably meant to be.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |candidate: &str| {
        if candidate.eq_ignore_ascii_case(word) || extends(word, candidate) || extends(candidate, word) {
            return 0;
        }
        strsim::damerau_levenshtein(word, candidate)
    };
    candidates
        .into_iter()
        .map(|candidate| (distance(candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1.max(word.len().max(candidate.len()) / 3))
        // Two words of two letters are one edit apart when half of them differs: that is no spelling mistake.
        .filter(|(distance, candidate)| *distance == 0 || word.len().max(candidate.len()) > 2)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `user_id` extends `id`: what people write for the same thing on two sides.
fn extends(long: &str, short: &str) -> bool {
    let rest = long.strip_suffix(short).and_then(|rest| rest.strip_suffix('_'));
    let rest = rest.or_else(|| long.strip_prefix(short).and_then(|rest| rest.strip_prefix('_')));
    rest.is_some_and(|rest| !rest.is_empty())
}

/// "`a`, `b` and `c`".
pub(crate) fn list<T: AsRef<str>>(words: &[T]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{}`", word.as_ref())).collect();
    match quoted.split_last() {
        None => "none".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// Tokens with spaces where a person puts them: `State<Db>`, not `State < Db >`.
pub(crate) fn source(tokens: impl ToTokens) -> String {
    let mut text = String::new();
    write_source(tokens.to_token_stream(), &mut text);
    text
}

fn write_source(tokens: TokenStream, text: &mut String) {
    let mut last_is_word = false;
    for token in tokens {
        match token {
            TokenTree::Punct(punct) => {
                match punct.as_char() {
                    ',' => text.push_str(", "),
                    '=' | '+' => {
                        if text.ends_with(char::is_alphanumeric) {
                            text.push(' ');
                        }
                        text.push(punct.as_char());
                        if punct.spacing() == Spacing::Alone {
                            text.push(' ');
                        }
                    }
                    '-' if text.is_empty() => text.push('-'),
                    '-' => text.push_str(" -"),
                    character => {
                        text.push(character);
                        if text.ends_with("->") {
                            text.push(' ');
                        }
                    }
                }
                last_is_word = false;
            }
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                if last_is_word && text.ends_with("mut") {
                    text.push(' ');
                }
                text.push_str(open);
                write_source(group.stream(), text);
                text.push_str(close);
                last_is_word = false;
            }
            word => {
                if last_is_word {
                    text.push(' ');
                }
                text.push_str(&word.to_string());
                last_is_word = true;
            }
        }
    }
}

/// The rule with carets under `place`, and a note behind them: the same drawing as that of a mistake in the grammar.
///
/// Stable Rust cannot point into a string literal, so the finer caret is drawn inside the message.
pub(crate) fn underline(rule: &str, place: Range<usize>, note: &str) -> String {
    let width = |text: &str| text.chars().count();
    let before = rule.get(..place.start).map_or(0, width);
    let carets = rule.get(place).map_or(1, width).max(1);
    let line = format!(" {:before$}{:^<carets$} {note}", "", "");
    format!("\"{rule}\"\n{}", line.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_a_spelling_mistake_away() {
        let table: &[(&str, &[&str], Option<&str>)] = &[
            ("nmae", &["name", "method", "inline"], Some("name")),
            ("methid", &["name", "method", "methods"], Some("method")),
            ("Inline", &["name", "inline"], Some("inline")),
            ("user_id", &["id"], Some("id")),
            ("id", &["slug", "user_id"], Some("user_id")),
            ("slugs", &["id", "slug"], Some("slug")),
            ("id", &["db"], None),
            ("rank", &["name", "method", "inline"], None),
            ("x", &[], None),
        ];
        for (word, candidates, expected) in table {
            assert_eq!(nearest(word, candidates.iter().copied()), *expected, "{word}");
        }
    }

    #[test]
    fn types_are_printed_as_written() {
        let table = [
            "State<Db>",
            "&str",
            "&'static str",
            "&mut [u8]",
            "Path<(u32, String)>",
            "HashMap<String, Vec<u8>>",
            "std::net::IpAddr",
            "Box<dyn Fn(u8) -> u8 + Send>",
            "[u8; 4]",
            "impl Into<String>",
        ];
        for text in table {
            let tokens: TokenStream = text.parse().expect("the table holds Rust types");
            assert_eq!(source(tokens).replace("; ", ";"), text.replace("; ", ";"));
        }
    }

    #[test]
    fn carets_stand_under_the_place() {
        assert_eq!(underline("/é/<id>", 4..8, "here"), "\"/é/<id>\"\n    ^^^^ here");
        assert_eq!(underline("/", 0..1, ""), "\"/\"\n ^");
    }

    #[test]
    fn lists_read_as_sentences() {
        assert_eq!(list::<&str>(&[]), "none");
        assert_eq!(list(&["a"]), "`a`");
        assert_eq!(list(&["a", "b", "c"]), "`a`, `b` and `c`");
    }
}
