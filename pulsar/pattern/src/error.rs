//! What is wrong with a rule: the message, the place in the rule and the way out.
//!
//! The texts are written where the mistakes are found; this file keeps them together and draws the picture.

use std::fmt;
use std::ops::Range;

/// A mistake in a rule.
///
/// Its [`Display`](fmt::Display) form is one line for a log; [`render`](ParseError::render) draws the rule with the
/// place underlined, for people who have just written it.
///
/// ```
/// let error = pulsar_pattern::Pattern::parse("/users/<itn:id>").unwrap_err();
/// assert_eq!((error.offset(), error.len()), (8, 3));
/// assert_eq!(
///     error.to_string(),
///     "unknown converter `itn` (at byte 8 of \"/users/<itn:id>\"); did you mean `int`?",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    rule: Box<str>,
    span: Range<usize>,
    first_place: Option<Range<usize>>,
    message: Box<str>,
    help: Option<Box<str>>,
}

impl ParseError {
    /// Where the mistake begins: a byte offset into the rule, always at the start of a character or at the end.
    ///
    /// An error of [`Pattern::prefixed`](crate::Pattern::prefixed) counts in the joined rule.
    pub fn offset(&self) -> usize {
        self.span.start
    }

    /// How many bytes of the rule are at fault; 0 if something is missing there.
    #[allow(
        clippy::len_without_is_empty,
        reason = "the length of a place; an empty place is no special case"
    )]
    pub fn len(&self) -> usize {
        self.span.len()
    }

    /// What is wrong, in one line without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to write instead, in one line, if this crate has an idea.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The rule in which the mistake stands.
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// Draws the rule with carets beneath the place, then the help; without the message and without a final newline.
    ///
    /// Of two places that contradict each other the earlier one is underlined with `-`. The drawing counts
    /// characters, so characters of double width move the carets to the left.
    ///
    /// ```
    /// let error = pulsar_pattern::Pattern::parse("/<id>/edit/<id>").unwrap_err();
    /// assert_eq!(error.message(), "placeholder `id` is used twice, at byte 1 and at byte 11");
    /// assert_eq!(error.render(), r#""/<id>/edit/<id>"
    ///   ----      ^^^^
    /// help: give one of them another name"#);
    /// ```
    pub fn render(&self) -> String {
        let mut drawing = format!("\"{}\"\n", visible(&self.rule));
        let mut column = 0;
        let mut places: Vec<(&Range<usize>, &str)> = vec![(&self.span, "^")];
        places.extend(self.first_place.as_ref().map(|place| (place, "-")));
        places.sort_by_key(|(place, _)| place.start);
        for (place, mark) in places {
            // One more for the opening quote.
            let start = self.rule[..place.start].chars().count() + 1;
            let width = self.rule[place.clone()].chars().count().max(1);
            drawing.push_str(&" ".repeat(start.saturating_sub(column)));
            drawing.push_str(&mark.repeat(width));
            column = start + width;
        }
        if let Some(help) = &self.help {
            drawing.push_str("\nhelp: ");
            drawing.push_str(help);
        }
        drawing
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at byte {} of \"{}\")", self.message, self.span.start, visible(&self.rule))?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ParseError {}

/// The mistakes found so far in one rule.
pub(crate) struct Faults<'r> {
    rule: &'r str,
    found: Vec<ParseError>,
}

impl<'r> Faults<'r> {
    pub(crate) fn new(rule: &'r str) -> Self {
        Faults { rule, found: Vec::new() }
    }

    /// Notes that `span` is wrong.
    pub(crate) fn add(&mut self, span: Range<usize>, message: impl Into<String>, help: impl Into<Help>) {
        self.push(span, None, message.into(), help.into());
    }

    /// Notes that `span` contradicts what was said at `first_place`.
    pub(crate) fn add_pair(
        &mut self,
        span: Range<usize>,
        first_place: Range<usize>,
        message: impl Into<String>,
        help: impl Into<Help>,
    ) {
        self.push(span, Some(first_place), message.into(), help.into());
    }

    /// `Ok` if nothing was wrong, else the mistakes in the order of the rule.
    pub(crate) fn into_result(mut self) -> Result<(), Vec<ParseError>> {
        self.found.sort_by_key(ParseError::offset);
        if self.found.is_empty() { Ok(()) } else { Err(self.found) }
    }

    fn push(&mut self, span: Range<usize>, first_place: Option<Range<usize>>, message: String, help: Help) {
        debug_assert!(self.rule.get(span.clone()).is_some(), "a place is a piece of the rule: {span:?}");
        let rule = self.rule.into();
        let help = help.0.map(|help| visible(&help).into());
        self.found.push(ParseError { rule, span, first_place, message: visible(&message).into(), help });
    }
}

/// The optional last line of a message.
pub(crate) struct Help(Option<String>);

impl From<Option<String>> for Help {
    fn from(help: Option<String>) -> Self {
        Help(help)
    }
}

impl From<String> for Help {
    fn from(help: String) -> Self {
        Help(Some(help))
    }
}

impl From<&str> for Help {
    fn from(help: &str) -> Self {
        Help(Some(help.to_owned()))
    }
}

/// The rule with one visible character for each control character, so that a message stays on its line.
fn visible(rule: &str) -> String {
    rule.chars()
        .map(|c| match u32::from(c) {
            code @ 0..=0x1f => char::from_u32(0x2400 + code).unwrap_or('\u{fffd}'),
            _ if c.is_control() => '\u{fffd}',
            _ => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(rule: &str, span: Range<usize>, first_place: Option<Range<usize>>) -> String {
        let mut faults = Faults::new(rule);
        faults.push(span, first_place, "message".to_owned(), Help(None));
        faults.into_result().unwrap_err()[0].render()
    }

    #[test]
    fn carets_count_characters() {
        assert_eq!(draw("/é/x", 4..5, None), "\"/é/x\"\n    ^");
        assert_eq!(draw("", 0..0, None), "\"\"\n ^");
        assert_eq!(draw("/a\nb", 2..3, None), "\"/a␊b\"\n   ^");
    }

    #[test]
    fn two_places_are_drawn_in_either_order() {
        assert_eq!(draw("/abc/de", 5..7, Some(1..4)), "\"/abc/de\"\n  --- ^^");
        assert_eq!(draw("/abc/de", 1..4, Some(5..7)), "\"/abc/de\"\n  ^^^ --");
    }
}
