//! A parsed rule: what it consists of and how it is printed. It is made by `parse.rs` only.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;

use crate::converter::{Converter, StringOptions};
use crate::escape;

/// How many placeholders a rule may have.
pub const MAX_PLACEHOLDERS: usize = 32;

/// A route rule, parsed and checked.
///
/// Two patterns are equal if they print the same, wherever their placeholders stood in the source.
///
/// ```
/// use pulsar_pattern::Pattern;
///
/// let pattern: Pattern = "/caf%C3%A9/<string:name>".parse()?;
/// assert_eq!(pattern.to_string(), "/café/<name>");
/// assert!(!pattern.is_branch());
/// # Ok::<(), pulsar_pattern::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    segments: Vec<Segment>,
    branch: bool,
}

impl Pattern {
    /// The caller vouches for the rules that [`Pattern::parse`] enforces.
    pub(crate) fn from_checked(segments: Vec<Segment>, branch: bool) -> Self {
        Pattern { segments, branch }
    }

    /// What stands between the slashes. `/` has no segments.
    ///
    /// ```
    /// use pulsar_pattern::{Pattern, Segment};
    ///
    /// let pattern = Pattern::parse("/a%20b/<id>/")?;
    /// assert_eq!(pattern.segments().len(), 2);
    /// assert_eq!(pattern.segments()[0], Segment::Literal("a b".to_owned()));
    /// assert!(Pattern::parse("/")?.segments().is_empty());
    /// # Ok::<(), pulsar_pattern::ParseError>(())
    /// ```
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether the rule ends in `/`. The rule `/` is a branch.
    ///
    /// ```
    /// # use pulsar_pattern::Pattern;
    /// assert!(Pattern::parse("/blog/")?.is_branch());
    /// assert!(!Pattern::parse("/blog")?.is_branch());
    /// # Ok::<(), pulsar_pattern::ParseError>(())
    /// ```
    pub fn is_branch(&self) -> bool {
        self.branch
    }

    /// The placeholders in the order of the rule; at most [`MAX_PLACEHOLDERS`], no two of the same name.
    ///
    /// ```
    /// # use pulsar_pattern::Pattern;
    /// let pattern = Pattern::parse("/<user>/v<int:major>.<int:minor>")?;
    /// let names: Vec<&str> = pattern.placeholders().map(|placeholder| placeholder.name.as_str()).collect();
    /// assert_eq!(names, ["user", "major", "minor"]);
    /// # Ok::<(), pulsar_pattern::ParseError>(())
    /// ```
    pub fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.segments.iter().flat_map(|segment| {
            let (alone, parts) = match segment {
                Segment::Literal(_) => (None, &[][..]),
                Segment::Placeholder(placeholder) => (Some(placeholder), &[][..]),
                Segment::Mixed(parts) => (None, parts.as_slice()),
            };
            alone.into_iter().chain(parts.iter().filter_map(|part| match part {
                Part::Placeholder(placeholder) => Some(placeholder),
                Part::Text(_) => None,
            }))
        })
    }
}

/// Prints the canonical spelling: default options left out, percent escapes only where they are needed.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.segments {
            write!(f, "/{segment}")?;
        }
        if self.branch { f.write_str("/") } else { Ok(()) }
    }
}

/// What stands between two slashes of a rule.
///
/// ```
/// use pulsar_pattern::{Pattern, Segment};
/// let pattern = Pattern::parse("/users/<int:id>/v<int:n>").unwrap();
/// let kinds: Vec<_> = pattern.segments().iter().map(|segment| match segment {
///     Segment::Literal(text) => text.clone(),
///     Segment::Placeholder(placeholder) => placeholder.name.clone(),
///     Segment::Mixed(parts) => format!("{} parts", parts.len()),
/// }).collect();
/// assert_eq!(kinds, ["users", "id", "2 parts"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Segment {
    /// Text alone, percent-decoded (so a slash may be in it): not empty, neither `.` nor `..`.
    Literal(String),
    /// Text and placeholders: at least one of each, no two placeholders side by side, none of them a `path`.
    Mixed(Vec<Part>),
    /// A placeholder alone.
    Placeholder(Placeholder),
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Segment::Literal(text) => escape::print_literal(f, text, true),
            Segment::Placeholder(placeholder) => placeholder.fmt(f),
            Segment::Mixed(parts) => parts.iter().enumerate().try_for_each(|(at, part)| match part {
                Part::Text(text) => escape::print_literal(f, text, at == 0),
                Part::Placeholder(placeholder) => placeholder.fmt(f),
            }),
        }
    }
}

/// A piece of a segment that holds text and placeholders.
///
/// ```
/// use pulsar_pattern::{Part, Pattern, Segment};
/// let pattern = Pattern::parse("/v<int:n>").unwrap();
/// let Segment::Mixed(parts) = &pattern.segments()[0] else { unreachable!() };
/// assert!(matches!(&parts[0], Part::Text(text) if text == "v"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Text, percent-decoded and not empty.
    Text(String),
    /// A placeholder.
    Placeholder(Placeholder),
}

/// A named value in a rule, such as `<int:id>`.
///
/// The span counts neither for equality nor for the hash.
///
/// ```
/// use pulsar_pattern::{Converter, Pattern};
/// let pattern = Pattern::parse("/files/<path:rest>").unwrap();
/// let placeholder = pattern.placeholders().next().unwrap();
/// assert_eq!((placeholder.name.as_str(), &placeholder.converter), ("rest", &Converter::Path));
/// ```
#[derive(Clone, Debug)]
pub struct Placeholder {
    /// The name: a Rust identifier and no keyword.
    pub name: String,
    /// Which values it stands for.
    pub converter: Converter,
    /// The bytes of `<...>`, brackets included, in the text that was parsed.
    pub span: Range<usize>,
}

impl PartialEq for Placeholder {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.converter == other.converter
    }
}

impl Eq for Placeholder {}

impl Hash for Placeholder {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.name, &self.converter).hash(state);
    }
}

/// Prints the placeholder with its brackets; the converter `string` without options is left out.
impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.converter {
            Converter::String(options) if *options == StringOptions::default() => {
                write!(f, "<{}>", self.name)
            }
            converter => write!(f, "<{converter}:{}>", self.name),
        }
    }
}
