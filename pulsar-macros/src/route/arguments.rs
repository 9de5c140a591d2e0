//! Joins the placeholders of a rule with the arguments of a function.
//!
//! An argument whose name is a placeholder is that path value; every other one is an extractor. What is said here is
//! said from names and from the types that every Rust program knows; whether a type really is an extractor is for the
//! compiler to find out.

use std::ops::Range;

use proc_macro2::{TokenStream, TokenTree};
use pulsar_pattern::{Converter, Placeholder};
use quote::ToTokens;
use syn::{GenericArgument, PathArguments, ReturnType, Type, TypePath};

use crate::{
    errors::{Errors, with_help},
    function::{Argument, Function},
    route::{
        attribute::{Attribute, Rule},
        body, conversions, lookalikes,
    },
    words,
};

/// As many as pulsar has an implementation for.
const MAX_ARGUMENTS: usize = 16;

/// An argument and where its value comes from.
pub(crate) struct Joined<'a> {
    pub(crate) argument: &'a Argument,
    pub(crate) source: Source,
}

/// Where the value of an argument comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The path value at this index, as the `&str` it is.
    Text(usize),
    /// The path value at this index, parsed.
    Parsed(usize),
    /// The type extracts itself from the request.
    Extractor,
}

/// One entry for each argument, in order, and the mistakes in joining them.
pub(crate) fn join<'a>(
    attribute: &Attribute,
    rule: &Rule,
    function: &'a Function,
    errors: &mut Errors,
) -> Vec<Joined<'a>> {
    let placeholders: Vec<&Placeholder> = rule.pattern.placeholders().collect();
    let owners = owners(&placeholders, &function.arguments);
    let joined: Vec<Joined<'a>> = function
        .arguments
        .iter()
        .enumerate()
        .map(|(number, argument)| {
            let source = match owners.iter().position(|owner| *owner == Some(number)) {
                Some(index) if is_text(&argument.ty) => Source::Text(index),
                Some(index) => Source::Parsed(index),
                None => Source::Extractor,
            };
            Joined { argument, source }
        })
        .collect();

    let mut strays: Vec<&Argument> = joined
        .iter()
        .filter(|joined| joined.source == Source::Extractor)
        .map(|joined| joined.argument)
        .collect();
    let reads_the_path = strays.iter().any(|argument| reads_path(&argument.ty));
    let missing: Vec<&Placeholder> = placeholders
        .iter()
        .zip(&owners)
        .filter(|(_, owner)| owner.is_none() && !reads_the_path)
        .map(|(placeholder, _)| *placeholder)
        .collect();
    for placeholder in &missing {
        // One mistake, one message: an argument that is named here as the misspelt one is not reported again.
        let meant = meant_argument(placeholder, &missing, &strays);
        errors.at(&rule.literal, missing_argument(rule, placeholder, function, meant));
        strays.retain(|argument| !meant.is_some_and(|meant| std::ptr::eq(meant, *argument)));
    }
    for argument in &strays {
        check_extractor(argument, &placeholders, errors);
        lookalikes::check_extractor(argument, errors);
    }
    body::check(attribute, function, &strays, errors);
    for joined in &joined {
        check_lifetimes(joined, function, errors);
        if let Source::Text(index) | Source::Parsed(index) = joined.source {
            check_path_value(joined.argument, errors);
            conversions::check(rule, placeholders[index], joined.argument, errors);
        }
    }
    if let Some(first_too_many) = function.arguments.get(MAX_ARGUMENTS) {
        let message =
            format!("a handler has up to {MAX_ARGUMENTS} arguments, and `{}` has more", function.name);
        let help = "take path values together as `Path<(A, B)>` or `Path<Struct>`, or write an extractor of your own";
        errors.at(&first_too_many.original, with_help(message, help));
    }
    check_answer(function, errors);
    lookalikes::check_answer(&function.output, errors);
    joined
}

/// An answer outlives the call, and with it what the call was given.
fn check_answer(function: &Function, errors: &mut Errors) {
    let ReturnType::Type(_, ty) = &function.output else { return };
    let Type::Reference(reference) = &**ty else { return };
    if reference.lifetime.as_ref().is_some_and(|lifetime| lifetime.ident == "static") {
        return;
    }
    let help = match words::source(&reference.elem).as_str() {
        "str" => "return a `String`, or a `&'static str`".to_owned(),
        owned => format!("return the value itself: `{owned}`"),
    };
    errors.at(ty, with_help("an answer cannot borrow from the arguments of its handler", help));
}

/// For each placeholder the number of its argument: the one of the same name, else the one with an underscore more.
fn owners(placeholders: &[&Placeholder], arguments: &[Argument]) -> Vec<Option<usize>> {
    // `id: Path<u64>` reads the value itself, whatever its name is.
    let named = |name: &str| {
        arguments
            .iter()
            .position(|argument| argument.name.as_deref() == Some(name) && !reads_path(&argument.ty))
    };
    placeholders
        .iter()
        .map(|placeholder| {
            named(&placeholder.name).or_else(|| {
                let unused = format!("_{}", placeholder.name);
                // `_id` may be a placeholder as well, and then it has that argument.
                let taken = placeholders.iter().any(|other| other.name == unused);
                named(&unused).filter(|_| !taken)
            })
        })
        .collect()
}

/// The argument that was meant for a placeholder: the nearest name, else the only one that is left for the only
/// placeholder that is left.
fn meant_argument<'a>(
    placeholder: &Placeholder,
    missing: &[&Placeholder],
    strays: &[&'a Argument],
) -> Option<&'a Argument> {
    let names = strays.iter().filter_map(|argument| argument.name.as_deref());
    if let Some(near) = words::nearest(&placeholder.name, names) {
        return strays.iter().find(|argument| argument.name.as_deref() == Some(near)).copied();
    }
    let mut like_values =
        strays.iter().filter(|argument| is_plain_value(&argument.ty) && argument.name.is_some());
    match (missing, like_values.next(), like_values.next()) {
        ([_], Some(only), None) => Some(only),
        _ => None,
    }
}

fn missing_argument(
    rule: &Rule,
    placeholder: &Placeholder,
    function: &Function,
    meant: Option<&Argument>,
) -> String {
    let Placeholder { name, span, .. } = placeholder;
    let arguments: Vec<String> = function.arguments.iter().map(Argument::source).collect();
    let note = match arguments.len() {
        0 => format!("`{}` takes no arguments", function.name),
        1 => format!("the argument is {}", words::list(&arguments)),
        _ => format!("the arguments are {}", words::list(&arguments)),
    };
    let help = match meant.and_then(|argument| argument.name.as_deref()) {
        Some(near) => format!("did you mean `{near}`? the placeholder and its argument have the same name"),
        None => format!(
            "add the argument `{name}: {}`, or `_{name}: &str` if the handler does not need it",
            usual_type(&placeholder.converter)
        ),
    };
    let message = format!("placeholder `<{name}>` has no argument of that name");
    with_help(format!("{message}\n{}", draw(rule, span.clone(), &note)), help)
}

fn draw(rule: &Rule, span: Range<usize>, note: &str) -> String {
    words::underline(&rule.literal.value(), span, note)
}

/// What a beginner would write for a converter.
fn usual_type(converter: &Converter) -> &'static str {
    match converter {
        Converter::Int(options) if options.signed => "i64",
        Converter::Int(_) => "u64",
        Converter::Float(_) => "f64",
        _ => "&str",
    }
}

/// What can be said of an extractor without knowing its type.
fn check_extractor(argument: &Argument, placeholders: &[&Placeholder], errors: &mut Errors) {
    let written = argument.source();
    let names: Vec<&str> = placeholders.iter().map(|placeholder| placeholder.name.as_str()).collect();
    if is_plain_value(&argument.ty) {
        let ty = words::source(&argument.ty);
        let (message, help) = match argument.name.as_deref() {
            None => (
                format!(
                    "the argument `{written}` has no name, so it is no path value, and `{ty}` is no extractor"
                ),
                "name it after its placeholder; a leading underscore is fine".to_owned(),
            ),
            Some(name) => {
                let bare = name.trim_start_matches('_');
                let placed = match names.as_slice() {
                    [] => "the rule has no placeholders".to_owned(),
                    [one] => format!("the rule has only `<{one}>`"),
                    more => format!("the rule has `<{}>`", more.join(">`, `<")),
                };
                // A placeholder that has no argument has found the nearest of these before.
                let help = if names.contains(&bare) {
                    format!("`<{bare}>` is another argument already; leave one of the two out")
                } else {
                    format!("add `<{bare}>` to the rule, or read it with an extractor such as `Query<T>`")
                };
                (format!("`{written}` looks like a path value, but {placed}"), help)
            }
        };
        errors.at(&argument.original, with_help(message, help));
    } else if let Some(referent) = argument.referent() {
        let owned = words::source(referent);
        let message =
            format!("`{written}` is neither a path value nor an extractor: extractors are passed by value");
        errors.at(
            &argument.ty,
            with_help(message, format!("for a value that `#[provide]` makes, take `State<{owned}>`")),
        );
    }
}

/// A path value is a `&str` or comes out of `FromStr`, which gives no references.
fn check_path_value(argument: &Argument, errors: &mut Errors) {
    let Type::Reference(reference) = &argument.ty else { return };
    let is_static = reference.lifetime.as_ref().is_some_and(|lifetime| lifetime.ident == "static");
    if is_text(&argument.ty) {
        if is_static {
            let message = "a path value lives as long as its request, not `'static`";
            errors.at(&argument.ty, with_help(message, "write `&str`, or `String` to own it"));
        }
        return;
    }
    let owned = match words::source(&reference.elem).as_str() {
        "String" | "str" => "&str".to_owned(),
        "Path" => "PathBuf".to_owned(),
        other => other.to_owned(),
    };
    let message =
        format!("a path value is passed by value or as `&str`, not as `{}`", words::source(&argument.ty));
    errors.at(&argument.ty, with_help(message, format!("write `{owned}`")));
}

/// A declared lifetime may name the borrow of a `&str`, nothing else: an extractor's type is used where the lifetime
/// is not declared.
fn check_lifetimes(joined: &Joined<'_>, function: &Function, errors: &mut Errors) {
    let ty = match (&joined.argument.ty, joined.source) {
        (Type::Reference(reference), Source::Text(_)) => reference.elem.to_token_stream(),
        (ty, _) => ty.to_token_stream(),
    };
    for lifetime in &function.lifetimes {
        if mentions(ty.clone(), &lifetime.ident) {
            let message =
                format!("only a `&{lifetime} str` path value can use the lifetime `{lifetime}` of a handler");
            errors.at(&joined.argument.ty, with_help(message, "write an owned type, or `'_`"));
        }
    }
}

fn mentions(tokens: TokenStream, lifetime: &proc_macro2::Ident) -> bool {
    let mut after_tick = false;
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => mentions(group.stream(), lifetime),
        TokenTree::Ident(word) => std::mem::take(&mut after_tick) && word == *lifetime,
        TokenTree::Punct(punct) => {
            after_tick = punct.as_char() == '\'';
            false
        }
        TokenTree::Literal(_) => false,
    })
}

/// `&str`, with any lifetime.
fn is_text(ty: &Type) -> bool {
    matches!(ty, Type::Reference(reference) if reference.mutability.is_none() && is_named(&reference.elem, &["str"]))
}

/// A type that no request can be turned into as a whole: it can only be meant as a path value.
fn is_plain_value(ty: &Type) -> bool {
    const PLAIN: [&str; 16] = [
        "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32", "f64",
        "bool", "char",
    ];
    is_text(ty) || is_named(ty, &PLAIN)
}

fn is_named(ty: &Type, names: &[&str]) -> bool {
    match ty {
        Type::Path(TypePath { qself: None, path, .. }) => {
            path.get_ident().is_some_and(|name| names.iter().any(|other| name == other))
        }
        Type::Group(group) => is_named(&group.elem, names),
        Type::Paren(paren) => is_named(&paren.elem, names),
        _ => false,
    }
}

/// Extractors that hand the path values out by other means, also inside `Option<..>` and the like.
fn reads_path(ty: &Type) -> bool {
    const READERS: [&str; 4] = ["Path", "RawPathParams", "Request", "Parts"];
    let Type::Path(TypePath { path, .. }) = ty else { return false };
    path.segments.last().is_some_and(|last| {
        let inner = match &last.arguments {
            PathArguments::AngleBracketed(list) => list.args.iter().any(|argument| match argument {
                GenericArgument::Type(ty) => reads_path(ty),
                _ => false,
            }),
            _ => false,
        };
        inner || READERS.iter().any(|reader| last.ident == reader)
    })
}
