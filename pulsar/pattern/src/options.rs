//! What stands in the brackets after a converter, for all converters: `key=value` here, quoted text in `quoted.rs`.

use std::fmt::Display;
use std::ops::Range;
use std::str::FromStr;

use crate::converter::{Converter, FloatOptions, IntOptions, StringOptions};
use crate::error::Faults;
use crate::quoted;
use crate::suggest::{listed, nearest};

/// Reads the options of the converter `name`, one of [`NAMES`](crate::converter::NAMES), written at `place`.
///
/// `inside` is what stands between the brackets, with every quote in it closed; it is empty if there are none.
/// Mistakes are noted in `faults`; what is returned then is not used.
pub(crate) fn read(
    rule: &str,
    name: &'static str,
    place: Range<usize>,
    inside: Range<usize>,
    faults: &mut Faults<'_>,
) -> Converter {
    let given =
        |faults: &mut Faults<'_>| Given::read(rule, name, &quoted::split(rule, inside.clone()), faults);
    match name {
        "any" => Converter::Any(quoted::words(rule, place, inside, faults)),
        "re" => Converter::Re(quoted::expression(rule, place, inside, faults)),
        "int" => Converter::Int(given(faults).int(faults)),
        "float" => Converter::Float(given(faults).float(faults)),
        "string" => Converter::String(given(faults).string(faults)),
        other => {
            // No option is known for these, so that every one is noted as a mistake.
            given(faults);
            if other == "uuid" { Converter::Uuid } else { Converter::Path }
        }
    }
}

/// The options that a converter knows.
fn known_options(converter: &str) -> &'static [&'static str] {
    match converter {
        "int" => &["min", "max", "fixed_digits", "signed"],
        "float" => &["min", "max", "signed"],
        "string" => &["minlength", "maxlength", "length"],
        _ => &[],
    }
}

/// One `key=value`, of a key that the converter knows.
struct Entry<'r> {
    key: &'static str,
    value: &'r str,
    value_span: Range<usize>,
    span: Range<usize>,
}

/// The options of one converter, each at most once.
struct Given<'r> {
    entries: Vec<Entry<'r>>,
}

impl<'r> Given<'r> {
    fn read(
        rule: &'r str,
        converter: &'static str,
        pieces: &[Range<usize>],
        faults: &mut Faults<'_>,
    ) -> Self {
        let mut given = Given { entries: Vec::new() };
        for piece in pieces {
            let text = &rule[piece.clone()];
            let (key, value) = match text.split_once('=') {
                Some((key, value)) => (key.trim_end(), Some(value.trim_start())),
                None => (text, None),
            };
            let key_span = piece.start..piece.start + key.len();
            let Some(key) = check_key(converter, key, key_span.clone(), faults) else { continue };
            let (value, value_span) = match value {
                Some(value) => (value, piece.end - value.len()..piece.end),
                None if key == "signed" => ("true", key_span),
                None => {
                    faults.add(key_span, format!("`{key}` needs a value"), format!("write `{key}=1`"));
                    continue;
                }
            };
            if let Some(first) = given.get(key) {
                faults.add_pair(
                    piece.clone(),
                    first.span.clone(),
                    format!("option `{key}` is given twice"),
                    "drop one of them",
                );
                continue;
            }
            given.entries.push(Entry { key, value, value_span, span: piece.clone() });
        }
        given
    }

    fn int(&self, faults: &mut Faults<'_>) -> IntOptions {
        let options = IntOptions {
            min: self.integer("min", faults),
            max: self.integer("max", faults),
            fixed_digits: self.count("fixed_digits", faults),
            signed: self.flag("signed", faults),
        };
        self.check_order(("min", options.min), ("max", options.max), faults);
        self.check_sign("min", options.min.is_some_and(|min| min < 0), options.signed, faults);
        self.check_sign("max", options.max.is_some_and(|max| max < 0), options.signed, faults);
        let digits = options.fixed_digits.and_then(|digits| u32::try_from(digits).ok());
        if let Some(limit) = digits.and_then(|digits| 10i128.checked_pow(digits)) {
            self.check_digits("min", options.min.is_some_and(|min| min >= limit), faults);
            self.check_digits("max", options.max.is_some_and(|max| max <= -limit), faults);
        }
        options
    }

    fn float(&self, faults: &mut Faults<'_>) -> FloatOptions {
        let options = FloatOptions {
            min: self.decimal("min", faults),
            max: self.decimal("max", faults),
            signed: self.flag("signed", faults),
        };
        self.check_order(("min", options.min), ("max", options.max), faults);
        self.check_sign("min", options.min.is_some_and(|min| min < 0.0), options.signed, faults);
        self.check_sign("max", options.max.is_some_and(|max| max < 0.0), options.signed, faults);
        options
    }

    fn string(&self, faults: &mut Faults<'_>) -> StringOptions {
        let length = self.count("length", faults);
        let min = self.count("minlength", faults);
        let max = self.count("maxlength", faults);
        if let Some(both) = self.get("length") {
            for other in ["minlength", "maxlength"].into_iter().filter_map(|key| self.get(key)) {
                faults.add_pair(
                    other.span.clone(),
                    both.span.clone(),
                    format!("`length` and `{}` exclude each other", other.key),
                    "`length=N` means `minlength=N,maxlength=N`",
                );
            }
            return StringOptions { min_length: length.unwrap_or(1), max_length: length };
        }
        self.check_order(("minlength", min), ("maxlength", max), faults);
        StringOptions { min_length: min.unwrap_or(1), max_length: max }
    }

    fn get(&self, key: &str) -> Option<&Entry<'r>> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// A whole number of any sign.
    fn integer(&self, key: &str, faults: &mut Faults<'_>) -> Option<i128> {
        let help = "a whole number of at most 128 bits is wanted";
        self.value(key, parse_number, help, faults)
    }

    /// A finite number.
    fn decimal(&self, key: &str, faults: &mut Faults<'_>) -> Option<f64> {
        let help = "a number such as `1` or `0.5` is wanted";
        self.value(key, |text| parse_number(text).filter(|number: &f64| number.is_finite()), help, faults)
    }

    /// How many of something, at least one: nothing that a placeholder stands for is empty.
    fn count(&self, key: &str, faults: &mut Faults<'_>) -> Option<usize> {
        let help = "a whole number from 1 is wanted";
        self.value(key, |text| parse_number(text).filter(|count| *count >= 1), help, faults)
    }

    fn flag(&self, key: &str, faults: &mut Faults<'_>) -> bool {
        let help = format!("write `{key}`, or `{key}=true` or `{key}=false`");
        self.value(key, |text| text.parse().ok(), &help, faults).unwrap_or(false)
    }

    fn value<T>(
        &self,
        key: &str,
        parse: impl FnOnce(&'r str) -> Option<T>,
        help: &str,
        faults: &mut Faults<'_>,
    ) -> Option<T> {
        let entry = self.get(key)?;
        let value = parse(entry.value);
        if value.is_none() {
            let message = match entry.value {
                "" => format!("`{key}` has no value"),
                text => format!("bad value for `{key}`: `{text}`"),
            };
            faults.add(entry.value_span.clone(), message, help);
        }
        value
    }

    fn check_order<T: PartialOrd + Display>(
        &self,
        (low_key, low): (&str, Option<T>),
        (high_key, high): (&str, Option<T>),
        faults: &mut Faults<'_>,
    ) {
        let (Some(low), Some(high)) = (low, high) else { return };
        if let (true, Some(low_entry), Some(high_entry)) = (low > high, self.get(low_key), self.get(high_key))
        {
            faults.add_pair(
                high_entry.value_span.clone(),
                low_entry.value_span.clone(),
                format!(
                    "`{low_key}` is greater than `{high_key}`: {} > {}",
                    low_entry.value, high_entry.value
                ),
                "no value can match; exchange them?",
            );
        }
    }

    fn check_sign(&self, key: &str, negative: bool, signed: bool, faults: &mut Faults<'_>) {
        if let (true, Some(entry)) = (negative && !signed, self.get(key)) {
            faults.add(
                entry.value_span.clone(),
                format!("`{key}` is negative, but the value has no sign"),
                "add the option `signed`",
            );
        }
    }

    /// Notes a bound that no number of `fixed_digits` digits can keep.
    fn check_digits(&self, key: &str, unreachable: bool, faults: &mut Faults<'_>) {
        if let (true, Some(bound), Some(digits)) = (unreachable, self.get(key), self.get("fixed_digits")) {
            faults.add_pair(
                bound.value_span.clone(),
                digits.span.clone(),
                format!("no number of {} digits satisfies `{key}={}`", digits.value, bound.value),
                None,
            );
        }
    }
}

/// The key as the converter knows it; notes one that it does not know.
fn check_key(
    converter: &str,
    key: &str,
    span: Range<usize>,
    faults: &mut Faults<'_>,
) -> Option<&'static str> {
    let known = known_options(converter);
    if let Some(found) = known.iter().find(|option| **option == key) {
        return Some(found);
    }
    let takes = match known {
        [] => format!("`{converter}` takes no options"),
        known => format!("`{converter}` takes {}", listed(known)),
    };
    let owners: Vec<&str> = OWNERS.into_iter().filter(|owner| known_options(owner).contains(&key)).collect();
    if key.is_empty() {
        faults.add(span, "an option is missing", takes);
    } else if !owners.is_empty() {
        faults.add(span, format!("`{key}` is an option of {}, not of `{converter}`", listed(&owners)), takes);
    } else {
        let help = match nearest(key, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`? {takes}"),
            None => takes,
        };
        faults.add(span, format!("unknown option `{key}`"), help);
    }
    None
}

/// Reads a number as people write it: `FromStr` would also take `+1`, `inf` and `NaN`.
fn parse_number<T: FromStr>(text: &str) -> Option<T> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.starts_with(|c: char| c.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// The converters that have options.
const OWNERS: [&str; 3] = ["int", "float", "string"];
