//! What a placeholder accepts: the seven converters, their options, and how they are printed.
//!
//! Which values they accept is told in `accepts.rs`, and as a regular expression in `regex.rs`.

use std::fmt;
use std::hash::{Hash, Hasher};

/// The names of all converters, the most specific first.
pub(crate) const NAMES: [&str; 7] = ["any", "uuid", "int", "float", "re", "string", "path"];

/// Which values a placeholder accepts.
///
/// ```
/// use pulsar_pattern::{Converter, IntOptions};
///
/// let converter = Converter::Int(IntOptions { min: Some(1), ..IntOptions::default() });
/// assert_eq!(converter.to_string(), "int(min=1)");
/// assert!(converter.accepts("12"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Converter {
    /// `any(en,it)`: one of these texts, which are neither empty nor equal and hold no slash.
    Any(Vec<String>),
    /// `uuid`: the form with four dashes, in upper or lower case.
    Uuid,
    /// `int`: digits.
    Int(IntOptions),
    /// `float`: digits, with or without a fraction.
    Float(FloatOptions),
    /// `re("...")`: all of the value matches this regular expression, which needs no anchors.
    Re(String),
    /// `string`, or no converter at all: any text that is not empty, within one segment.
    String(StringOptions),
    /// `path`: one segment or more, slashes included.
    Path,
}

impl Converter {
    /// The name that the converter has in a rule, such as `"int"`.
    ///
    /// ```
    /// assert_eq!(pulsar_pattern::Converter::Path.name(), "path");
    /// ```
    pub fn name(&self) -> &'static str {
        NAMES[usize::from(self.rank())]
    }

    /// The place in the order of specificity, from 0 (`any`, the most specific) to 6 (`path`).
    ///
    /// Where several rules match, the router prefers the lower rank.
    ///
    /// ```
    /// use pulsar_pattern::{Converter, IntOptions, StringOptions};
    ///
    /// let int = Converter::Int(IntOptions::default());
    /// let string = Converter::String(StringOptions::default());
    /// assert!(int.rank() < string.rank());
    /// ```
    pub fn rank(&self) -> u8 {
        match self {
            Converter::Any(_) => 0,
            Converter::Uuid => 1,
            Converter::Int(_) => 2,
            Converter::Float(_) => 3,
            Converter::Re(_) => 4,
            Converter::String(_) => 5,
            Converter::Path => 6,
        }
    }
}

/// The options of `int`.
///
/// # Defaults
///
/// No bounds, any number of digits, no sign.
///
/// ```
/// use pulsar_pattern::{Converter, IntOptions};
/// let year = Converter::Int(IntOptions { fixed_digits: Some(4), ..IntOptions::default() });
/// assert!(year.accepts("2026") && !year.accepts("26"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct IntOptions {
    /// `min=N`: the least value.
    pub min: Option<i128>,
    /// `max=N`: the greatest value.
    pub max: Option<i128>,
    /// `fixed_digits=N`: exactly so many digits, leading zeros included and the sign not counted.
    pub fixed_digits: Option<usize>,
    /// `signed`: a `-` may stand before the digits.
    pub signed: bool,
}

/// The options of `float`.
///
/// Two of them are equal if their bounds have the same bits.
///
/// # Defaults
///
/// No bounds, no sign.
///
/// ```
/// use pulsar_pattern::{Converter, FloatOptions};
/// let share = Converter::Float(FloatOptions { max: Some(1.0), ..FloatOptions::default() });
/// assert!(share.accepts("0.5") && !share.accepts("1.5") && !share.accepts("-0.5"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct FloatOptions {
    /// `min=X`: the least value.
    pub min: Option<f64>,
    /// `max=X`: the greatest value.
    pub max: Option<f64>,
    /// `signed`: a `-` may stand before the digits.
    pub signed: bool,
}

impl FloatOptions {
    fn bits(&self) -> (Option<u64>, Option<u64>, bool) {
        (self.min.map(f64::to_bits), self.max.map(f64::to_bits), self.signed)
    }
}

impl PartialEq for FloatOptions {
    fn eq(&self, other: &Self) -> bool {
        self.bits() == other.bits()
    }
}

impl Eq for FloatOptions {}

impl Hash for FloatOptions {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bits().hash(state);
    }
}

/// The options of `string`. Lengths count characters of the decoded value.
///
/// # Defaults
///
/// At least one character, no upper limit.
///
/// ```
/// use pulsar_pattern::{Converter, StringOptions};
/// let lang = Converter::String(StringOptions { min_length: 2, max_length: Some(2) });
/// assert_eq!(lang.to_string(), "string(length=2)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StringOptions {
    /// `minlength=N`, at least 1.
    pub min_length: usize,
    /// `maxlength=N`. `length=N` sets both.
    pub max_length: Option<usize>,
}

impl Default for StringOptions {
    fn default() -> Self {
        StringOptions { min_length: 1, max_length: None }
    }
}

/// Prints the converter as it stands in a rule, with the options that differ from the defaults.
impl fmt::Display for Converter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut options: Vec<String> = Vec::new();
        match self {
            Converter::Any(items) => options.extend(items.iter().map(|item| print_item(item))),
            Converter::Re(regex) => options.push(print_regex(regex)),
            Converter::Int(int) => {
                options.extend(int.min.map(|min| format!("min={min}")));
                options.extend(int.max.map(|max| format!("max={max}")));
                options.extend(int.fixed_digits.map(|digits| format!("fixed_digits={digits}")));
                options.extend(int.signed.then(|| "signed".to_owned()));
            }
            Converter::Float(float) => {
                options.extend(float.min.map(|min| format!("min={}", print_float(min))));
                options.extend(float.max.map(|max| format!("max={}", print_float(max))));
                options.extend(float.signed.then(|| "signed".to_owned()));
            }
            Converter::String(StringOptions { min_length, max_length }) => {
                if *max_length == Some(*min_length) {
                    options.push(format!("length={min_length}"));
                } else {
                    options.extend((*min_length != 1).then(|| format!("minlength={min_length}")));
                    options.extend(max_length.map(|max| format!("maxlength={max}")));
                }
            }
            Converter::Uuid | Converter::Path => {}
        }
        f.write_str(self.name())?;
        if options.is_empty() { Ok(()) } else { write!(f, "({})", options.join(",")) }
    }
}

/// Whether `c` may stand in an item of `any` that has no quotes.
pub(crate) fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '~' | '+' | '@')
}

fn print_item(item: &str) -> String {
    if !item.is_empty() && item.chars().all(is_word_char) {
        item.to_owned()
    } else {
        format!("\"{}\"", item.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

/// A quote is escaped; a backslash is not, for it belongs to the regular expression, together with what it escapes.
fn print_regex(regex: &str) -> String {
    let mut printed = String::from("\"");
    let mut chars = regex.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => printed.push_str("\\\""),
            '\\' => {
                printed.push('\\');
                printed.extend(chars.next());
            }
            _ => printed.push(c),
        }
    }
    printed.push('"');
    printed
}

/// The shortest form that reads back as the same bits: `Debug` changes to exponents where `Display` prints 300 zeros.
fn print_float(value: f64) -> String {
    let printed = format!("{value:?}");
    printed.strip_suffix(".0").map(str::to_owned).unwrap_or(printed)
}
