//! Who reads the body of a request: one extractor, the last one, and with a method that has a body.
//!
//! It knows the extractors that read it by their names. Of others the compiler finds out.

use syn::{GenericArgument, PathArguments, Type, TypePath};

use crate::{
    errors::{Errors, with_help},
    function::{Argument, Function},
    route::attribute::Attribute,
    words,
};

/// Reports extractors that read a body which is gone, still wanted, or not there.
pub(super) fn check(
    attribute: &Attribute,
    function: &Function,
    extractors: &[&Argument],
    errors: &mut Errors,
) {
    let readers: Vec<&Argument> =
        extractors.iter().copied().filter(|argument| reader(&argument.ty).is_some()).collect();
    match readers.as_slice() {
        [] => return,
        [only] => {
            if extractors.last().is_some_and(|last| !std::ptr::eq(*last, *only)) {
                not_last(only, function, errors);
            }
        }
        [.., last] => {
            let written: Vec<String> = readers.iter().map(|reader| reader.source()).collect();
            let all = if readers.len() == 2 { "both" } else { "all" };
            let message = format!("a request has one body, and {} {all} read it", words::list(&written));
            let help =
                "keep one of them; `Request` or `Bytes` gives all of the body, to be read in the function";
            errors.at(&last.original, with_help(message, help));
        }
    }
    without_body(attribute, &readers, errors);
}

fn not_last(reader: &Argument, function: &Function, errors: &mut Errors) {
    let others = function.arguments.iter().filter(|argument| !std::ptr::eq(*argument, reader));
    let order: Vec<String> = others.chain([reader]).map(Argument::source).collect();
    let message = format!("`{}` reads the body, so it comes last", reader.source());
    let word = if function.is_async { "async fn" } else { "fn" };
    let help = format!("write `{word} {}({})`", function.name, order.join(", "));
    errors.at(&reader.original, with_help(message, help));
}

/// A body of GET or HEAD has no meaning (RFC 9110, 9.3.1), and clients and proxies drop it. A form is then in the query
/// string, and a `Request` is more than its body.
fn without_body(attribute: &Attribute, readers: &[&Argument], errors: &mut Errors) {
    let methods: Vec<String> = attribute.methods.iter().map(syn::LitStr::value).collect();
    if attribute.allowed.body || !methods.iter().all(|method| matches!(method.as_str(), "GET" | "HEAD")) {
        return;
    }
    for argument in readers {
        let Some(name) = reader(&argument.ty).filter(|name| name != "Request" && name != "Form") else {
            continue;
        };
        let message = format!(
            "`{}` reads the body, and a {} request has none",
            argument.source(),
            methods.join(" or ")
        );
        let other = match name.as_str() {
            "Json" => ", or take `Query<T>`",
            "String" => ", or add the placeholder of a path value to the rule",
            _ => "",
        };
        let help = format!("use `#[post]`{other}; `allow(body)` in the attribute if clients do send one");
        errors.at(&argument.original.ty, with_help(message, help));
    }
}

/// The name of the extractor that reads the body, if the type is one, also in `Option<..>` and `Result<..>`.
fn reader(ty: &Type) -> Option<String> {
    const READERS: [&str; 8] =
        ["Json", "Form", "Multipart", "String", "Bytes", "BytesMut", "Body", "Request"];
    let Type::Path(TypePath { path, .. }) = ty else { return None };
    let last = path.segments.last()?;
    let name = last.ident.to_string();
    if READERS.contains(&name.as_str()) {
        return Some(name);
    }
    let PathArguments::AngleBracketed(list) = &last.arguments else { return None };
    let Some(GenericArgument::Type(inner)) = list.args.first() else { return None };
    match name.as_str() {
        "Option" | "Result" => reader(inner),
        "Vec" if words::source(inner) == "u8" => Some(name),
        _ => None,
    }
}
