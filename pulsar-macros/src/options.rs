//! The inside of an attribute: an optional value first, then `key = value` pairs and flags.
//!
//! Knows no attribute: the readers name their keys. Keeps the tokens of every key and value, so that whoever finds a
//! mistake later can still point at it. Split by commas before anything is parsed: a mistake in one part does not
//! hide one in another.

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Expr, Lit, LitStr, Path};

use crate::{
    errors::{Errors, with_help},
    words,
};

/// What stands between two commas.
enum Part {
    Value(TokenStream),
    Pair { key: Ident, value: Option<TokenStream> },
}

/// The keyed options of one macro call.
pub(crate) struct Options {
    /// The parts without a key, in order.
    values: Vec<TokenStream>,
    /// A value stood behind an option.
    pub(crate) late_value: bool,
    /// The keys that were sent elsewhere.
    pub(crate) misplaced: Vec<String>,
    pairs: Vec<(Ident, Option<TokenStream>)>,
}

impl Options {
    /// Splits the tokens and reports keys that are unknown or given twice. A key in `elsewhere` is one that people
    /// try and that has another place; its text says which.
    pub(crate) fn read(
        attribute: &'static str,
        tokens: TokenStream,
        known: &[&str],
        elsewhere: &[(&str, &str)],
        errors: &mut Errors,
    ) -> Self {
        let mut options =
            Options { values: Vec::new(), late_value: false, misplaced: Vec::new(), pairs: Vec::new() };
        for (number, part) in split(tokens, known, errors).into_iter().enumerate() {
            match part {
                // `#[get(rule("/"))]` is a call, `allow(body)` an option.
                Part::Pair { key, value: Some(value) }
                    if parenthesized(&value).is_some() && !is_like(&key, known) =>
                {
                    let mut call = key.into_token_stream();
                    call.extend(value);
                    options.late_value |= !options.pairs.is_empty() && options.values.is_empty();
                    options.values.push(call);
                }
                // `#[get(RULE)]` means a value; `#[get(inlin)]` a flag.
                Part::Pair { key, value: None } if number == 0 && !is_like(&key, known) => {
                    options.values.push(key.into_token_stream());
                }
                // `#[get("/", "inline")]`
                Part::Value(value) if quoted_key(&value, known).is_some() && number > 0 => {
                    let key = quoted_key(&value, known).unwrap_or_default();
                    let message = format!("an option of `{attribute}` is written without quotes");
                    errors.at(value, with_help(message, format!("write `{key}`")));
                }
                Part::Value(value) => {
                    options.late_value |= !options.pairs.is_empty() && options.values.is_empty();
                    options.values.push(value);
                }
                Part::Pair { key, value } => {
                    let name = key.to_string();
                    if let Some((_, help)) = elsewhere.iter().find(|(word, _)| *word == name) {
                        errors.at(&key, with_help(format!("`{name}` is no option of `{attribute}`"), help));
                        options.misplaced.push(name);
                    } else if !known.contains(&name.as_str()) {
                        let help = match words::nearest(&name, known.iter().copied()) {
                            Some(near) => format!("did you mean `{near}`?"),
                            None => format!("`{attribute}` knows {}", words::list(known)),
                        };
                        errors.at(&key, with_help(format!("unknown option `{name}` of `{attribute}`"), help));
                    } else if options.pairs.iter().any(|(earlier, _)| *earlier == key) {
                        errors.at(&key, format!("`{name}` is given twice; one of the two is enough"));
                    } else {
                        options.pairs.push((key, value));
                    }
                }
            }
        }
        options
    }

    pub(crate) fn values(&self) -> &[TokenStream] {
        &self.values
    }

    /// Where the key stands, if it was given.
    pub(crate) fn key(&self, name: &str) -> Option<&Ident> {
        self.pairs.iter().map(|(key, _)| key).find(|key| *key == name)
    }

    /// The key and its value, if it was given.
    pub(crate) fn pair(&self, name: &str) -> Option<(&Ident, Option<&TokenStream>)> {
        self.pairs.iter().find(|(key, _)| key == name).map(|(key, value)| (key, value.as_ref()))
    }

    /// The value of `name = "text"`; an empty text is a mistake.
    pub(crate) fn string(&self, name: &str, errors: &mut Errors) -> Option<LitStr> {
        let (key, value) = self.pair(name)?;
        let example = format!("write `{name} = \"..\"`");
        let Some(value) = value else {
            errors.at(key, with_help(format!("`{name}` needs a value"), example));
            return None;
        };
        let Some(text) = string(value.clone()) else {
            let found = words::source(value);
            let message = format!("`{name}` takes a string literal, not `{found}`");
            errors.at(value, with_help(message, string_help(name, value, &example)));
            return None;
        };
        if text.value().trim().is_empty() {
            errors.at(&text, with_help(format!("`{name}` is empty"), "leave it out, or give it a text"));
            return None;
        }
        Some(text)
    }

    /// The values of `name = ["a", "b"]`.
    pub(crate) fn strings(&self, name: &str, errors: &mut Errors) -> Option<Vec<LitStr>> {
        let (key, value) = self.pair(name)?;
        let example = format!("write `{name} = [\"..\", \"..\"]`");
        let Some(value) = value else {
            errors.at(key, with_help(format!("`{name}` needs a value"), example));
            return None;
        };
        let Some(items) = bracketed(value) else {
            let found = words::source(value);
            let message = format!("`{name}` takes a list of string literals, not `{found}`");
            let repaired = string(value.clone()).map(|_| format!("write `{name} = [{found}]`"));
            errors.at(value, with_help(message, repaired.unwrap_or(example)));
            return None;
        };
        let mut list = Vec::new();
        for item in pieces(items, errors) {
            let Some(text) = string(item.clone()) else {
                let message = format!("`{name}` takes string literals, not `{}`", words::source(&item));
                errors.at(&item, with_help(message, string_help(name, &item, &example)));
                continue;
            };
            list.push(text);
        }
        Some(list)
    }

    /// The value of `name = "a"`, or the values of `name = ["a", "b"]`.
    pub(crate) fn one_or_several(&self, name: &str, errors: &mut Errors) -> Vec<LitStr> {
        match self.pair(name) {
            Some((key, Some(value))) if bracketed(value).is_some() => {
                let list = self.strings(name, errors).unwrap_or_default();
                if bracketed(value).is_some_and(|inside| inside.is_empty()) {
                    errors.at(key, with_help(format!("`{name}` is empty"), "leave it out for the default"));
                }
                list
            }
            _ => self.string(name, errors).into_iter().collect(),
        }
    }

    /// The value of `name = 4`, as its digits.
    pub(crate) fn integer(&self, name: &str, errors: &mut Errors) -> Option<String> {
        let (key, value) = self.pair(name)?;
        let example = format!("write `{name} = 4`");
        let Some(value) = value else {
            errors.at(key, with_help(format!("`{name}` needs a value"), example));
            return None;
        };
        match syn::parse2::<Lit>(value.clone()) {
            Ok(Lit::Int(number)) if number.base10_parse::<u32>().is_ok() => {
                Some(number.base10_digits().to_owned())
            }
            _ => {
                let message = format!("`{name}` takes a number, not `{}`", words::source(value));
                errors.at(value, with_help(message, example));
                None
            }
        }
    }

    /// The value of `name = EXPRESSION`.
    pub(crate) fn expression(&self, name: &str, example: &str, errors: &mut Errors) -> Option<Expr> {
        let (key, value) = self.pair(name)?;
        let example = format!("write `{name} = {example}`");
        let Some(value) = value else {
            errors.at(key, with_help(format!("`{name}` needs a value"), example));
            return None;
        };
        let expression = syn::parse2(value.clone());
        if expression.is_err() {
            let message = format!("`{name}` takes an expression, not `{}`", words::source(value));
            errors.at(value, with_help(message, example));
        }
        expression.ok()
    }

    /// Whether the flag `name` is set. A flag has no value.
    pub(crate) fn flag(&self, name: &str, errors: &mut Errors) -> bool {
        match self.pair(name) {
            None => false,
            Some((_, None)) => true,
            Some((_, Some(value))) => {
                let message = format!("`{name}` is a flag and takes no value");
                errors.at(value, with_help(message, format!("write `{name}`, or leave it out")));
                true
            }
        }
    }

    /// The words of `name(a, b)`, each of them one of `known`.
    pub(crate) fn words(&self, name: &str, known: &[&str], errors: &mut Errors) -> Vec<String> {
        let Some((key, value)) = self.pair(name) else { return Vec::new() };
        let example = format!("write `{name}({})`", known.join(", "));
        let Some(inside) = value.and_then(parenthesized) else {
            let place = value.map_or_else(|| key.to_token_stream(), Clone::clone);
            errors.at(place, with_help(format!("`{name}` takes words in parentheses"), example));
            return Vec::new();
        };
        if inside.is_empty() {
            errors.at(key, with_help(format!("`{name}` is empty"), format!("leave it out, or {example}")));
        }
        let mut given = Vec::new();
        for item in pieces(inside, errors) {
            let text = words::source(&item);
            if known.contains(&text.as_str()) {
                given.push(text);
                continue;
            }
            let help = match words::nearest(text.trim_matches('"'), known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it knows {}", words::list(known)),
            };
            errors.at(&item, with_help(format!("`{name}` does not know `{text}`"), help));
        }
        given
    }

    /// The path of the pulsar crate: `crate = my_framework::pulsar`, or `::pulsar`.
    pub(crate) fn crate_path(&self, errors: &mut Errors) -> Path {
        let default = || syn::parse_quote!(::pulsar);
        let Some((key, value)) = self.pair("crate") else { return default() };
        let value = value.cloned().unwrap_or_default();
        syn::parse2(value.clone()).unwrap_or_else(|_| {
            let place = if value.is_empty() { key.to_token_stream() } else { value };
            let message = "`crate` takes the path of the pulsar crate";
            errors.at(place, with_help(message, "write it without quotes: `crate = my_framework::pulsar`"));
            default()
        })
    }
}

/// Whether a word is a key, or one of ours misspelt.
fn is_like(word: &Ident, known: &[&str]) -> bool {
    words::nearest(&word.to_string(), known.iter().copied()).is_some()
}

/// `name = GET` for `name = "GET"` is the mistake that a quotation mark repairs.
fn string_help(name: &str, value: &TokenStream, example: &str) -> String {
    match syn::parse2::<Ident>(value.clone()) {
        Ok(word) => format!("put it in quotes: \"{word}\""),
        Err(_) if bracketed(value).is_some() && name == "method" => {
            "several methods go into `methods = [..]`".to_owned()
        }
        Err(_) => example.to_owned(),
    }
}

/// The tokens as a string literal. Macros by example wrap what they pass on in invisible delimiters.
pub(crate) fn string(tokens: TokenStream) -> Option<LitStr> {
    match syn::parse2::<Lit>(tokens).ok()? {
        Lit::Str(text) => Some(text),
        _ => None,
    }
}

/// The inside of `[..]`.
pub(crate) fn bracketed(tokens: &TokenStream) -> Option<TokenStream> {
    let mut tokens = tokens.clone().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::Bracket => {
            Some(group.stream())
        }
        _ => None,
    }
}

/// The inside of `(..)`.
fn parenthesized(tokens: &TokenStream) -> Option<TokenStream> {
    let mut tokens = tokens.clone().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::Parenthesis => {
            Some(group.stream())
        }
        _ => None,
    }
}

/// The parts between commas. Where one is missing it is put in, so that what follows is read as well.
fn split(tokens: TokenStream, known: &[&str], errors: &mut Errors) -> Vec<Part> {
    let mut parts = Vec::new();
    for piece in pieces(tokens, errors) {
        let mut rest = piece;
        while !rest.is_empty() {
            let (part, behind) = part(rest, known, errors);
            parts.push(part);
            rest = behind;
        }
    }
    parts
}

/// `"inline"`: the key that somebody has put in quotes.
fn quoted_key(value: &TokenStream, known: &[&str]) -> Option<String> {
    let text = string(value.clone())?.value();
    known.contains(&text.as_str()).then_some(text)
}

/// What stands between commas; nothing between two commas is a mistake, a last comma is none.
pub(crate) fn pieces(tokens: TokenStream, errors: &mut Errors) -> Vec<TokenStream> {
    let mut pieces = Vec::new();
    let mut current = TokenStream::new();
    let mut comma_at = |current: &mut TokenStream, span: Option<Span>| match (current.is_empty(), span) {
        (false, _) => pieces.push(std::mem::take(current)),
        (true, Some(span)) => {
            errors.at_span(span, with_help("a value is missing before this comma", "leave the comma out"));
        }
        (true, None) => {}
    };
    for token in tokens {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == ',' => comma_at(&mut current, Some(punct.span())),
            _ => current.extend([token]),
        }
    }
    comma_at(&mut current, None);
    pieces
}

/// The first part of a piece, and what stands behind it without a comma.
fn part(tokens: TokenStream, known: &[&str], errors: &mut Errors) -> (Part, TokenStream) {
    let all: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let alone = |part| (part, TokenStream::new());
    match all.as_slice() {
        [TokenTree::Ident(key)] => alone(Part::Pair { key: key.clone(), value: None }),
        [TokenTree::Ident(key), list @ TokenTree::Group(group)]
            if group.delimiter() == Delimiter::Parenthesis =>
        {
            alone(Part::Pair { key: key.clone(), value: Some(list.clone().into()) })
        }
        [TokenTree::Ident(key), TokenTree::Punct(colon), value @ ..]
            if colon.as_char() == ':'
                && !starts_with_colon(value)
                && known.iter().any(|known| key == known) =>
        {
            let message = format!("`{key}` and its value are separated by `=`");
            let (value, behind) = value_of(value, errors);
            let help = match &value {
                Some(value) => format!("write `{key} = {}`", words::source(value)),
                None => format!("write `{key} = ..`"),
            };
            errors.at(colon, with_help(message, help));
            (Part::Pair { key: key.clone(), value }, behind)
        }
        [TokenTree::Ident(key), TokenTree::Punct(equals), value @ ..] if equals.as_char() == '=' => {
            let (value, behind) = value_of(value, errors);
            (Part::Pair { key: key.clone(), value }, behind)
        }
        [TokenTree::Literal(_), ..] => {
            let (value, behind) = value_of(&all, errors);
            (Part::Value(value.unwrap_or_default()), behind)
        }
        _ => alone(Part::Value(tokens)),
    }
}

fn starts_with_colon(tokens: &[TokenTree]) -> bool {
    matches!(tokens.first(), Some(TokenTree::Punct(punct)) if punct.as_char() == ':')
}

/// A value. A literal is one by itself: behind it a comma is missing.
fn value_of(tokens: &[TokenTree], errors: &mut Errors) -> (Option<TokenStream>, TokenStream) {
    let [literal @ TokenTree::Literal(_), next, ..] = tokens else {
        let value: TokenStream = tokens.iter().cloned().collect();
        return ((!value.is_empty()).then_some(value), TokenStream::new());
    };
    let separator = matches!(next, TokenTree::Punct(punct) if matches!(punct.as_char(), ';' | ':'));
    let is_number = literal.to_string().starts_with(|c: char| c.is_ascii_digit());
    if !separator && (is_number || matches!(next, TokenTree::Punct(_))) {
        // `1 + 1`, `"a".len()`: an expression, and the reader of the key says what it takes.
        return (Some(tokens.iter().cloned().collect()), TokenStream::new());
    }
    let message = format!("a comma is missing behind `{literal}`");
    errors.at(next, with_help(message, format!("write `{literal}, ..`")));
    // A second literal would be told that it is one too many.
    let behind = &tokens[if separator || matches!(next, TokenTree::Literal(_)) { 2 } else { 1 }..];
    (Some(literal.clone().into()), behind.iter().cloned().collect())
}
