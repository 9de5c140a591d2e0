//! Writes the struct that `url!` fills: one field for each placeholder, and the rule behind it.
//!
//! It stands beside the function and is as visible, so that whoever can name the function by its path can name its URL. That a
//! value can be written into a URL is not asked here, where it would keep people from having the route, but where `url!` does.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use pulsar_pattern::Placeholder;
use quote::{ToTokens, quote_spanned};
use syn::{GenericArgument, PathArguments, Token, Type, TypePath, TypeTuple, ext::IdentExt};

use crate::{
    errors::{Errors, with_help},
    function::Function,
    route::{
        arguments::{Joined, Source},
        attribute::{Attribute, Rule},
    },
};

/// Reports a `url` that has no effect: only the attribute next to the function writes the struct.
pub(crate) fn check(attribute: &Attribute, function: &Function, errors: &mut Errors) {
    if let (Some(key), true) = (&attribute.no_url, function.has_more_attributes) {
        let message = "the URL of a function is that of the attribute next to it, which is not this one";
        errors.at(key, with_help(message, "write `url = false` there"));
    }
}

/// The struct that `url!` fills.
pub(crate) struct Url {
    /// Stands beside the function.
    pub(crate) item: TokenStream,
    pub(crate) name: Ident,
    /// What stands behind the name where any lifetime will do.
    pub(crate) lifetime: Option<TokenStream>,
}

/// Nothing if another attribute writes it, or nobody shall.
pub(crate) fn of_route(
    attribute: &Attribute,
    rule: &Rule,
    function: &Function,
    arguments: &[Joined<'_>],
) -> Option<Url> {
    if function.has_more_attributes || attribute.no_url.is_some() {
        return None;
    }
    let site = Span::mixed_site();
    let name = struct_name(&function.name, site.located_at(function.name.span()));
    let (visibility, conditions) = (&function.visibility, &function.conditions);
    let fields: Vec<Field> = fields(rule, arguments);
    let borrows = fields.iter().any(|field| field.borrows);
    let generics = borrows.then(|| quote_spanned!(site=> <'url>));
    let doc =
        format!(" What `url!({} {{ .. }})` takes: the values of `{}`.", function.name, rule.literal.value());
    let docs = fields.iter().map(|field| &field.doc);
    let names = fields.iter().map(|field| &field.name);
    let types = fields.iter().map(|field| &field.ty);
    // At the function's name: that something else has this name is said here.
    let keyword = Token![struct](name.span());
    let item = quote_spanned! {site=>
        #(#conditions)*
        #[doc = #doc]
        #visibility #keyword #name #generics {
            #(
                #[doc = #docs]
                pub #names: #types,
            )*
        }
    };
    Some(Url { item, name, lifetime: borrows.then(|| quote_spanned!(site=> <'_>)) })
}

/// The name of the struct for the function that is called `function`.
///
/// Not the name of the function itself, although that is another namespace: a handler `metrics` would hide the crate
/// `metrics` from its own module, and one called `time` would stand in the way of `use tokio::time`.
pub(crate) fn struct_name(function: &Ident, span: Span) -> Ident {
    Ident::new(&format!("{}_url", function.unraw()), span)
}

struct Field {
    name: Ident,
    ty: TokenStream,
    doc: String,
    /// Whether the type has the lifetime of the struct.
    borrows: bool,
}

/// One field for each placeholder, in their order.
fn fields(rule: &Rule, arguments: &[Joined<'_>]) -> Vec<Field> {
    let site = Span::mixed_site();
    let placeholders: Vec<&Placeholder> = rule.pattern.placeholders().collect();
    let elements = elements(&placeholders, arguments);
    let field = |(index, placeholder): (usize, &&Placeholder)| {
        let argument = arguments
            .iter()
            .find(|joined| matches!(joined.source, Source::Text(at) | Source::Parsed(at) if at == index));
        let ty = match argument {
            Some(joined) => Some(&joined.argument.ty),
            None => elements.get(index).copied(),
        };
        let span = argument.map_or(site, |joined| joined.argument.span());
        let (ty, borrows) = match ty.filter(|ty| !is_text(ty)) {
            Some(ty) => with_lifetime(ty.to_token_stream()),
            None => (quote_spanned!(span=> &'url str), true),
        };
        Field {
            name: Ident::new(&placeholder.name, span),
            ty,
            doc: format!(" The value of `{placeholder}`."),
            borrows,
        }
    };
    placeholders.iter().enumerate().map(field).collect()
}

/// The types in a `Path<(A, B)>` that reads all placeholders together.
fn elements<'a>(placeholders: &[&Placeholder], arguments: &[Joined<'a>]) -> Vec<&'a Type> {
    let all =
        arguments.iter().filter(|joined| joined.source == Source::Extractor).find_map(
            |joined| match in_path(&joined.argument.ty)? {
                Type::Tuple(TypeTuple { elems, .. }) => Some(elems.iter().collect::<Vec<_>>()),
                _ => None,
            },
        );
    all.filter(|elements| elements.len() == placeholders.len()).unwrap_or_default()
}

/// The type in `Path<..>`.
fn in_path(ty: &Type) -> Option<&Type> {
    let Type::Path(TypePath { path, .. }) = ty else { return None };
    let last = path.segments.last().filter(|last| last.ident == "Path")?;
    match &last.arguments {
        PathArguments::AngleBracketed(list) => match list.args.first()? {
            GenericArgument::Type(ty) => Some(ty),
            _ => None,
        },
        _ => None,
    }
}

/// Whether any text is a value of the type: then the URL needs no more than to borrow it. `PathBuf` is one of them, since a path
/// itself may not be text.
fn is_text(ty: &Type) -> bool {
    match ty {
        Type::Reference(reference) => is_path_to(&reference.elem, &["str"]),
        _ if is_path_to(ty, &["String", "PathBuf", "OsString"]) => true,
        Type::Path(TypePath { path, .. }) => path.segments.last().is_some_and(|last| {
            let holds_text = match &last.arguments {
                PathArguments::AngleBracketed(list) => list.args.iter().any(
                    |argument| matches!(argument, GenericArgument::Type(ty) if is_path_to(ty, &["str"])),
                ),
                _ => false,
            };
            holds_text && ["Box", "Arc", "Rc", "Cow"].iter().any(|name| last.ident == name)
        }),
        _ => false,
    }
}

fn is_path_to(ty: &Type, names: &[&str]) -> bool {
    matches!(ty, Type::Path(TypePath { qself: None, path, .. })
        if path.segments.last().is_some_and(|last| last.arguments.is_none() && names.iter().any(|name| last.ident == name)))
}

/// The type with the lifetime of the struct where it leaves one open.
fn with_lifetime(ty: TokenStream) -> (TokenStream, bool) {
    let mut after_tick = false;
    let mut borrows = false;
    let tokens = ty.into_iter().map(|token| match token {
        TokenTree::Group(group) => {
            let (inner, inside) = with_lifetime(group.stream());
            borrows |= inside;
            let mut replaced = proc_macro2::Group::new(group.delimiter(), inner);
            replaced.set_span(group.span());
            TokenTree::Group(replaced)
        }
        TokenTree::Ident(word) if std::mem::take(&mut after_tick) && word == "_" => {
            borrows = true;
            TokenTree::Ident(Ident::new("url", word.span()))
        }
        TokenTree::Punct(punct) => {
            after_tick = punct.as_char() == '\'';
            TokenTree::Punct(punct)
        }
        token => token,
    });
    let tokens = tokens.collect();
    (tokens, borrows)
}
