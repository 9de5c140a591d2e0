//! The function under an attribute, as far as every attribute of ours reads it.
//!
//! Not the matching of its arguments with a rule or a type: that is the business of the attribute. A [`Function`]
//! can be called by generated code: it has no `self`, no type parameters, no `unsafe`.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Attribute, Expr, ExprLit, FnArg, GenericParam, Item, ItemFn, Lifetime, Lit, Meta, Pat, PatType,
    ReturnType, Safety, Signature, Type, ext::IdentExt, spanned::Spanned,
};

use crate::{
    errors::{Errors, with_help},
    words,
};

/// What the attribute makes of its function, for messages.
#[derive(Clone, Copy)]
pub(crate) struct Role {
    /// `#[get]`
    pub(crate) attribute: &'static str,
    /// `a handler`
    pub(crate) noun: &'static str,
    /// `the router`: who calls the function.
    pub(crate) caller: &'static str,
    /// What the function does, after "the function that".
    pub(crate) purpose: &'static str,
}

/// A function that generated code can call.
pub(crate) struct Function {
    pub(crate) name: Ident,
    pub(crate) is_async: bool,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) output: ReturnType,
    /// Declared lifetimes: fine where they only name the borrow of an argument.
    pub(crate) lifetimes: Vec<Lifetime>,
    /// The doc comment, its lines joined and trimmed.
    pub(crate) doc: String,
    /// Its `#[cfg(..)]` attributes: the registration stands and falls with the function.
    pub(crate) conditions: Vec<Attribute>,
    /// Whether another attribute of ours follows below, which will report the same mistakes of the function.
    pub(crate) has_more_attributes: bool,
}

/// One argument, with the syntax that it was written in.
pub(crate) struct Argument {
    /// The name of a plain pattern: `id`, `_id`, `mut id`.
    pub(crate) name: Option<String>,
    /// The type, without parentheses around it.
    pub(crate) ty: Type,
    pub(crate) original: PatType,
}

impl Argument {
    /// As the user wrote it: `id: u64`.
    pub(crate) fn source(&self) -> String {
        format!("{}: {}", words::source(&self.original.pat), words::source(&self.original.ty))
    }

    /// The place of a line that is about this argument.
    pub(crate) fn span(&self) -> Span {
        Span::mixed_site().located_at(self.ty.span())
    }

    /// `&T`: the `T`.
    pub(crate) fn referent(&self) -> Option<&Type> {
        match &self.ty {
            Type::Reference(reference) => Some(&reference.elem),
            _ => None,
        }
    }
}

impl Function {
    /// Reads the item and reports why it cannot be `role.noun`. `None` when it is no function at all.
    pub(crate) fn read(role: Role, item: TokenStream, errors: &mut Errors) -> Option<Self> {
        // Nobody asks what the body says, and in a whole program reading it is most of the work.
        let Ok(function) = syn::parse2::<ItemFn>(without_body(&item)) else {
            let error = syn::parse2::<ItemFn>(item.clone()).err()?;
            not_a_function(role, item, error, errors);
            return None;
        };
        check_signature(role, &function.sig, errors);
        let arguments: Vec<Argument> = function
            .sig
            .inputs
            .iter()
            .filter_map(|argument| match argument {
                FnArg::Typed(argument) => Some(read_argument(argument)),
                FnArg::Receiver(_) => None,
            })
            .collect();
        Some(Function {
            name: function.sig.ident,
            is_async: function.sig.asyncness.is_some(),
            arguments,
            output: function.sig.output,
            lifetimes: function
                .sig
                .generics
                .lifetimes()
                .map(|parameter| parameter.lifetime.clone())
                .collect(),
            doc: doc(&function.attrs),
            conditions: function
                .attrs
                .iter()
                .filter(|attribute| attribute.path().is_ident("cfg"))
                .cloned()
                .collect(),
            has_more_attributes: function.attrs.iter().any(is_ours),
        })
    }

    /// The place of the lines that are about what the function returns.
    pub(crate) fn output_span(&self) -> Span {
        let span = match &self.output {
            ReturnType::Default => self.name.span(),
            ReturnType::Type(_, ty) => ty.span(),
        };
        Span::mixed_site().located_at(span)
    }
}

/// The item, with nothing between the braces that end it.
fn without_body(item: &TokenStream) -> TokenStream {
    let mut tokens: Vec<TokenTree> = item.clone().into_iter().collect();
    if let Some(TokenTree::Group(body)) = tokens.last_mut()
        && body.delimiter() == Delimiter::Brace
    {
        let span = body.span();
        *body = Group::new(Delimiter::Brace, TokenStream::new());
        body.set_span(span);
    }
    tokens.into_iter().collect()
}

/// The type inside parentheses and invisible delimiters.
fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        _ => ty,
    }
}

fn read_argument(argument: &PatType) -> Argument {
    let name = match &*argument.pat {
        Pat::Ident(pattern) if pattern.subpat.is_none() => Some(pattern.ident.unraw().to_string()),
        _ => None,
    };
    Argument { name, ty: bare(&argument.ty).clone(), original: argument.clone() }
}

/// Attributes that read the function again when this one is done.
fn is_ours(attribute: &Attribute) -> bool {
    const OURS: [&str; 8] = ["route", "get", "post", "put", "patch", "delete", "head", "options"];
    attribute.path().segments.last().is_some_and(|name| OURS.iter().any(|ours| name.ident == ours))
}

fn doc(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes {
        if let Meta::NameValue(pair) = &attribute.meta
            && pair.path.is_ident("doc")
            && let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value
        {
            // `split`, not `lines`: an empty line separates paragraphs.
            let strip = |line: &str| line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned();
            lines.extend(text.value().split('\n').map(strip));
        }
    }
    lines.join("\n").trim().to_owned()
}

fn not_a_function(role: Role, item: TokenStream, error: syn::Error, errors: &mut Errors) {
    let Ok(item) = syn::parse2::<Item>(item) else {
        errors.push(error);
        return;
    };
    let (what, place) = kind(&item);
    let Role { attribute, purpose, .. } = role;
    errors.at(
        place,
        with_help(
            format!("`{attribute}` goes on a function; this is {what}"),
            format!("write it above the `fn` or `async fn` that {purpose}"),
        ),
    );
}

/// What an item is, in words, and the token that shows it best.
fn kind(item: &Item) -> (&'static str, TokenStream) {
    match item {
        Item::Const(item) => ("a constant", item.ident.to_token_stream()),
        Item::Enum(item) => ("an enum", item.ident.to_token_stream()),
        Item::ExternCrate(item) => ("an `extern crate`", item.ident.to_token_stream()),
        Item::ForeignMod(item) => ("a block of foreign functions", item.abi.to_token_stream()),
        Item::Impl(item) => ("an `impl` block", item.self_ty.to_token_stream()),
        Item::Macro(item) => ("a macro call", item.mac.path.to_token_stream()),
        Item::Mod(item) => ("a module", item.ident.to_token_stream()),
        Item::Static(item) => ("a static", item.ident.to_token_stream()),
        Item::Struct(item) => ("a struct", item.ident.to_token_stream()),
        Item::Trait(item) => ("a trait", item.ident.to_token_stream()),
        Item::TraitAlias(item) => ("a trait alias", item.ident.to_token_stream()),
        Item::Type(item) => ("a type alias", item.ident.to_token_stream()),
        Item::Union(item) => ("a union", item.ident.to_token_stream()),
        Item::Use(item) => ("a `use`", item.use_token.to_token_stream()),
        // A trait's method without a body is what is left.
        other => ("a declaration without a body", other.to_token_stream()),
    }
}

fn check_signature(role: Role, signature: &Signature, errors: &mut Errors) {
    let Role { noun, caller, .. } = role;
    if let Some(token) = &signature.constness {
        errors.at(token, with_help(format!("{noun} cannot be a `const fn`"), "leave `const` out"));
    }
    if let Safety::Unsafe(token) = &signature.safety {
        let message = format!("{noun} cannot be `unsafe`: {caller} calls it with whatever it gets");
        errors.at(
            token,
            with_help(message, "keep the `unsafe` block inside the function, where it can be checked"),
        );
    }
    if let Some(abi) = &signature.abi {
        let message = format!("{noun} is a Rust function; {caller} cannot call another ABI");
        errors.at(abi, with_help(message, format!("leave `{}` out", words::source(abi))));
    }
    if let Some(variadic) = &signature.variadic {
        errors.at(variadic, format!("{noun} has a fixed number of arguments"));
    }
    if let Some(receiver) = signature.receiver() {
        let help = "make it a function outside of the `impl`, and take shared values as `State<T>`";
        errors.at(receiver, with_help(format!("{noun} is a free function: it has no `self`"), help));
    }
    for parameter in &signature.generics.params {
        check_parameter(role, parameter, errors);
    }
    if let Some(clause) = &signature.generics.where_clause {
        let help = "leave the clause out; the types of the arguments are concrete";
        errors.at(clause, with_help(format!("{noun} cannot have a `where` clause"), help));
    }
    for argument in &signature.inputs {
        let FnArg::Typed(argument) = argument else { continue };
        if let Some(place) = find(
            &argument.ty.to_token_stream(),
            &|token| matches!(token, TokenTree::Ident(word) if word == "impl"),
        ) {
            let message = format!(
                "the type of an argument must be named: `{}` leaves it open what {caller} has to pass",
                words::source(&argument.ty)
            );
            errors.at(place, with_help(message, "write a concrete type"));
        }
        for attribute in &argument.attrs {
            if attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr") {
                let help = "write two functions, each with its own `#[cfg(..)]`";
                errors.at(attribute, with_help(format!("an argument of {noun} cannot be conditional"), help));
            }
        }
    }
}

fn check_parameter(role: Role, parameter: &GenericParam, errors: &mut Errors) {
    let Role { noun, caller, .. } = role;
    match parameter {
        GenericParam::Type(ty) => {
            let message =
                format!("{noun} cannot be generic: nothing tells {caller} which `{}` to use", ty.ident);
            errors.at(ty, with_help(message, format!("write a concrete type in place of `{}`", ty.ident)));
        }
        GenericParam::Const(constant) => {
            let message =
                format!("{noun} cannot be generic: nothing tells {caller} which `{}` to use", constant.ident);
            errors.at(
                constant,
                with_help(message, format!("write the number in place of `{}`", constant.ident)),
            );
        }
        // Whether a lifetime matters depends on where it is used: the attribute looks.
        GenericParam::Lifetime(_) => {}
    }
}

/// The first token, at any depth, that `wanted` accepts.
pub(crate) fn find(tokens: &TokenStream, wanted: &dyn Fn(&TokenTree) -> bool) -> Option<TokenTree> {
    tokens.clone().into_iter().find_map(|token| match token {
        TokenTree::Group(group) => find(&group.stream(), wanted),
        token => wanted(&token).then_some(token),
    })
}
