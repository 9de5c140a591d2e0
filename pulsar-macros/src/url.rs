//! `url!(user { id: 7 })`: fills the struct that stands beside a handler, and takes the text of each value on the way.
//!
//! It knows no route: whether fields are missing, unknown or of another type is for the compiler to say, of a struct literal
//! whose tokens are the user's. Not a check of values: the rule refuses those when the program runs.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::quote_spanned;
use syn::{
    FieldValue, Member, Path, PathArguments, Token, ext::IdentExt, parse::Parser, punctuated::Punctuated,
    spanned::Spanned,
};

use crate::{
    errors::{Errors, with_help},
    options::{Options, pieces},
    route::url::struct_name,
    words,
};

const EXAMPLE: &str = "write `url!(user { id: 7 })`, or `url!(home)` for a rule without placeholders";

/// The URL as an expression, or what is wrong.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let call = Call::read(input, &mut errors);
    match call {
        Some(call) if errors.is_empty() => call.into_tokens(),
        _ => {
            let mistakes = errors.into_tokens();
            // The last mistake is the value of the block, and its type fits everywhere.
            quote_spanned!(Span::mixed_site()=> { #mistakes })
        }
    }
}

struct Call {
    /// `try` stood before the route: the answer is a `Result`.
    is_try: bool,
    route: Path,
    values: Vec<FieldValue>,
    crate_path: Path,
}

impl Call {
    fn read(input: TokenStream, errors: &mut Errors) -> Option<Self> {
        let mut parts = pieces(input, errors).into_iter();
        let Some(first) = parts.next() else {
            errors.at_span(Span::call_site(), with_help("`url!` needs a route", EXAMPLE));
            return None;
        };
        let parts: Vec<TokenStream> = parts.filter(|part| !is_parameter(part, errors)).collect();
        let options =
            Options::read("url!", quote_spanned!(Span::mixed_site()=> #(#parts),*), &["crate"], &[], errors);
        for value in options.values() {
            let help = "values stand in braces behind the route: `user { id: 7 }`";
            errors.at(value, with_help("`url!` takes one route", help));
        }
        let crate_path = options.crate_path(errors);

        let mut tokens = first.clone().into_iter().peekable();
        let is_try =
            tokens.next_if(|token| matches!(token, TokenTree::Ident(word) if word == "try")).is_some();
        let mut tokens: Vec<TokenTree> = tokens.collect();
        let fields = match tokens.last() {
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let fields = group.stream();
                tokens.pop();
                fields
            }
            _ => TokenStream::new(),
        };
        let route = route(&first, tokens, errors);
        let values = values(fields, errors);
        Some(Call { is_try, route: route?, values, crate_path })
    }

    fn into_tokens(self) -> TokenStream {
        let site = Span::mixed_site();
        let Call { is_try, route, values, crate_path } = self;
        let fields = values.iter().map(|field| {
            let Member::Named(name) = &field.member else { return TokenStream::new() };
            let (text, value, attributes) = (name.unraw().to_string(), &field.expr, &field.attrs);
            // A `match` in the call, so that what the expression borrows from lives until then. The last word stands at the
            // user's value, for the compiler to say there that it has another type. The value may be a struct literal, which needs the
            // brackets.
            let place = site.located_at(value.span());
            quote_spanned! {place=>
                #(#attributes)*
                #name: match (#value) {
                    value => {
                        values.push(#text, #crate_path::__private::UrlValue::url_text(&value));
                        value
                    }
                },
            }
        });
        let build = if is_try { quote_spanned!(site=> try_url) } else { quote_spanned!(site=> url) };
        let place = site.located_at(route.span());
        let mut route = route;
        if let Some(last) = route.segments.last_mut() {
            last.ident = struct_name(&last.ident, last.ident.span());
        }
        quote_spanned! {place=>
            {
                static ROUTE: #crate_path::__private::UrlRoute = #crate_path::__private::UrlRoute::new();
                let mut values = #crate_path::__private::UrlValues::new();
                #crate_path::__private::RouteUrl::#build(#route { #(#fields)* }, &ROUTE, values)
            }
        }
    }
}

/// `page = 2` behind the route, which is meant for the query.
fn is_parameter(part: &TokenStream, errors: &mut Errors) -> bool {
    let mut tokens = part.clone().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Ident(key)), Some(TokenTree::Punct(equals)))
            if equals.as_char() == '=' && key != "crate" =>
        {
            let message = format!("`{key}` is no option of `url!`");
            let value: TokenStream = tokens.collect();
            let value = words::source(value);
            let help =
                format!("a parameter of the query is added behind: `url!(..).query(\"{key}\", {value})`");
            errors.at(&key, with_help(message, help));
            true
        }
        _ => false,
    }
}

/// The name of the handler, maybe with its module before it.
fn route(all: &TokenStream, tokens: Vec<TokenTree>, errors: &mut Errors) -> Option<Path> {
    if let [.., TokenTree::Group(group)] = &tokens[..]
        && group.delimiter() == Delimiter::Parenthesis
    {
        let help = "write `user { id: 7 }`, with the name of its placeholder before each value";
        errors.at(all, with_help("the values of a route stand in braces, with their names", help));
        return None;
    }
    let tokens: TokenStream = tokens.into_iter().collect();
    let Ok(path) = Path::parse_mod_style.parse2(tokens.clone()) else {
        let place = if tokens.is_empty() { all } else { &tokens };
        let message = match syn::parse2::<Path>(tokens.clone()) {
            Ok(path)
                if path.segments.iter().any(|segment| !matches!(segment.arguments, PathArguments::None)) =>
            {
                "a handler has no type parameters".to_owned()
            }
            _ => format!("`url!` takes the name of a handler, not `{}`", words::source(place)),
        };
        errors.at(place, with_help(message, EXAMPLE));
        return None;
    };
    Some(path)
}

/// What stands in the braces: `name: value`, or the name of a local alone.
fn values(fields: TokenStream, errors: &mut Errors) -> Vec<FieldValue> {
    let whole = Punctuated::<FieldValue, Token![,]>::parse_terminated.parse2(fields.clone());
    if let Ok(values) = whole
        && values.iter().all(|field| matches!(field.member, Member::Named(_)))
    {
        return values.into_iter().collect();
    }
    // One by one, so that each mistake is named.
    let mut values = Vec::new();
    for part in pieces(fields, errors) {
        let is_update = part.to_string().starts_with("..");
        match syn::parse2::<FieldValue>(part.clone()) {
            Ok(field) if matches!(field.member, Member::Named(_)) => {
                values.push(field);
            }
            _ if is_update => {
                let help = "write each value, so that it is seen which URL it is";
                errors.at(&part, with_help("`url!` takes no values from another struct", help));
            }
            _ => {
                let message = format!("`{}` is no value of a placeholder", words::source(&part));
                let help = match part.clone().into_iter().next() {
                    Some(TokenTree::Ident(name)) => format!("write `{name}: ..`"),
                    _ => "write the name of its placeholder before it: `id: 7`".to_owned(),
                };
                errors.at(&part, with_help(message, help));
            }
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{golden, golden_messages, tokens};

    /// An expression as an item, for those who read lists of items.
    fn as_item(expression: TokenStream) -> TokenStream {
        quote::quote!(fn link() -> Url { #expression })
    }

    #[test]
    fn a_url_is_a_struct_and_the_texts_of_its_fields() {
        golden(
            "url",
            as_item(expand(tokens(
                r#"users::user { id, slug: &format!("{x} y"), key: Key::<A, B> { n: 7 } }"#,
            ))),
        );
        golden("url_try", as_item(expand(tokens("try r#type { r#in: 7 }, crate = my_framework::pulsar"))));
        golden("url_bare", as_item(expand(tokens("home"))));
    }

    #[test]
    fn every_mistake_is_named_with_a_way_out() {
        let rows = [
            "",
            "try",
            r#""/users/7""#,
            "user(7)",
            "user(id = 7)",
            "{ id: 7 }",
            "user::<u8> { id: 7 }",
            "user.link",
            "user { 7 }",
            "user { id = 7 }",
            "user { id: }",
            "user { 0: 7 }",
            "user { id: 7, ..other }",
            "user { id: 7,, slug }",
            "user { id: 7 }, 8",
            "user, id = 7",
            "user { id: 7 }, page = 2",
            "user { id: 7 }, crate = \"x\"",
        ];
        golden_messages("url", rows.map(|row| (format!("url!({row});"), as_item(expand(tokens(row))))));
    }
}
