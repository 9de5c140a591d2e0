//! Text in the brackets after a converter: the words of `any` and the expression of `re`, quoted or not.
//!
//! One rule holds in all quotes, also where the end of a placeholder is searched: a backslash takes the character
//! behind it along, so `\"` never ends the text.

use std::ops::Range;

use crate::converter::{Converter, is_word_char};
use crate::error::Faults;
use crate::regex;

/// The pieces of `inside` between its commas, without the space around them. An empty text has no pieces.
pub(crate) fn split(rule: &str, inside: Range<usize>) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    if rule[inside.clone()].trim().is_empty() {
        return pieces;
    }
    let mut start = inside.start;
    let mut at = inside.start;
    while at < inside.end {
        at = match rule.as_bytes()[at] {
            b'"' => closing_quote(rule, at).map_or(inside.end, |quote| quote + 1),
            b',' => {
                pieces.push(trimmed(rule, start..at));
                start = at + 1;
                start
            }
            _ => at + 1,
        };
    }
    pieces.push(trimmed(rule, start..inside.end));
    pieces
}

/// Where the text that is quoted from `open` ends: the place of its second quote.
pub(crate) fn closing_quote(rule: &str, open: usize) -> Option<usize> {
    let mut chars = rule[open + 1..].char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some(open + 1 + at),
            '\\' => {
                chars.next();
            }
            _ => {}
        }
    }
    None
}

/// The words of an `any` that is written at `place`.
pub(crate) fn words(
    rule: &str,
    place: Range<usize>,
    inside: Range<usize>,
    faults: &mut Faults<'_>,
) -> Vec<String> {
    let pieces = split(rule, inside);
    if pieces.is_empty() {
        faults.add(place, "`any` has no words", "write them in brackets: `any(en,it)`");
    }
    let mut words: Vec<(String, Range<usize>)> = Vec::new();
    for piece in pieces {
        let Some(word) = word(rule, piece.clone(), faults) else { continue };
        if word.is_empty() {
            faults.add(piece, "an empty word in `any`", "a value is never empty; drop the word or its comma");
        } else if word.contains('/') {
            let help = "`any` stands for text within one segment; write a rule for each of them";
            faults.add(piece, format!("the word `{word}` of `any` has a slash"), help);
        } else if word.contains(char::is_control) {
            faults.add(piece, "a word of `any` has a control character", None);
        } else if let Some((_, first)) = words.iter().find(|(earlier, _)| *earlier == word) {
            let help = "drop one of them";
            faults.add_pair(piece, first.clone(), format!("the word `{word}` stands in `any` twice"), help);
        } else {
            words.push((word, piece));
        }
    }
    words.into_iter().map(|(word, _)| word).collect()
}

/// The expression of a `re` that is written at `place`.
pub(crate) fn expression(
    rule: &str,
    place: Range<usize>,
    inside: Range<usize>,
    faults: &mut Faults<'_>,
) -> String {
    let inside = trimmed(rule, inside);
    let text = &rule[inside.clone()];
    if text.is_empty() {
        faults.add(
            place,
            "`re` has no regular expression",
            "write it in brackets and quotes: `re(\"[a-z]+\")`",
        );
        return String::new();
    }
    if !text.starts_with('"') {
        let help = format!("write `{}`", Converter::Re(text.to_owned()));
        faults.add(inside, "the regular expression of `re` needs double quotes", help);
        return String::new();
    }
    let end = closing_quote(rule, inside.start).unwrap_or(inside.end);
    if end + 1 < inside.end {
        let rest = trimmed(rule, end + 1..inside.end);
        faults.add(rest, "`re` takes one regular expression", "quotes in it are written `\\\"`");
        return String::new();
    }
    let source = &rule[inside.start + 1..end];
    let regex = source_to_regex(source, None).0;
    if let Err(fault) = regex::check(&regex) {
        let at = |offset| inside.start + 1 + source_to_regex(source, Some(offset)).1;
        faults.add(at(fault.span.start)..at(fault.span.end), fault.message, fault.help.map(str::to_owned));
    }
    regex
}

/// One word of `any`, or `None` if it is noted as a mistake.
fn word(rule: &str, piece: Range<usize>, faults: &mut Faults<'_>) -> Option<String> {
    let text = &rule[piece.clone()];
    if !text.starts_with('"') {
        let Some(bad) = text.chars().find(|c| !is_word_char(*c) && *c != '/') else {
            return Some(text.to_owned());
        };
        let help = format!("write `\"{}\"`", text.replace('\\', "\\\\").replace('"', "\\\""));
        faults.add(piece, format!("a word of `any` with `{bad}` in it needs quotes"), help);
        return None;
    }
    let end = closing_quote(rule, piece.start).unwrap_or(piece.end);
    if end + 1 < piece.end {
        faults.add(end + 1..piece.end, "text after a quoted word of `any`", "separate words by commas");
        return None;
    }
    let mut word = String::new();
    let mut chars = rule[piece.start + 1..end].char_indices();
    while let Some((at, c)) = chars.next() {
        if c != '\\' {
            word.push(c);
            continue;
        }
        match chars.next() {
            Some((_, escaped @ ('"' | '\\'))) => word.push(escaped),
            other => {
                let start = piece.start + 1 + at;
                let length = 1 + other.map_or(0, |(_, c)| c.len_utf8());
                faults.add(
                    start..start + length,
                    format!("unknown escape `{}`", &rule[start..start + length]),
                    "in a word of `any` only `\\\"` and `\\\\` are escapes",
                );
                return None;
            }
        }
    }
    Some(word)
}

/// The expression that `source`, the text between quotes, stands for: `\"` is a quote, any other backslash its own.
///
/// Stops at `limit` bytes of the expression, and also returns how far in the source that is.
fn source_to_regex(source: &str, limit: Option<usize>) -> (String, usize) {
    let mut regex = String::new();
    let mut chars = source.char_indices();
    loop {
        let rest = source.len() - chars.as_str().len();
        if limit.is_some_and(|limit| regex.len() >= limit) {
            return (regex, rest);
        }
        match chars.next() {
            None => return (regex, rest),
            Some((_, '\\')) => match chars.next() {
                Some((_, '"')) => regex.push('"'),
                escaped => {
                    regex.push('\\');
                    regex.extend(escaped.map(|(_, c)| c));
                }
            },
            Some((_, c)) => regex.push(c),
        }
    }
}

fn trimmed(rule: &str, span: Range<usize>) -> Range<usize> {
    let text = &rule[span.clone()];
    let start = span.start + (text.len() - text.trim_start().len());
    start..(start + text.trim().len())
}
