//! Whether a converter accepts a value. The value is decoded; where it stood in the path is not asked here.

use crate::converter::{Converter, FloatOptions, IntOptions, StringOptions};

impl Converter {
    /// Whether `value`, percent-decoded, is one that this converter stands for. No value is ever empty.
    ///
    /// * `int`: ASCII digits, any number of them, compared exactly with `min` and `max` also where they exceed 128
    ///   bits; with `signed` a `-` may come first. A `+` is never accepted.
    /// * `float`: digits, or digits, a dot and digits; not so many that the value is infinite as an `f64`.
    /// * `string`: the length only. A slash is accepted: it got there as `%2F`.
    /// * `path`: does not begin with a slash and has no component `.` or `..`.
    /// * `re`: **every** value that is not empty; compile [`to_regex`](Converter::to_regex) and ask it.
    ///
    /// ```
    /// use pulsar_pattern::{Converter, IntOptions};
    ///
    /// let signed = Converter::Int(IntOptions { signed: true, ..IntOptions::default() });
    /// assert!(signed.accepts("-12") && !signed.accepts("+12") && !signed.accepts("1.5"));
    /// ```
    pub fn accepts(&self, value: &str) -> bool {
        match self {
            Converter::Any(items) => items.iter().any(|item| item == value),
            Converter::Uuid => is_uuid(value),
            Converter::Int(options) => options.accepts(value),
            Converter::Float(options) => options.accepts(value),
            Converter::Re(_) => !value.is_empty(),
            Converter::String(options) => options.accepts(value),
            Converter::Path => is_path(value),
        }
    }
}

impl IntOptions {
    fn accepts(&self, value: &str) -> bool {
        let (negative, digits) = split_sign(value, self.signed);
        if !all_digits(digits) || self.fixed_digits.is_some_and(|fixed| digits.len() != fixed) {
            return false;
        }
        if self.min.is_none() && self.max.is_none() {
            return true;
        }
        match value.parse::<i128>() {
            Ok(number) => {
                self.min.is_none_or(|min| min <= number) && self.max.is_none_or(|max| number <= max)
            }
            // The text is a number, so it is one that 128 bits cannot hold: beyond every bound on its side.
            Err(_) if negative => self.min.is_none(),
            Err(_) => self.max.is_none(),
        }
    }
}

impl FloatOptions {
    fn accepts(&self, value: &str) -> bool {
        let (_, digits) = split_sign(value, self.signed);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        if !all_digits(whole) || !all_digits(fraction) {
            return false;
        }
        value.parse::<f64>().is_ok_and(|number| {
            number.is_finite()
                && self.min.is_none_or(|min| min <= number)
                && self.max.is_none_or(|max| number <= max)
        })
    }
}

impl StringOptions {
    fn accepts(&self, value: &str) -> bool {
        let length = value.chars().count();
        length >= self.min_length.max(1) && self.max_length.is_none_or(|max| length <= max)
    }
}

/// Whether a value is negative, and the value without its sign.
fn split_sign(value: &str, signed: bool) -> (bool, &str) {
    match value.strip_prefix('-') {
        Some(digits) if signed => (true, digits),
        _ => (false, value),
    }
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_uuid(value: &str) -> bool {
    value.len() == 36
        && value.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// `.` and `..` are refused because whoever opens a file by this value would leave the directory.
fn is_path(value: &str) -> bool {
    !value.is_empty() && !value.starts_with('/') && value.split('/').all(|part| part != "." && part != "..")
}
