//! The regular expressions of converters: how `re("...")` is checked, and what each converter looks like as one.
//!
//! Nothing is executed here. `regex-syntax` reads an expression as the engine of the router will, without its cost.

use std::ops::Range;

use regex_syntax::ast::{self, Ast, ClassSetItem, Literal, LiteralKind};
use regex_syntax::hir::{Class, Hir, HirKind, Look};

use crate::converter::{Converter, IntOptions, StringOptions};

impl Converter {
    /// A regular expression for one value: not anchored, without capture groups, safe to put between other text.
    ///
    /// It says less than [`accepts`](Converter::accepts): `min` and `max` are left out, and so are counts above
    /// 255, which would make the compiled expression large. For `re` it says all.
    ///
    /// ```
    /// use pulsar_pattern::{Converter, IntOptions};
    ///
    /// let year = Converter::Int(IntOptions { fixed_digits: Some(4), ..IntOptions::default() });
    /// assert_eq!(year.to_regex(), "[0-9]{4}");
    /// assert_eq!(Converter::Re("a|b".to_owned()).to_regex(), "(?:a|b)");
    /// ```
    pub fn to_regex(&self) -> String {
        match self {
            Converter::Any(items) => alternatives(items),
            Converter::Uuid => "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}".to_owned(),
            Converter::Int(IntOptions { fixed_digits, signed, .. }) => {
                let sign = if *signed { "-?" } else { "" };
                match fixed_digits {
                    Some(digits) if *digits <= LARGEST_COUNT => format!("{sign}[0-9]{{{digits}}}"),
                    _ => format!("{sign}[0-9]+"),
                }
            }
            Converter::Float(options) => {
                format!("{}[0-9]+(?:\\.[0-9]+)?", if options.signed { "-?" } else { "" })
            }
            Converter::Re(regex) => isolated(regex),
            Converter::String(StringOptions { min_length, max_length }) => {
                let min = if *min_length <= LARGEST_COUNT { (*min_length).max(1) } else { 1 };
                match max_length {
                    Some(max) if *max <= LARGEST_COUNT => format!("(?s:.{{{min},{max}}})"),
                    _ if min == 1 => "(?s:.+)".to_owned(),
                    _ => format!("(?s:.{{{min},}})"),
                }
            }
            Converter::Path => "(?s:.+)".to_owned(),
        }
    }
}

/// What is wrong with the expression of a `re("...")`.
pub(crate) struct RegexFault {
    /// The bytes of the expression that are at fault.
    pub(crate) span: Range<usize>,
    pub(crate) message: String,
    pub(crate) help: Option<&'static str>,
}

/// Checks the expression of a `re("...")`.
pub(crate) fn check(regex: &str) -> Result<(), RegexFault> {
    let all = 0..regex.len();
    let fault = |message: &str, help| RegexFault { span: all.clone(), message: message.to_owned(), help };
    let hir = regex_syntax::parse(regex).map_err(|error| syntax_fault(regex, &error))?;

    let looks = hir.properties().look_set();
    if ANCHORS.iter().any(|anchor| looks.contains(*anchor)) {
        return Err(RegexFault {
            span: anchor_place(regex).unwrap_or(all),
            message: "the regular expression has an anchor".to_owned(),
            help: Some("drop it: the expression always has to match the whole value"),
        });
    }
    if !looks.is_empty() {
        return Err(fault(
            "the regular expression looks around with a word boundary",
            Some(
                "drop it: the expression always has to match the whole value, and may not ask what stands beside it",
            ),
        ));
    }
    match hir.properties().minimum_len() {
        None => {
            let help = Some("drop what no character satisfies, such as `[a&&b]`");
            return Err(fault("the regular expression can never match", help));
        }
        Some(0) => {
            return Err(fault(
                "the regular expression can match the empty string",
                Some("a value is never empty: use `+` instead of `*`, or drop the `?`"),
            ));
        }
        Some(_) => {}
    }
    if let Some(span) = slash_place(regex) {
        return Err(RegexFault {
            span,
            message: "the regular expression has a slash".to_owned(),
            help: Some(
                "it stands for text within one segment; write a rule with `/` around it, or use `path`",
            ),
        });
    }
    if cost(&hir) > LARGEST_COST {
        return Err(fault("the regular expression is too large", Some("use smaller counts in `{...}`")));
    }
    Ok(())
}

fn syntax_fault(regex: &str, error: &regex_syntax::Error) -> RegexFault {
    let (span, reason) = match error {
        regex_syntax::Error::Parse(error) => (error.span(), error.kind().to_string()),
        regex_syntax::Error::Translate(error) => (error.span(), error.kind().to_string()),
        // The enum is open: a kind that this version does not know has no place of its own.
        other => return RegexFault { span: 0..regex.len(), message: other.to_string(), help: None },
    };
    let look_around = matches!(
        error,
        regex_syntax::Error::Parse(error)
            if matches!(error.kind(), regex_syntax::ast::ErrorKind::UnsupportedLookAround)
    );
    let (message, help) = if look_around {
        let help = "values are matched in linear time, which look-around does not allow";
        ("look-around is not supported in a regular expression".to_owned(), Some(help))
    } else {
        (
            format!("invalid regular expression: {reason}"),
            Some("its syntax is that of https://docs.rs/regex#syntax"),
        )
    };
    RegexFault { span: span.start.offset..span.end.offset, message, help }
}

/// The place of an anchor at an end of the expression as it is usually written.
fn anchor_place(regex: &str) -> Option<Range<usize>> {
    let end = regex.len();
    if regex.starts_with('^') {
        Some(0..1)
    } else if regex.ends_with('$') && !regex.ends_with("\\$") {
        Some(end - 1..end)
    } else if regex.starts_with("\\A") {
        Some(0..2)
    } else if regex.ends_with("\\z") && !regex.ends_with("\\\\z") {
        Some(end - 2..end)
    } else {
        None
    }
}

/// The place of a slash that is to be matched. One that is written as a number is meant: it matches a slash that was
/// escaped in the request.
fn slash_place(regex: &str) -> Option<Range<usize>> {
    struct Slash {
        excluded: bool,
        place: Option<Range<usize>>,
    }
    impl Slash {
        fn look_at(&mut self, literal: &Literal) {
            let written =
                matches!(literal.kind, LiteralKind::Verbatim | LiteralKind::Meta | LiteralKind::Superfluous);
            if literal.c == '/' && written && !self.excluded && self.place.is_none() {
                self.place = Some(literal.span.start.offset..literal.span.end.offset);
            }
        }
    }
    impl ast::Visitor for Slash {
        type Output = Option<Range<usize>>;
        type Err = std::convert::Infallible;

        fn finish(self) -> Result<Self::Output, Self::Err> {
            Ok(self.place)
        }

        fn visit_pre(&mut self, ast: &Ast) -> Result<(), Self::Err> {
            match ast {
                Ast::Literal(literal) => self.look_at(literal),
                Ast::ClassBracketed(class) => self.excluded = class.negated,
                _ => {}
            }
            Ok(())
        }

        fn visit_post(&mut self, ast: &Ast) -> Result<(), Self::Err> {
            if matches!(ast, Ast::ClassBracketed(_)) {
                self.excluded = false;
            }
            Ok(())
        }

        fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), Self::Err> {
            if let ClassSetItem::Literal(literal) = item {
                self.look_at(literal);
            }
            Ok(())
        }
    }
    let ast = ast::parse::Parser::new().parse(regex).ok()?;
    let Ok(place) = ast::visit(&ast, Slash { excluded: false, place: None });
    place
}

/// An expression that can stand between others: its groups take no numbers, and its flags and comments stay inside.
fn isolated(regex: &str) -> String {
    let wrapped = format!("(?:{regex})");
    match (regex_syntax::parse(regex), regex_syntax::parse(&wrapped)) {
        // As it was written, which is the most readable, unless it captures or its last comment hides the bracket.
        (Ok(alone), Ok(inside)) if alone == inside && alone.properties().explicit_captures_len() == 0 => {
            wrapped
        }
        (Ok(alone), _) => format!("(?:{})", without_captures(alone)),
        (Err(_), _) => wrapped,
    }
}

fn without_captures(hir: Hir) -> Hir {
    match hir.into_kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) => Hir::literal(literal.0),
        HirKind::Class(class) => Hir::class(class),
        HirKind::Look(look) => Hir::look(look),
        HirKind::Capture(capture) => without_captures(*capture.sub),
        HirKind::Repetition(mut repetition) => {
            repetition.sub = Box::new(without_captures(*repetition.sub));
            Hir::repetition(repetition)
        }
        HirKind::Concat(parts) => Hir::concat(parts.into_iter().map(without_captures).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.into_iter().map(without_captures).collect()),
    }
}

/// The longest first, so that a text is preferred to another that it begins with.
fn alternatives(items: &[String]) -> String {
    let mut items: Vec<&str> = items.iter().map(String::as_str).collect();
    items.sort_by_key(|item| std::cmp::Reverse(item.len()));
    let escaped: Vec<String> = items.into_iter().map(regex_syntax::escape).collect();
    format!("(?:{})", escaped.join("|"))
}

/// How large the compiled expression is, roughly, in units of some 20 bytes. The weights are measured.
fn cost(hir: &Hir) -> u64 {
    match hir.kind() {
        HirKind::Literal(literal) => 2 * literal.0.len() as u64,
        HirKind::Empty | HirKind::Look(_) | HirKind::Class(Class::Bytes(_)) => 4,
        HirKind::Class(Class::Unicode(class)) => {
            let transitions: u64 = class.ranges().iter().map(|range| range.end().len_utf8() as u64).sum();
            if class.is_ascii() { 4 } else { 50 + transitions }
        }
        HirKind::Capture(capture) => cost(&capture.sub).saturating_add(6),
        HirKind::Repetition(repetition) => {
            let copies = repetition.max.unwrap_or(repetition.min).max(1);
            cost(&repetition.sub).saturating_add(4).saturating_mul(u64::from(copies))
        }
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().fold(4, |sum: u64, part| sum.saturating_add(cost(part)).saturating_add(4))
        }
    }
}

/// Counts above this one are left to [`Converter::accepts`].
const LARGEST_COUNT: usize = 255;

/// What [`cost`] allows: about half of what the router's engine, `regex-automata`, compiles with its default limit.
const LARGEST_COST: u64 = 250_000;

const ANCHORS: [Look; 6] =
    [Look::Start, Look::End, Look::StartLF, Look::EndLF, Look::StartCRLF, Look::EndCRLF];
