//! Types that look right in a handler and are not: extractors that cannot be optional, those of another router, `Option` as
//! an answer.
//!
//! What is said here is said from names that have one meaning in every program.

use syn::{GenericArgument, Path, PathArguments, ReturnType, Type};

use crate::{
    errors::{Errors, with_help},
    function::Argument,
    words,
};

/// Reports an extractor that is none of ours, or that has no `Option`.
pub(super) fn check_extractor(argument: &Argument, errors: &mut Errors) {
    let Type::Path(ty) = &argument.ty else { return };
    if let Some((message, help)) = of_another_router(&ty.path).or_else(|| never_missing(&ty.path)) {
        errors.at(&argument.ty, with_help(message, help));
    }
}

/// `axum::extract::Path` and the like read what the router of axum leaves in the request.
fn of_another_router(path: &Path) -> Option<(String, String)> {
    if path.segments.first().is_none_or(|first| first.ident != "axum" && first.ident != "axum_extra") {
        return None;
    }
    let last = path.segments.last()?;
    let generics = words::source(&last.arguments);
    let help = match last.ident.to_string().as_str() {
        "Path" | "OptionalPath" => {
            format!("write `pulsar::Path{generics}`, or name arguments after the placeholders")
        }
        "RawPathParams" => {
            "write `pulsar::Path<Vec<(String, String)>>`, or name arguments after the placeholders".to_owned()
        }
        "MatchedPath" => "write `pulsar::request::MatchedRoute`".to_owned(),
        "NestedPath" => "leave it out; `pulsar::request::MatchedRoute` is what matched".to_owned(),
        _ => return None,
    };
    let written = words::source(path);
    Some((
        format!("`{written}` reads what the router of axum leaves in the request, and this is another one"),
        help,
    ))
}

/// `Option<E>` of an extractor that has a value for every request.
fn never_missing(path: &Path) -> Option<(String, String)> {
    let inner = only_argument(path, "Option")?;
    let Type::Path(extractor) = inner else { return None };
    let last = extractor.path.segments.last()?;
    let written = words::source(inner);
    let (why, help) = match last.ident.to_string().as_str() {
        "Query" => (
            "a query string that is missing is an empty one",
            format!("write `{written}`, and in it fields of type `Option<..>` or with `#[serde(default)]`"),
        ),
        "State" => (
            "without a provider the program does not start",
            format!("write `{written}`; a provider may return an `Option`, for `State<Option<..>>`"),
        ),
        "Path" => (
            "a rule that matches has all of its values",
            format!("write `{written}`; a path without them is a second route"),
        ),
        "String" | "Bytes" | "Body" | "Request" | "HeaderMap" | "Method" | "Uri" => {
            ("every request has one, which may be empty", format!("write `{written}`"))
        }
        _ => return None,
    };
    Some((format!("`{}` cannot be optional: {why}", last.ident), help))
}

/// Reports `Option<T>` and `Result<Option<T>>` as what a handler returns.
pub(super) fn check_answer(output: &ReturnType, errors: &mut Errors) {
    let ReturnType::Type(_, ty) = output else { return };
    let Type::Path(path) = &**ty else { return };
    let in_result = first_argument(&path.path, "Result");
    let answer = in_result.unwrap_or(ty);
    let Type::Path(answer) = answer else { return };
    let Some(inner) = only_argument(&answer.path, "Option") else { return };
    let message = format!("`{}` is no answer: nothing says what `None` means", words::source(answer));
    let inner = words::source(inner);
    let help = format!("return `pulsar::Result<{inner}>`, by `.ok_or_else(|| pulsar::Error::status(404))`");
    errors.at(answer, with_help(message, help));
}

/// The `T` of `name<T>`.
fn only_argument<'a>(path: &'a Path, name: &str) -> Option<&'a Type> {
    let last = path.segments.last()?;
    let PathArguments::AngleBracketed(list) = &last.arguments else { return None };
    first_argument(path, name).filter(|_| list.args.len() == 1)
}

/// The `T` of `name<T>` and of `name<T, E>`.
fn first_argument<'a>(path: &'a Path, name: &str) -> Option<&'a Type> {
    let last = path.segments.last().filter(|last| last.ident == name)?;
    let PathArguments::AngleBracketed(list) = &last.arguments else { return None };
    match list.args.first() {
        Some(GenericArgument::Type(ty)) => Some(ty),
        _ => None,
    }
}
