//! The parser: a whole rule, segment by segment, with all mistakes that can be told apart in one pass.
//!
//! It decides what text is and what belongs together; a placeholder is read by `placeholder.rs`.

use std::ops::Range;
use std::str::FromStr;

use crate::converter::Converter;
use crate::error::{Faults, ParseError};
use crate::escape::{self, EscapeFault};
use crate::foreign;
use crate::pattern::{MAX_PLACEHOLDERS, Part, Pattern, Placeholder, Segment};
use crate::placeholder;

impl Pattern {
    /// Parses a rule; the grammar is in the [guide](crate).
    ///
    /// ```
    /// use pulsar_pattern::Pattern;
    ///
    /// let pattern = Pattern::parse("/price/<float(min=0.5):x>")?;
    /// assert_eq!(pattern.segments().len(), 2);
    /// # Ok::<(), pulsar_pattern::ParseError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The first mistake in the rule.
    pub fn parse(rule: &str) -> Result<Pattern, ParseError> {
        Pattern::parse_all(rule).map_err(|mut errors| errors.swap_remove(0))
    }

    /// Parses a rule and reports every mistake that it can find at once, in the order of their places.
    ///
    /// ```
    /// use pulsar_pattern::Pattern;
    ///
    /// let errors = Pattern::parse_all("/<itn:id>//<id>").unwrap_err();
    /// let messages: Vec<&str> = errors.iter().map(|error| error.message()).collect();
    /// assert_eq!(
    ///     messages,
    ///     [
    ///         "unknown converter `itn`",
    ///         "an empty segment",
    ///         "placeholder `id` is used twice, at byte 1 and at byte 11",
    ///     ],
    /// );
    /// ```
    ///
    /// # Errors
    ///
    /// All mistakes; there is at least one.
    pub fn parse_all(rule: &str) -> Result<Pattern, Vec<ParseError>> {
        let mut parser = Parser { rule, at: 0, faults: Faults::new(rule), seen: Vec::new() };
        let pattern = parser.pattern();
        parser.faults.into_result().map(|()| pattern)
    }
}

impl FromStr for Pattern {
    type Err = ParseError;

    fn from_str(rule: &str) -> Result<Self, Self::Err> {
        Pattern::parse(rule)
    }
}

struct Parser<'r> {
    rule: &'r str,
    /// How far the rule is read.
    at: usize,
    faults: Faults<'r>,
    /// The name and the place of each placeholder so far; a name that was wrong is empty.
    seen: Vec<(String, Range<usize>)>,
}

impl<'r> Parser<'r> {
    fn pattern(&mut self) -> Pattern {
        let mut segments = Vec::new();
        let mut branch = false;
        match self.rest().chars().next() {
            None => self.faults.add(0..0, "a rule is empty", "the root is written `/`"),
            Some('/') => {}
            Some(first) => {
                let help = if self.rule.contains("://") {
                    "it is the path of a URL, without scheme and host".to_owned()
                } else {
                    format!("write `/{}`", self.rule)
                };
                self.faults.add(0..first.len_utf8(), "a rule begins with `/`", help);
                segments.push(self.segment());
            }
        }
        while self.rest().starts_with('/') {
            let slashes = self.rest().len() - self.rest().trim_start_matches('/').len();
            if slashes > 1 {
                let place = self.at + 1..self.at + slashes;
                self.faults.add(place, "an empty segment", "no path with `//` matches a rule; write one `/`");
            }
            self.at += slashes;
            branch = self.rest().is_empty();
            if !branch {
                segments.push(self.segment());
            }
        }
        Pattern::from_checked(segments, branch)
    }

    /// Reads up to the next slash or the end.
    fn segment(&mut self) -> Segment {
        let start = self.at;
        let mut parts: Vec<Part> = Vec::new();
        while !matches!(self.rest().chars().next(), None | Some('/')) {
            let before = self.at;
            if self.rest().starts_with('<') {
                let placeholder = self.placeholder();
                self.check_neighbour(parts.last(), &placeholder);
                parts.push(Part::Placeholder(placeholder));
            } else {
                let text = self.text(before == start);
                // It is empty only if something in it is noted as a mistake.
                parts.push(Part::Text(text));
            }
            debug_assert!(self.at > before, "each turn reads something");
        }
        self.check_segment(start..self.at, &parts);
        match parts.pop() {
            Some(Part::Text(text)) if parts.is_empty() => Segment::Literal(text),
            Some(Part::Placeholder(placeholder)) if parts.is_empty() => Segment::Placeholder(placeholder),
            last => {
                parts.extend(last);
                Segment::Mixed(parts)
            }
        }
    }

    fn placeholder(&mut self) -> Placeholder {
        let placeholder = placeholder::read(self.rule, self.at, &mut self.faults);
        let span = placeholder.span.clone();
        self.at = span.end;
        if self.seen.len() == MAX_PLACEHOLDERS {
            let message = format!("a rule has at most {MAX_PLACEHOLDERS} placeholders");
            self.faults.add(span.clone(), message, "take the rest as one `<path:rest>`");
        }
        let earlier = self.seen.iter().find(|(name, _)| !name.is_empty() && *name == placeholder.name);
        if let Some((name, first)) = earlier {
            let message = format!(
                "placeholder `{name}` is used twice, at byte {} and at byte {}",
                first.start, span.start
            );
            self.faults.add_pair(span.clone(), first.clone(), message, "give one of them another name");
        }
        self.seen.push((placeholder.name.clone(), span));
        placeholder
    }

    /// Reads text up to a `<`, a slash or the end, and decodes it. `starts_segment` if nothing stands before it.
    fn text(&mut self, starts_segment: bool) -> String {
        if starts_segment && let Some(next) = foreign::sigil(self.rule, self.at, &mut self.faults) {
            self.at = next;
        }
        let mut text = String::new();
        while let Some(c) = self.rest().chars().next() {
            let here = self.at..self.at + c.len_utf8();
            self.at = match c {
                '/' | '<' => break,
                '%' => self.escapes(&mut text),
                '{' => foreign::braces(self.rule, self.at, &mut self.faults),
                '?' | '#' => {
                    self.part_of_no_path(c);
                    self.rule.len()
                }
                _ => {
                    if let Some((message, help)) = bad_character(c) {
                        self.faults.add(here.clone(), message, help);
                    }
                    text.push(c);
                    here.end
                }
            };
        }
        text
    }

    /// Decodes the escapes that stand here into `text`; returns where they end.
    fn escapes(&mut self, text: &mut String) -> usize {
        let (length, decoded) = escape::decode_run(self.rest());
        let place = self.at..self.at + length;
        match decoded {
            Ok(decoded) if decoded.contains('\0') => {
                self.faults.add(place.clone(), "`%00` never matches", "a path with it is a bad request");
            }
            Ok(decoded) => text.push_str(&decoded),
            Err(EscapeFault::Malformed) => {
                let help = "for the character itself write `%25`";
                self.faults.add(place.clone(), "`%` is not followed by two hexadecimal digits", help);
            }
            Err(EscapeFault::NotUtf8) => {
                let message = format!("`{}` is no UTF-8 text", &self.rule[place.clone()]);
                self.faults.add(place.clone(), message, "a path that is not UTF-8 is a bad request");
            }
        }
        place.end
    }

    /// Notes a `?` or `#` here: all that follows is not a part of the path.
    fn part_of_no_path(&mut self, delimiter: char) {
        let (message, help) = if delimiter == '?' {
            (
                "the query is no part of a rule",
                "take it as an argument of the handler; for the character itself write `%3F`",
            )
        } else {
            ("a fragment is never sent to a server", "drop it; for the character itself write `%23`")
        };
        self.faults.add(self.at..self.rule.len(), message, help);
    }

    fn check_neighbour(&mut self, before: Option<&Part>, placeholder: &Placeholder) {
        let Some(Part::Placeholder(before)) = before else { return };
        // That a path has to stand alone is noted for the segment.
        if before.converter != Converter::Path && placeholder.converter != Converter::Path {
            let (first, second) = (&self.rule[before.span.clone()], &self.rule[placeholder.span.clone()]);
            self.faults.add_pair(
                placeholder.span.clone(),
                before.span.clone(),
                format!("nothing stands between `{first}` and `{second}`"),
                format!("it is not known where the first ends; put text between them: `{first}-{second}`"),
            );
        }
    }

    fn check_segment(&mut self, place: Range<usize>, parts: &[Part]) {
        if let [Part::Text(text)] = parts
            && matches!(text.as_str(), "." | "..")
        {
            let message = format!("a segment `{text}` never matches");
            self.faults.add(place, message, "clients remove `.` and `..` from a path");
        }
        if parts.len() > 1 {
            for part in parts {
                if let Part::Placeholder(Placeholder { converter: Converter::Path, span, .. }) = part {
                    let help = "a path stands for whole segments; put it between slashes, or use `string`";
                    self.faults.add(span.clone(), "a path placeholder shares its segment", help);
                }
            }
        }
    }

    fn rest(&self) -> &'r str {
        &self.rule[self.at..]
    }
}

/// What is wrong with a character that stands in the text of a rule.
fn bad_character(c: char) -> Option<(&'static str, String)> {
    if c == '>' {
        return Some((
            "`>` without `<`",
            "a placeholder is written `<id>`; for the character itself write `%3E`".to_owned(),
        ));
    }
    let message = match c {
        '}' => "`}` cannot stand in a path",
        '\0' => return Some(("a NUL character never matches", "a path with it is a bad request".to_owned())),
        ' ' => "a space cannot stand in a path",
        _ if c.is_control() => "a control character cannot stand in a path",
        _ if c.is_whitespace() => "white space cannot stand in a path",
        _ => return None,
    };
    Some((message, format!("for the character itself write `{}`", escape::character(c))))
}
