//! Placeholders as other frameworks write them: recognised only to say how they are written here.
//!
//! A colon or an asterisk is fair text elsewhere; these spellings are looked for at the start of a segment only.

use std::ops::Range;

use crate::converter;
use crate::error::Faults;

/// If `{` at `at` opens something like `{id}`, notes it; returns where to go on.
pub(crate) fn braces(rule: &str, at: usize, faults: &mut Faults<'_>) -> usize {
    let Some(length) = closing_brace(&rule[at..]) else {
        faults.add(
            at..at + 1,
            "`{` cannot stand in a path",
            "placeholders are written `<id>`; for the character itself write `%7B`",
        );
        return at + 1;
    };
    let inner = &rule[at + 1..at + length - 1];
    let help = format!("placeholders are written `{}`", brace_advice(inner));
    faults.add(at..at + length, format!("`{{{inner}}}` is no placeholder here"), help);
    at + length
}

/// If a segment starts at `at` with something like `:id` or `*rest`, notes it; returns where to go on.
pub(crate) fn sigil(rule: &str, at: usize, faults: &mut Faults<'_>) -> Option<usize> {
    let sigil = rule[at..].chars().next().filter(|c| matches!(c, ':' | '*'))?;
    let name = identifier(&rule[at + 1..]);
    let span: Range<usize> = at..at + 1 + name.len();
    let text = &rule[span.clone()];
    match sigil {
        ':' if !name.is_empty() => faults.add(
            span.clone(),
            format!("`{text}` is no placeholder here"),
            format!("placeholders are written `<{name}>`; for a literal colon write `%3A`"),
        ),
        '*' if !name.is_empty() || rule[at + 1..].trim_start_matches('*').is_empty() => faults.add(
            span.clone(),
            format!("`{text}` is no placeholder here"),
            format!(
                "the rest of a path is written `<path:{}>`; for a literal asterisk write `%2A`",
                if name.is_empty() { "rest" } else { name }
            ),
        ),
        _ => return None,
    }
    Some(span.end)
}

/// The name that `converter` has here, if another framework or language calls it so.
pub(crate) fn alias(converter: &str) -> Option<&'static str> {
    ALIASES.into_iter().find(|(_, aliases)| aliases.contains(&converter)).map(|(name, _)| name)
}

/// How long the text in braces at the start of `text` is, braces within it counted (they may be a regular expression's).
fn closing_brace(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return Some(at + 1),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn brace_advice(inner: &str) -> String {
    let (name, kind) = inner.split_once(':').unwrap_or((inner, ""));
    let rest = name.starts_with('*') || name.ends_with("...") || matches!(kind, ".*" | ".+");
    let name = identifier(name.trim_start_matches('*').trim());
    let name = if name.is_empty() { "id" } else { name };
    let known = converter::NAMES.into_iter().find(|known| *known == kind).or_else(|| alias(kind));
    match known {
        _ if rest => format!("<path:{name}>"),
        Some("string") | None if kind.is_empty() || known.is_some() => format!("<{name}>"),
        Some(known) => format!("<{known}:{name}>"),
        None => format!("<{}:{name}>", converter::Converter::Re(kind.to_owned())),
    }
}

/// The identifier at the start of `text`, or nothing.
fn identifier(text: &str) -> &str {
    let first = text.chars().next().is_some_and(|c| c == '_' || unicode_ident::is_xid_start(c));
    let end = text.find(|c| !unicode_ident::is_xid_continue(c)).unwrap_or(text.len());
    if first { &text[..end] } else { "" }
}

const ALIASES: [(&str, &[&str]); 7] = [
    ("any", &["enum", "choice", "oneof"]),
    ("uuid", &["guid"]),
    (
        "int",
        &[
            "integer", "number", "digits", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32",
            "u64", "u128", "usize",
        ],
    ),
    ("float", &["double", "decimal", "f32", "f64"]),
    ("re", &["regex", "regexp"]),
    ("string", &["str", "text", "slug"]),
    ("path", &["rest", "all"]),
];
