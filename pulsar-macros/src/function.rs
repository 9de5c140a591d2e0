//! The function under an attribute, as far as every attribute of ours reads it.
//!
//! Not the matching of its arguments with a rule or a type: that is the business of the attribute. A [`Function`]
//! can be called by generated code: it has no `self`, no type parameters, no `unsafe`.
//!
//! The body is not parsed: it may be half written, and the registration does not depend on it.

use std::cell::OnceCell;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::{
    Attribute, Expr, ExprLit, FnArg, GenericArgument, GenericParam, Item, Lifetime, Lit, Meta, Pat, PatType,
    PathArguments, ReturnType, Safety, Signature, Type, TypePath, Visibility,
    ext::IdentExt,
    parse::{Parse, ParseStream},
    spanned::Spanned,
};

use crate::{
    errors::{Errors, with_help},
    half_written, words,
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
    pub(crate) visibility: Visibility,
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
    /// All of its attributes that follow below.
    pub(crate) attributes: Vec<Attribute>,
    /// What stands between the braces.
    pub(crate) body: TokenStream,
    /// The same as text, once somebody has asked for it.
    text: OnceCell<String>,
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
        let (head, body) = without_body(item.clone());
        let function: Written = match syn::parse2(head) {
            Ok(function) => function,
            Err(error) => {
                not_a_function(role, item, &error, errors);
                return None;
            }
        };
        let Written { attributes, visibility, signature } = function;
        check_signature(role, &signature, errors);
        let arguments: Vec<Argument> = signature
            .inputs
            .iter()
            .filter_map(|argument| match argument {
                FnArg::Typed(argument) => Some(read_argument(argument)),
                FnArg::Receiver(_) => None,
            })
            .collect();
        Some(Function {
            is_async: signature.asyncness.is_some(),
            visibility,
            arguments,
            lifetimes: signature.generics.lifetimes().map(|parameter| parameter.lifetime.clone()).collect(),
            name: signature.ident,
            output: signature.output,
            doc: doc(&attributes),
            conditions: attributes
                .iter()
                .filter(|attribute| attribute.path().is_ident("cfg"))
                .cloned()
                .collect(),
            has_more_attributes: attributes.iter().any(is_ours),
            attributes,
            body,
            text: OnceCell::new(),
        })
    }

    /// What stands between the braces, as text: to find a word there takes less time than to read each token.
    pub(crate) fn text(&self) -> &str {
        self.text.get_or_init(|| self.body.to_string())
    }

    /// The places of the value and of the error that the function returns.
    pub(crate) fn places(&self) -> Places {
        let at = |ty: &Type| Span::mixed_site().located_at(ty.span());
        let whole = self.output_span();
        let types = result_of(&self.output).unwrap_or_default();
        Places {
            value: types.first().map_or(whole, |ty| at(ty)),
            error: types.get(1).map_or(whole, |ty| at(ty)),
        }
    }

    /// These lines as a future that may go to another thread: where it may not, the compiler says so at the function's name.
    pub(crate) fn future(&self, lines: &TokenStream) -> TokenStream {
        let at_name = Span::mixed_site().located_at(self.name.span());
        quote_spanned!(at_name=> _pulsar::Box::pin(async move { #lines }))
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

/// Where messages about the two sides of what a function returns belong.
pub(crate) struct Places {
    /// The `T` of a `Result<T, E>`, else the type itself.
    pub(crate) value: Span,
    /// The `E`, as far as it is written.
    pub(crate) error: Span,
}

/// Whether it is a `Result`, or an alias of one: those have it in their names.
pub(crate) fn is_result(ty: &Type) -> bool {
    let Type::Path(TypePath { path, .. }) = bare(ty) else { return false };
    path.segments.last().is_some_and(|last| last.ident.to_string().contains("Result"))
}

/// The types that are written in `Result<T, E>`, under any path.
pub(crate) fn result_of(output: &ReturnType) -> Option<Vec<&Type>> {
    let ReturnType::Type(_, ty) = output else { return None };
    let Type::Path(TypePath { path, .. }) = bare(ty) else { return None };
    let last = path.segments.last().filter(|last| last.ident == "Result")?;
    let PathArguments::AngleBracketed(list) = &last.arguments else { return Some(Vec::new()) };
    let types = list.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    Some(types.collect())
}

/// An item with nothing between the braces at its end, and what stood there. To hand every token of a body to a parser that leaves it
/// alone is half of the work.
fn without_body(item: TokenStream) -> (TokenStream, TokenStream) {
    let mut tokens: Vec<TokenTree> = item.into_iter().collect();
    let mut body = TokenStream::new();
    if let Some(TokenTree::Group(group)) = tokens.last_mut()
        && group.delimiter() == Delimiter::Brace
    {
        let mut empty = Group::new(Delimiter::Brace, TokenStream::new());
        empty.set_span(group.span());
        body = std::mem::replace(group, empty).stream();
    }
    (tokens.into_iter().collect(), body)
}

/// A function as it is written, without its body.
struct Written {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    signature: Signature,
}

impl Parse for Written {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let signature = input.parse()?;
        match input.parse() {
            Ok(TokenTree::Group(body)) if body.delimiter() == Delimiter::Brace && input.is_empty() => {
                Ok(Written { attributes, visibility, signature })
            }
            _ => Err(input.error("expected the body of a function")),
        }
    }
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
pub(crate) fn is_ours(attribute: &Attribute) -> bool {
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

fn not_a_function(role: Role, item: TokenStream, error: &syn::Error, errors: &mut Errors) {
    let Ok(item) = syn::parse2::<Item>(item.clone()) else {
        // The compiler reads the function as well, and says what is missing.
        if !half_written::is_half_written(item) {
            let message = format!("`{}` cannot read this function: {error}", role.attribute);
            let help = "write its head in plainer Rust; what the body holds does not matter";
            errors.at_span(error.span(), with_help(message, help));
        }
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
