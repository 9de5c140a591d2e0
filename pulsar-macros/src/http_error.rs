//! `#[derive(HttpError)]`: the status of an error, beside the message that `Display` gives it.
//!
//! The text of an error below 500 is for the client; that of one from 500 on is logged and never sent, unless
//! `#[detail("..")]` says what may be.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::{Attribute, Data, DeriveInput, Expr, ExprLit, ExprPath, Fields, Lit, LitStr, Meta, Path};

use crate::{
    errors::{Errors, with_help},
    options::Options,
    words,
};

/// The implementation of `IntoResponse`, or what is wrong.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let arms = arms(&input, &mut errors);
    let crate_path = crate_path(&input.attrs, &mut errors);
    if errors.is_empty() { implementation(&input, &crate_path, &arms) } else { errors.into_tokens() }
}

/// What one variant, or the struct, is answered with.
struct Arm {
    /// `None` for a struct.
    variant: Option<Ident>,
    answer: Answer,
}

#[derive(Clone, Default)]
struct Answer {
    status: Option<u16>,
    detail: Option<LitStr>,
}

fn arms(input: &DeriveInput, errors: &mut Errors) -> Vec<Arm> {
    let of_type = answer(&input.attrs, errors);
    match &input.data {
        Data::Struct(data) => {
            refuse_on_fields(&data.fields, errors);
            vec![Arm { variant: None, answer: of_type }]
        }
        Data::Enum(data) => {
            if data.variants.is_empty() {
                let message = format!("`{}` has no variants: there is nothing to answer", input.ident);
                errors.at(&input.ident, message);
            }
            let arm = |variant: &syn::Variant| {
                refuse_on_fields(&variant.fields, errors);
                let own = answer(&variant.attrs, errors);
                let answer = Answer {
                    status: own.status.or(of_type.status),
                    detail: own.detail.or_else(|| of_type.detail.clone()),
                };
                Arm { variant: Some(variant.ident.clone()), answer }
            };
            data.variants.iter().map(arm).collect()
        }
        Data::Union(data) => {
            let message = "`HttpError` is for enums and structs; a union has no variants to tell apart";
            errors.at(data.union_token, message);
            Vec::new()
        }
    }
}

fn answer(attributes: &[Attribute], errors: &mut Errors) -> Answer {
    let mut answer = Answer::default();
    let mut seen: Vec<String> = Vec::new();
    for attribute in attributes {
        let path = attribute.path();
        if !path.is_ident("status") && !path.is_ident("detail") {
            continue;
        }
        let name = words::source(path);
        if seen.contains(&name) {
            errors.at(attribute, format!("`#[{name}]` is given twice; one of the two is enough"));
            continue;
        }
        seen.push(name);
        if path.is_ident("status") {
            answer.status = status(attribute, errors);
        } else {
            answer.detail = detail(attribute, errors);
        }
    }
    answer
}

fn refuse_on_fields(fields: &Fields, errors: &mut Errors) {
    for attribute in fields.iter().flat_map(|field| &field.attrs) {
        if attribute.path().is_ident("status") || attribute.path().is_ident("detail") {
            let name = words::source(attribute.path());
            let message = format!("`#[{name}]` belongs on a variant or on the type, not on a field");
            errors.at(attribute, message);
        }
    }
}

fn status(attribute: &Attribute, errors: &mut Errors) -> Option<u16> {
    const EXAMPLE: &str = "write `#[status(404)]` or `#[status(NOT_FOUND)]`";
    let inside = match &attribute.meta {
        Meta::List(list) => list.tokens.clone(),
        _ => TokenStream::new(),
    };
    let Ok(value) = syn::parse2::<Expr>(inside.clone()) else {
        let place = if inside.is_empty() { attribute.to_token_stream() } else { inside };
        errors.at(place, with_help("`#[status]` takes one status", EXAMPLE));
        return None;
    };
    match &value {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => {
            let status = number.base10_parse::<u16>().ok().filter(|status| (400..=599).contains(status));
            if status.is_none() {
                let message = format!("`{number}` is not the status of an error");
                errors.at(number, with_help(message, "400 to 499 is the client's fault, 500 to 599 is ours"));
            }
            status
        }
        Expr::Path(ExprPath { path, .. }) => named_status(path, errors),
        other => {
            let message = format!("`{}` is no status", words::source(other));
            errors.at(other, with_help(message, EXAMPLE));
            None
        }
    }
}

fn named_status(path: &Path, errors: &mut Errors) -> Option<u16> {
    let name = path.segments.last().map(|last| last.ident.to_string())?;
    let found = NAMES.iter().find(|(_, known)| *known == name).map(|(status, _)| *status);
    if found.is_none() {
        let help = match words::nearest(&name, NAMES.iter().map(|(_, known)| *known)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "it is a constant of `StatusCode` from 400 on, or its number".to_owned(),
        };
        errors.at(path, with_help(format!("unknown status `{name}`"), help));
    }
    found
}

fn detail(attribute: &Attribute, errors: &mut Errors) -> Option<LitStr> {
    let text = attribute.parse_args::<LitStr>().ok().filter(|text| !text.value().trim().is_empty());
    if text.is_none() {
        let message = "`#[detail]` takes the text that the client sees";
        errors.at(attribute, with_help(message, "write `#[detail(\"try again later\")]`"));
    }
    text
}

/// `#[http_error(crate = path)]`, for crates that re-export pulsar.
fn crate_path(attributes: &[Attribute], errors: &mut Errors) -> Path {
    let tokens =
        attributes.iter().find(|attribute| attribute.path().is_ident("http_error")).map(|attribute| {
            match &attribute.meta {
                Meta::List(list) => list.tokens.clone(),
                _ => TokenStream::new(),
            }
        });
    let options = Options::read("#[http_error]", tokens.unwrap_or_default(), &["crate"], &[], errors);
    for value in options.values() {
        errors.at(value, with_help("`#[http_error]` takes no value", "it knows `crate = path`"));
    }
    options.crate_path(errors)
}

fn implementation(input: &DeriveInput, crate_path: &Path, arms: &[Arm]) -> TokenStream {
    let site = Span::mixed_site();
    let name = &input.ident;
    let (impl_generics, type_generics, clause) = input.generics.split_for_impl();
    let predicates = clause.map(|clause| &clause.predicates).filter(|predicates| !predicates.is_empty());
    let predicates = predicates.map(|predicates| {
        let comma = (!predicates.trailing_punct()).then(|| quote_spanned!(site=> ,));
        quote_spanned!(site=> #predicates #comma)
    });
    // At the name: that the type is no error is said there, once.
    let at_name = site.located_at(name.span());
    let bound = quote_spanned! {at_name=>
        Self: ::std::error::Error + ::core::marker::Send + ::core::marker::Sync + 'static
    };
    let problem = match arms {
        [Arm { variant: None, answer }] => problem(answer),
        arms => {
            let arms = arms.iter().map(|Arm { variant, answer }| {
                let problem = problem(answer);
                quote_spanned!(site=> Self::#variant { .. } => #problem,)
            });
            quote_spanned!(site=> match self { #(#arms)* })
        }
    };
    quote_spanned! {site=>
        #[doc(hidden)]
        const _: () = {
            use #crate_path::__private as _pulsar;

            #[automatically_derived]
            impl #impl_generics _pulsar::IntoResponse for #name #type_generics
            where
                #predicates
                #bound,
            {
                fn into_response(self) -> _pulsar::Response {
                    let problem = #problem;
                    _pulsar::IntoResponse::into_response(problem)
                }
            }
        };
    }
}

fn problem(answer: &Answer) -> TokenStream {
    let site = Span::mixed_site();
    let number = answer.status.unwrap_or(500);
    let literal = Literal::u16_unsuffixed(number);
    let status = if let Some((_, name)) = NAMES.iter().find(|(status, _)| *status == number) {
        let name = Ident::new(name, site);
        quote_spanned!(site=> _pulsar::StatusCode::#name)
    } else {
        // Every number from 400 to 599 is a status code, with a name or without one.
        quote_spanned! {site=>
            _pulsar::StatusCode::from_u16(#literal).unwrap_or(_pulsar::StatusCode::INTERNAL_SERVER_ERROR)
        }
    };
    let is_ours = number >= 500;
    let detail = match &answer.detail {
        Some(text) => Some(quote_spanned!(site=> .with_detail(#text))),
        None if is_ours => None,
        None => Some(quote_spanned!(site=> .with_detail(_pulsar::ToString::to_string(&self)))),
    };
    let source = is_ours.then(|| quote_spanned!(site=> .with_source(self)));
    quote_spanned!(site=> _pulsar::Problem::new(#status) #detail #source)
}

/// The statuses with a name, as `StatusCode` has them.
const NAMES: [(u16, &str); 40] = [
    (400, "BAD_REQUEST"),
    (401, "UNAUTHORIZED"),
    (402, "PAYMENT_REQUIRED"),
    (403, "FORBIDDEN"),
    (404, "NOT_FOUND"),
    (405, "METHOD_NOT_ALLOWED"),
    (406, "NOT_ACCEPTABLE"),
    (407, "PROXY_AUTHENTICATION_REQUIRED"),
    (408, "REQUEST_TIMEOUT"),
    (409, "CONFLICT"),
    (410, "GONE"),
    (411, "LENGTH_REQUIRED"),
    (412, "PRECONDITION_FAILED"),
    (413, "PAYLOAD_TOO_LARGE"),
    (414, "URI_TOO_LONG"),
    (415, "UNSUPPORTED_MEDIA_TYPE"),
    (416, "RANGE_NOT_SATISFIABLE"),
    (417, "EXPECTATION_FAILED"),
    (418, "IM_A_TEAPOT"),
    (421, "MISDIRECTED_REQUEST"),
    (422, "UNPROCESSABLE_ENTITY"),
    (423, "LOCKED"),
    (424, "FAILED_DEPENDENCY"),
    (425, "TOO_EARLY"),
    (426, "UPGRADE_REQUIRED"),
    (428, "PRECONDITION_REQUIRED"),
    (429, "TOO_MANY_REQUESTS"),
    (431, "REQUEST_HEADER_FIELDS_TOO_LARGE"),
    (451, "UNAVAILABLE_FOR_LEGAL_REASONS"),
    (500, "INTERNAL_SERVER_ERROR"),
    (501, "NOT_IMPLEMENTED"),
    (502, "BAD_GATEWAY"),
    (503, "SERVICE_UNAVAILABLE"),
    (504, "GATEWAY_TIMEOUT"),
    (505, "HTTP_VERSION_NOT_SUPPORTED"),
    (506, "VARIANT_ALSO_NEGOTIATES"),
    (507, "INSUFFICIENT_STORAGE"),
    (508, "LOOP_DETECTED"),
    (510, "NOT_EXTENDED"),
    (511, "NETWORK_AUTHENTICATION_REQUIRED"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{golden, golden_messages, tokens};

    #[test]
    fn each_variant_has_its_status() {
        let item = r#"
            #[derive(Debug)]
            #[status(BAD_GATEWAY)]
            enum ShopError {
                #[status(404)]
                NoSuchItem(u64),
                #[status(StatusCode::CONFLICT)]
                #[detail("the item was sold meanwhile")]
                Sold,
                #[status(499)]
                Gone { why: String },
                Supplier(std::io::Error),
                #[status(503)]
                #[detail("try again in a minute")]
                Busy,
            }
        "#;
        golden("http_error", expand(tokens(item)));
    }

    #[test]
    fn a_struct_may_be_generic() {
        let item = "#[http_error(crate = my::pulsar)] struct Failed<E>(E) where E: std::error::Error;";
        golden("http_error_struct", expand(tokens(item)));
    }

    #[test]
    fn every_mistake_is_named_with_a_way_out() {
        let rows = [
            "#[status(200)]\nstruct Failed;",
            "#[status(99999)]\nstruct Failed;",
            "#[status(NOT_FUOND)]\nstruct Failed;",
            "#[status(OK)]\nstruct Failed;",
            "#[status(\"404\")]\nstruct Failed;",
            "#[status]\nstruct Failed;",
            "#[status(404, 405)]\nstruct Failed;",
            "#[status = 404]\nstruct Failed;",
            "#[status(404)]\n#[status(404)]\nstruct Failed;",
            "#[detail]\nstruct Failed;",
            "#[detail(\"\")]\nstruct Failed;",
            "struct Failed(#[status(404)] u8);",
            "enum Failed { A(#[detail(\"a\")] u8), #[status(0)] B }",
            "enum Failed {}",
            "union Failed { a: u8 }",
            "#[http_error(5)]\nstruct Failed;",
        ];
        golden_messages(
            "http_error",
            rows.map(|row| (format!("#[derive(HttpError)]\n{row}"), expand(tokens(row)))),
        );
    }
}
