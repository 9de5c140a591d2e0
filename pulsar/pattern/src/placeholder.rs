//! One `<...>` of a rule: where it ends, its converter, its name.

use std::ops::Range;

use crate::converter::{Converter, NAMES, StringOptions};
use crate::error::Faults;
use crate::foreign;
use crate::options;
use crate::pattern::Placeholder;
use crate::quoted::closing_quote;
use crate::suggest::{listed, nearest};

/// Reads the placeholder that `<` at `open` begins. The parser goes on where its span ends.
///
/// Mistakes are noted in `faults`; what is returned then has the right span, and its name unless that was wrong.
pub(crate) fn read(rule: &str, open: usize, faults: &mut Faults<'_>) -> Placeholder {
    let outline = match Outline::find(rule, open, faults) {
        Ok(outline) => outline,
        Err(stop) => return unusable(open..stop),
    };
    let span = open..outline.close + 1;
    if rule[open + 1..outline.close].trim().is_empty() {
        faults.add(span.clone(), "a placeholder has no name", "write it between the brackets: `<id>`");
        return unusable(span);
    }
    let Some(head) = outline.converter else {
        let name = name(rule, open + 1..outline.close, faults);
        return Placeholder { name, converter: Converter::String(StringOptions::default()), span };
    };
    let written = &rule[outline.name.clone()];
    let known = known_converter(rule, head.clone(), written, faults);
    if written.is_empty() && known.is_some() {
        let help =
            format!("write it after a colon: `{}:name>`", rule[open..outline.close].trim_end_matches(':'));
        faults.add(span.clone(), "a placeholder has a converter, but no name", help);
    }
    let name = if written.is_empty() { String::new() } else { name(rule, outline.name, faults) };
    let converter = match known {
        Some(known) => options::read(rule, known, head, outline.options, faults),
        None => UNKNOWN,
    };
    Placeholder { name, converter, span }
}

/// The parts of a placeholder, by place.
struct Outline {
    /// The word before `(` or `:`, if there is one of these.
    converter: Option<Range<usize>>,
    /// What stands between `(` and `)`; empty if there are no brackets.
    options: Range<usize>,
    name: Range<usize>,
    /// Where `>` is.
    close: usize,
}

impl Outline {
    /// Finds the parts, or notes why that fails and returns where the parser may go on.
    fn find(rule: &str, open: usize, faults: &mut Faults<'_>) -> Result<Outline, usize> {
        let (brackets, close) = Self::find_end(rule, open, faults)?;
        let start = open + 1;
        let colon = rule[start..close].find(':').map(|at| start + at);
        match (brackets, colon) {
            // A bracket behind the colon is a mistake in the name, and is explained there.
            (Some(brackets), colon) if colon.is_none_or(|colon| colon > brackets.start) => {
                let after = brackets.end + 1;
                let name = match rule[after..close].strip_prefix(':') {
                    Some(_) => after + 1..close,
                    None => after..close,
                };
                if name.start == after && after < close {
                    let options = &rule[start..after];
                    let help = format!("write `<{options}:name>`");
                    faults.add(after..close, "`:` and the name are wanted after the brackets", help);
                    return Err(close + 1);
                }
                let options = brackets.start + 1..brackets.end;
                Ok(Outline { converter: Some(start..brackets.start), options, name, close })
            }
            (_, Some(colon)) => Ok(Outline {
                converter: Some(start..colon),
                options: colon..colon,
                name: colon + 1..close,
                close,
            }),
            (_, None) => Ok(Outline { converter: None, options: close..close, name: start..close, close }),
        }
    }

    /// The places of the outer brackets, if there are any, and of the `>` that ends the placeholder.
    fn find_end(
        rule: &str,
        open: usize,
        faults: &mut Faults<'_>,
    ) -> Result<(Option<Range<usize>>, usize), usize> {
        let mut brackets: Option<Range<usize>> = None;
        let mut bracket = open;
        let mut depth = 0;
        let mut at = open + 1;
        // All that matters is ASCII, so that a byte is never a part of another character.
        while let Some(byte) = rule.as_bytes().get(at) {
            match byte {
                b'"' if depth > 0 => {
                    let Some(quote) = closing_quote(rule, at) else {
                        faults.add(at..at + 1, "a quote is not closed", "write `\"` at the end of the text");
                        return Err(rule.len());
                    };
                    at = quote;
                }
                b'(' => {
                    if depth == 0 {
                        bracket = at;
                    }
                    depth += 1;
                }
                b')' if depth > 0 => {
                    depth -= 1;
                    if depth == 0 {
                        brackets.get_or_insert(bracket..at);
                    }
                }
                b'>' if depth > 0 => {
                    let help = "write `)` after the options; put a regular expression in double quotes";
                    faults.add(bracket..bracket + 1, "`(` is not closed", help);
                    return Err(at + 1);
                }
                b'>' => return Ok((brackets, at)),
                b'<' | b'/' if depth == 0 => break,
                _ => {}
            }
            at += 1;
        }
        faults.add(
            open..open + 1,
            "`<` is not closed",
            "a placeholder is written `<id>`; for the character itself write `%3C`",
        );
        Err(at)
    }
}

/// What stands for a placeholder that could not be read; the mistake is noted, so it ends in no pattern.
fn unusable(span: Range<usize>) -> Placeholder {
    Placeholder { name: String::new(), converter: UNKNOWN, span }
}

/// The converter written at `place`; notes one that does not exist. `name` is what follows it.
fn known_converter(
    rule: &str,
    place: Range<usize>,
    name: &str,
    faults: &mut Faults<'_>,
) -> Option<&'static str> {
    let word = &rule[place.clone()];
    if let Some(known) = NAMES.into_iter().find(|known| *known == word) {
        return Some(known);
    }
    if word.is_empty() {
        faults.add(place, "a converter is missing before `:`", format!("write `<{name}>` or `<int:{name}>`"));
        return None;
    }
    let swapped = NAMES.into_iter().find(|known| *known == name).or_else(|| foreign::alias(name));
    let help = match (nearest(word, NAMES).or_else(|| foreign::alias(word)), swapped) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, Some(converter)) => format!("the converter comes first: `<{converter}:{word}>`"),
        (None, None) => format!("the converters are {}", listed(&NAMES)),
    };
    faults.add(place, format!("unknown converter `{word}`"), help);
    None
}

/// The name written at `place`, or an empty text if it is noted as a mistake.
fn name(rule: &str, place: Range<usize>, faults: &mut Faults<'_>) -> String {
    let name = &rule[place.clone()];
    if KEYWORDS.contains(&name) {
        let help = format!("an argument of this name is not possible; choose another, such as `{name}_`");
        faults.add(place, format!("`{name}` is a keyword of Rust"), help);
        return String::new();
    }
    if is_identifier(name) {
        return name.to_owned();
    }
    let tidy = |text: &str| -> Option<String> {
        let text = text.trim_matches(|c| !unicode_ident::is_xid_continue(c));
        let text = text.replace(|c| !unicode_ident::is_xid_continue(c), "_");
        is_identifier(&text).then_some(text)
    };
    let help = if let Some(rest) = name.strip_suffix("..").and_then(tidy) {
        format!("the rest of a path is written `<path:{rest}>`")
    } else if let Some((_, options)) = name.split_once('(') {
        format!("options follow the converter: `<int({options}:name>`")
    } else if let Some(tidy) = tidy(name) {
        format!("a name is a Rust identifier, such as `{tidy}`")
    } else {
        "a name is a Rust identifier: letters, digits and `_`, no digit first".to_owned()
    };
    faults.add(place, format!("`{name}` is no name"), help);
    String::new()
}

/// Whether `text` is spelled as an identifier of Rust, keywords included.
fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    let start = chars.next().is_some_and(|c| c == '_' || unicode_ident::is_xid_start(c));
    start && text != "_" && chars.all(unicode_ident::is_xid_continue)
}

/// Stands for a converter that is noted as a mistake: one that causes no mistake of its own later.
const UNKNOWN: Converter = Converter::Uuid;

/// Strict and reserved keywords of all editions: none of them can name an argument without `r#`.
const KEYWORDS: [&str; 52] = [
    "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do",
    "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield",
];
