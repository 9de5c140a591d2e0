//! From values to a URL: the reverse of matching. The result is a path; it has no host and no query.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use crate::converter::{Converter, IntOptions};
use crate::escape;
use crate::pattern::{Part, Pattern, Placeholder, Segment};
use crate::suggest;

impl Pattern {
    /// The path of this rule with `values` for its placeholders, percent-encoded.
    ///
    /// `values` are pairs of a placeholder's name and its value as text, in any order. Each value is
    /// [padded](Converter::padded) and checked by [`Converter::accepts`], so the regular expression of `re` is not
    /// asked. A slash in a value is encoded, except in that of a `path`.
    ///
    /// The path matches the rule, but where a segment has several placeholders, or the rule several of `path`, a
    /// value that contains the text between them may be divided differently: `/<a>-<b>` with `x-y` and `z` builds
    /// `/x-y-z`, which is right for `x` and `y-z` too.
    ///
    /// ```
    /// use pulsar_pattern::Pattern;
    ///
    /// let pattern = Pattern::parse("/wiki/<path:page>/by/<user>")?;
    /// let path = pattern.build(&[("user", "a/b"), ("page", "Rust/What is it?")])?;
    /// assert_eq!(path, "/wiki/Rust/What%20is%20it%3F/by/a%2Fb");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If a value is missing, is given twice, is not accepted by its converter or has a NUL character; if there is
    /// a value for a placeholder that the rule does not have; if a segment would be `.` or `..`, which clients remove.
    pub fn build(&self, values: &[(&str, &str)]) -> Result<String, BuildError> {
        self.check_names(values)?;
        let mut path = String::new();
        for segment in self.segments() {
            path.push('/');
            let start = path.len();
            match segment {
                Segment::Literal(text) => append(&mut path, escape::segment(text)),
                Segment::Placeholder(placeholder) => self.append_value(&mut path, placeholder, values)?,
                Segment::Mixed(parts) => {
                    for part in parts {
                        match part {
                            Part::Text(text) => append(&mut path, escape::segment(text)),
                            Part::Placeholder(placeholder) => {
                                self.append_value(&mut path, placeholder, values)?;
                            }
                        }
                    }
                }
            }
            if matches!(&path[start..], "." | "..") {
                return Err(self
                    .error(Kind::DotSegment { segment: segment.to_string(), built: path.split_off(start) }));
            }
        }
        if self.is_branch() {
            path.push('/');
        }
        Ok(path)
    }

    fn check_names(&self, values: &[(&str, &str)]) -> Result<(), BuildError> {
        for (at, (name, _)) in values.iter().enumerate() {
            if self.placeholders().all(|placeholder| placeholder.name != *name) {
                let nearest =
                    suggest::nearest(name, self.placeholders().map(|placeholder| &*placeholder.name));
                let nearest = nearest.map(str::to_owned);
                return Err(self.error(Kind::Unknown { name: (*name).to_owned(), nearest }));
            }
            if values[..at].iter().any(|(earlier, _)| earlier == name) {
                return Err(self.error(Kind::Repeated { name: (*name).to_owned() }));
            }
        }
        Ok(())
    }

    fn append_value(
        &self,
        path: &mut String,
        placeholder: &Placeholder,
        values: &[(&str, &str)],
    ) -> Result<(), BuildError> {
        let Some((_, value)) = values.iter().find(|(name, _)| *name == placeholder.name) else {
            return Err(self.error(Kind::Missing { placeholder: placeholder.to_string() }));
        };
        let padded = placeholder.converter.padded(value);
        // No request can hold a NUL in its path, whatever the converter says.
        if padded.contains('\0') || !placeholder.converter.accepts(&padded) {
            let placeholder = placeholder.to_string();
            return Err(self.error(Kind::Rejected { placeholder, value: (*value).to_owned() }));
        }
        if placeholder.converter == Converter::Path {
            append(path, escape::path(&padded));
        } else {
            append(path, escape::segment(&padded));
        }
        Ok(())
    }

    fn error(&self, kind: Kind) -> BuildError {
        BuildError { rule: self.to_string(), kind }
    }
}

impl Converter {
    /// The value as it stands in a URL: `int(fixed_digits=4)` has leading zeros where a number has fewer digits. Every
    /// other value stays what it is.
    ///
    /// ```
    /// use pulsar_pattern::{Converter, IntOptions};
    ///
    /// let year = Converter::Int(IntOptions { fixed_digits: Some(4), ..IntOptions::default() });
    /// assert_eq!(year.padded("800"), "0800");
    /// assert_eq!(Converter::Path.padded("800"), "800");
    /// ```
    pub fn padded<'v>(&self, value: &'v str) -> Cow<'v, str> {
        let Converter::Int(IntOptions { fixed_digits: Some(wanted), .. }) = self else {
            return Cow::Borrowed(value);
        };
        let (sign, digits) = match value.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", value),
        };
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if is_number && digits.len() < *wanted {
            Cow::Owned(format!("{sign}{digits:0>wanted$}"))
        } else {
            Cow::Borrowed(value)
        }
    }
}

/// Why a URL could not be built: the values do not fit the rule.
///
/// ```
/// let pattern = pulsar_pattern::Pattern::parse("/users/<int:id>")?;
/// assert_eq!(
///     pattern.build(&[("id", "me")]).unwrap_err().to_string(),
///     "cannot build a URL for \"/users/<int:id>\": <int:id> does not accept \"me\"",
/// );
/// # Ok::<(), pulsar_pattern::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildError {
    rule: String,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Missing { placeholder: String },
    Unknown { name: String, nearest: Option<String> },
    Repeated { name: String },
    Rejected { placeholder: String, value: String },
    DotSegment { segment: String, built: String },
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot build a URL for \"{}\": ", self.rule)?;
        match &self.kind {
            Kind::Missing { placeholder } => write!(f, "no value for {placeholder}"),
            Kind::Unknown { name, nearest: Some(nearest) } => {
                write!(f, "it has no placeholder `{name}`; did you mean `{nearest}`?")
            }
            Kind::Unknown { name, nearest: None } => write!(f, "it has no placeholder `{name}`"),
            Kind::Repeated { name } => write!(f, "two values for `{name}`"),
            Kind::Rejected { placeholder, value } => write!(f, "{placeholder} does not accept {value:?}"),
            Kind::DotSegment { segment, built } => {
                write!(f, "{segment} would become `{built}`, which clients remove from a path")
            }
        }
    }
}

impl std::error::Error for BuildError {}

fn append(path: &mut String, text: impl fmt::Display) {
    write!(path, "{text}").expect("writing to a String does not fail");
}
