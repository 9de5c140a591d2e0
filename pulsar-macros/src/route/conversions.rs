//! Whether the values that a converter lets through can be what the type of the argument holds.
//!
//! It knows the types that every Rust program knows, by their names; what a type of the user takes is for its `FromStr`
//! to say. The rule it keeps: without a bound in the rule, a value that the type cannot hold is a 404 and no mistake.

use std::{net, num::IntErrorKind};

use pulsar_pattern::{Converter, IntOptions, Placeholder};
use syn::{GenericArgument, PathArguments, Type};

use crate::{
    errors::{Errors, with_help},
    function::Argument,
    route::attribute::Rule,
    words,
};

/// Reports an argument that cannot hold what its placeholder stands for.
pub(super) fn check(rule: &Rule, placeholder: &Placeholder, argument: &Argument, errors: &mut Errors) {
    let kind = Kind::of(&argument.ty);
    // A value that the function does not use may be the text that it is in the path.
    let unused = argument.name.as_deref().is_some_and(|name| name.starts_with('_'));
    if unused && kind == Kind::Text {
        return;
    }
    let mismatch = match &placeholder.converter {
        Converter::Int(options) => int(placeholder, options, kind, argument),
        Converter::Float(_) => float(placeholder, kind),
        Converter::Path => path(placeholder, kind),
        Converter::Uuid => uuid(placeholder, kind),
        Converter::Any(choices) => any(placeholder, choices, kind, argument),
        Converter::Re(_) | Converter::String(_) => None,
    };
    let mismatch = mismatch.or_else(|| optional(placeholder, argument));
    if let Some(Mismatch { message, help }) = mismatch {
        let note = format!("the argument is `{}`", argument.source());
        let drawing = words::underline(&rule.literal.value(), placeholder.span.clone(), &note);
        errors.at(&argument.original.ty, with_help(format!("{message}\n{drawing}"), help));
    }
}

struct Mismatch {
    message: String,
    help: String,
}

impl Mismatch {
    fn new(message: String, help: String) -> Self {
        Mismatch { message, help }
    }
}

/// What a type is, as far as its name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Integer(Integer),
    Float,
    Bool,
    Char,
    /// `PathBuf` and `OsString`, which are made of any text.
    PathBuf,
    Uuid,
    IpAddr,
    Ipv4Addr,
    Ipv6Addr,
    SocketAddr,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Integer {
    signed: bool,
    bits: u32,
    /// As a word of a type: `u16` and `usize`, also where it is in a `NonZero`.
    name: &'static str,
}

const INTEGERS: [Integer; 12] = {
    const fn integer(signed: bool, bits: u32, name: &'static str) -> Integer {
        Integer { signed, bits, name }
    }
    [
        integer(false, 8, "u8"),
        integer(false, 16, "u16"),
        integer(false, 32, "u32"),
        integer(false, 64, "u64"),
        integer(false, 128, "u128"),
        integer(true, 8, "i8"),
        integer(true, 16, "i16"),
        integer(true, 32, "i32"),
        integer(true, 64, "i64"),
        integer(true, 128, "i128"),
        // As they are on the machines that servers run on.
        integer(false, 64, "usize"),
        integer(true, 64, "isize"),
    ]
};

impl Integer {
    fn named(name: &str) -> Option<Self> {
        INTEGERS.into_iter().find(|integer| integer.name == name)
    }

    /// The greatest value, as far as a bound in a rule can ask for one.
    fn greatest(self) -> Option<i128> {
        let bits = if self.signed { self.bits - 1 } else { self.bits };
        1i128.checked_shl(bits).filter(|power| *power > 0).map(|power| power - 1)
    }

    fn least(self) -> i128 {
        if self.signed { -self.greatest().unwrap_or(i128::MAX) - 1 } else { 0 }
    }

    fn holds(self, value: i128) -> bool {
        value >= self.least() && self.greatest().is_none_or(|greatest| value <= greatest)
    }

    /// The smallest type that holds both values: of the same kind, or with a sign if it needs one.
    fn smallest(signed: bool, least: i128, greatest: i128) -> &'static str {
        let signed = signed || least < 0;
        let holding = INTEGERS
            .into_iter()
            .find(|integer| integer.signed == signed && integer.holds(least) && integer.holds(greatest));
        // 128 bits hold every bound that can be written.
        holding.map_or("i128", |integer| integer.name)
    }
}

impl Kind {
    fn of(ty: &Type) -> Self {
        let path = match ty {
            Type::Reference(reference) => match &*reference.elem {
                Type::Path(path) if path.path.is_ident("str") => return Kind::Text,
                _ => return Kind::Other,
            },
            Type::Path(path) if path.qself.is_none() => &path.path,
            _ => return Kind::Other,
        };
        let Some(last) = path.segments.last() else { return Kind::Other };
        let name = last.ident.to_string();
        let inner = match &last.arguments {
            PathArguments::AngleBracketed(list) => list.args.iter().find_map(|argument| match argument {
                GenericArgument::Type(Type::Path(path)) => path.path.get_ident().map(ToString::to_string),
                _ => None,
            }),
            _ => None,
        };
        match (name.as_str(), inner.as_deref()) {
            ("String", None) | ("Box" | "Cow" | "Arc" | "Rc", Some("str")) => Kind::Text,
            ("f32" | "f64", None) => Kind::Float,
            ("bool", None) => Kind::Bool,
            ("char", None) => Kind::Char,
            ("PathBuf" | "OsString", None) => Kind::PathBuf,
            ("Uuid", None) => Kind::Uuid,
            ("IpAddr", None) => Kind::IpAddr,
            ("Ipv4Addr", None) => Kind::Ipv4Addr,
            ("Ipv6Addr", None) => Kind::Ipv6Addr,
            ("SocketAddr" | "SocketAddrV4" | "SocketAddrV6", None) => Kind::SocketAddr,
            ("NonZero", Some(inner)) => Integer::named(inner).map_or(Kind::Other, Kind::Integer),
            (name, None) => {
                let name = name.strip_prefix("NonZero").map_or_else(|| name.to_owned(), str::to_lowercase);
                Integer::named(&name).map_or(Kind::Other, Kind::Integer)
            }
            _ => Kind::Other,
        }
    }

    /// After "and the argument is".
    fn noun(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Integer(_) => "a whole number",
            Kind::Float => "a number with a fraction",
            Kind::Bool => "a truth value",
            Kind::Char => "a single character",
            Kind::PathBuf => "a path",
            Kind::Uuid => "a UUID",
            Kind::IpAddr | Kind::Ipv4Addr | Kind::Ipv6Addr | Kind::SocketAddr => "an address",
            Kind::Other => "something else",
        }
    }

    /// The placeholder that gives such a value.
    fn placeholder(self, name: &str) -> String {
        match self {
            Kind::Integer(Integer { signed: true, .. }) => format!("<int(signed):{name}>"),
            Kind::Integer(_) => format!("<int:{name}>"),
            Kind::Float => format!("<float:{name}>"),
            Kind::Bool => format!("<any(true,false):{name}>"),
            Kind::Char => format!("<string(length=1):{name}>"),
            Kind::Uuid => format!("<uuid:{name}>"),
            Kind::PathBuf => format!("<path:{name}>"),
            _ => format!("<{name}>"),
        }
    }
}

fn differs(placeholder: &Placeholder, stands_for: &str, kind: Kind, usual: &str) -> Mismatch {
    let Placeholder { name, .. } = placeholder;
    let message = format!("`<{name}>` is {stands_for}, and its argument is {}", kind.noun());
    let other = kind.placeholder(name);
    let help = if kind == Kind::Text {
        format!("write `{name}: {usual}`, or `{other}` in the rule if any text will do")
    } else {
        format!("write `{name}: {usual}`, or `{other}` in the rule")
    };
    Mismatch::new(message, help)
}

fn int(placeholder: &Placeholder, options: &IntOptions, kind: Kind, argument: &Argument) -> Option<Mismatch> {
    let usual = if options.signed { "i64" } else { "u64" };
    match kind {
        Kind::Other => None,
        Kind::Integer(integer) => range(placeholder, options, integer, argument),
        Kind::Text if options.fixed_digits.is_some() => {
            let (name, digits) = (&placeholder.name, options.fixed_digits.unwrap_or_default());
            let mismatch = differs(placeholder, "a whole number", kind, usual);
            let keeps = format!("`<re(\"[0-9]{{{digits}}}\"):{name}>` keeps the zeros in front");
            Some(Mismatch { help: format!("{}; {keeps}", mismatch.help), ..mismatch })
        }
        kind => Some(differs(placeholder, "a whole number", kind, usual)),
    }
}

/// The bounds that the rule states against those of the type.
fn range(
    placeholder: &Placeholder,
    options: &IntOptions,
    integer: Integer,
    argument: &Argument,
) -> Option<Mismatch> {
    let Placeholder { name, .. } = placeholder;
    let ty = words::source(&argument.ty);
    let greatest_of_type = match integer.greatest() {
        Some(greatest) => greatest.to_string(),
        None if integer.signed => i128::MAX.to_string(),
        None => u128::MAX.to_string(),
    };
    if options.signed && !integer.signed {
        let signed =
            Integer::smallest(true, options.min.unwrap_or(0), integer.greatest().unwrap_or(i128::MAX));
        let message = format!("`<{name}>` may be negative, and `{ty}` holds no number below 0");
        return Some(Mismatch::new(
            message,
            format!("write `{name}: {signed}`, or leave `signed` out of the rule"),
        ));
    }
    let digits = options.fixed_digits.map(|digits| {
        u32::try_from(digits).ok().and_then(|digits| 10i128.checked_pow(digits)).map(|power| power - 1)
    });
    if digits == Some(None) && options.max.is_none() {
        let digits = options.fixed_digits.unwrap_or_default();
        let message = format!("`<{name}>` has {digits} digits, and `{ty}` holds at most {greatest_of_type}");
        let help =
            format!("no integer type holds as many; take the text of `<re(\"[0-9]{{{digits}}}\"):{name}>`");
        return Some(Mismatch::new(message, help));
    }
    let digits = digits.flatten();
    let greatest = match (options.max, digits) {
        (Some(max), Some(digits)) => Some(max.min(digits)),
        (max, digits) => max.or(digits),
    };
    let least = match (options.min, digits.filter(|_| options.signed)) {
        (Some(min), Some(digits)) => Some(min.max(-digits)),
        (min, digits) => min.or(digits.map(|digits| -digits)),
    };
    let fitting = |least: Option<i128>, greatest: Option<i128>| {
        Integer::smallest(integer.signed, least.unwrap_or(0), greatest.or(least).unwrap_or(0))
    };
    if let Some(least) = least.filter(|least| *least > 0 && !integer.holds(*least)) {
        let message = format!("`<{name}>` is at least {least}, and `{ty}` holds at most {greatest_of_type}");
        let fitting = fitting(Some(least), greatest);
        return Some(Mismatch::new(
            message,
            format!("no value fits: write `{name}: {fitting}`, or a smaller `min`"),
        ));
    }
    if let Some(greatest) = greatest.filter(|greatest| *greatest > 0 && !integer.holds(*greatest)) {
        let message = format!("`<{name}>` can be {greatest}, and `{ty}` holds at most {greatest_of_type}");
        let fitting = fitting(least, Some(greatest));
        let bound = match options.max {
            Some(_) => format!(", or `max={greatest_of_type}` in the rule"),
            None => String::new(),
        };
        return Some(Mismatch::new(message, format!("write `{name}: {fitting}`{bound}")));
    }
    if let Some(least) = least.filter(|least| !integer.holds(*least)) {
        let least_of_type = integer.least();
        let message = format!("`<{name}>` can be {least}, and `{ty}` holds at least {least_of_type}");
        let fitting = fitting(Some(least), greatest);
        return Some(Mismatch::new(
            message,
            format!("write `{name}: {fitting}`, or `min={least_of_type}` in the rule"),
        ));
    }
    None
}

fn float(placeholder: &Placeholder, kind: Kind) -> Option<Mismatch> {
    match kind {
        Kind::Float | Kind::Other => None,
        kind => Some(differs(placeholder, "a number with a fraction", kind, "f64")),
    }
}

fn path(placeholder: &Placeholder, kind: Kind) -> Option<Mismatch> {
    match kind {
        Kind::Text | Kind::PathBuf | Kind::Other => None,
        kind => Some(differs(placeholder, "the rest of the path, slashes included", kind, "&str")),
    }
}

fn uuid(placeholder: &Placeholder, kind: Kind) -> Option<Mismatch> {
    match kind {
        Kind::Text | Kind::Uuid | Kind::Other => None,
        kind => Some(differs(placeholder, "a UUID", kind, "Uuid")),
    }
}

fn any(placeholder: &Placeholder, choices: &[String], kind: Kind, argument: &Argument) -> Option<Mismatch> {
    let bad = choices.iter().find(|word| !is_one(word, kind))?;
    let (name, ty) = (&placeholder.name, words::source(&argument.ty));
    let message = format!("`<{name}>` can be `{bad}`, which is no `{ty}`");
    Some(Mismatch::new(message, format!("write `{name}: &str`, or leave `{bad}` out of the rule")))
}

/// Whether a type takes this word, as its `FromStr` would.
fn is_one(word: &str, kind: Kind) -> bool {
    match kind {
        Kind::Integer(integer) => {
            let digits = word.strip_prefix(['-', '+']).unwrap_or(word);
            match word.parse::<i128>() {
                Ok(value) => integer.holds(value) && (integer.signed || !word.starts_with('-')),
                // Above what an `i128` holds there is only one type, and it ends where 128 bits do.
                Err(error) if *error.kind() == IntErrorKind::PosOverflow => {
                    integer.greatest().is_none() && digits.parse::<u128>().is_ok()
                }
                Err(_) => false,
            }
        }
        Kind::Float => word.parse::<f64>().is_ok(),
        Kind::Bool => word.parse::<bool>().is_ok(),
        Kind::Char => word.parse::<char>().is_ok(),
        Kind::IpAddr => word.parse::<net::IpAddr>().is_ok(),
        Kind::Ipv4Addr => word.parse::<net::Ipv4Addr>().is_ok(),
        Kind::Ipv6Addr => word.parse::<net::Ipv6Addr>().is_ok(),
        Kind::SocketAddr => word.parse::<net::SocketAddr>().is_ok(),
        Kind::Text | Kind::PathBuf | Kind::Uuid | Kind::Other => true,
    }
}

/// `Option<T>`: the route does not match without the value.
fn optional(placeholder: &Placeholder, argument: &Argument) -> Option<Mismatch> {
    let Type::Path(path) = &argument.ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Option")?;
    let PathArguments::AngleBracketed(list) = &last.arguments else { return None };
    let inner = words::source(&list.args);
    let name = &placeholder.name;
    let message = format!("`<{name}>` is never missing: without it the rule does not match");
    Some(Mismatch::new(
        message,
        format!("write `{name}: {inner}`; a path without it is a second route with a rule of its own"),
    ))
}
