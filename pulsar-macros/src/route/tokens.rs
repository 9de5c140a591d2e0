//! Writes the registration of a route: one block that reads as a sentence, and holds no code that runs.
//!
//! It names the function, where each argument comes from, and what the function gives. The rest is done by what is compiled once, in
//! pulsar: the less stands beside each route, the less the compiler has to read at every check.
//!
//! Each type is asked for what it has to be at the place where it is named, so that an error of the compiler points at the user's
//! argument and never at a name of ours.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Type, TypePath};

use crate::{
    function::{Function, result_of},
    route::{
        arguments::{Joined, Source},
        attribute::{Attribute, Rule},
        url::{self, Url},
        waits::waits,
    },
};

/// The block for one attribute.
///
/// A stream of tokens that is put into another one goes through the compiler, which is most of what a macro costs: so what has one span
/// is written in one piece.
pub(crate) fn registration(
    attribute: &Attribute,
    rule: &Rule,
    function: &Function,
    arguments: &[Joined<'_>],
) -> TokenStream {
    let site = Span::mixed_site();
    let (crate_path, conditions) = (&attribute.crate_path, &function.conditions);
    let asks = asks(arguments);
    // Of arguments that are no state, and of those that may look at more than what was sent.
    let no_requirement = asks.is_some().then(|| quote_spanned!(site=> use _pulsar::NoRequirement as _;));
    let may_read_more =
        arguments.iter().any(may_read_less).then(|| quote_spanned!(site=> use _pulsar::MayReadMore as _;));
    let route = route(attribute, rule, function, arguments, asks);
    let (item, entry) = match url::of_route(attribute, rule, function, arguments) {
        // The one that is registered is the one whose URL is asked for.
        Some(Url { item, name, lifetime }) => {
            let entry = quote_spanned! {site=>
                impl _pulsar::RouteUrl for #name #lifetime {
                    const ROUTE: _pulsar::Route = #route;
                }
                _pulsar::inventory::submit! { <#name as _pulsar::RouteUrl>::ROUTE }
            };
            (Some(item), entry)
        }
        None => (None, quote_spanned!(site=> _pulsar::inventory::submit! { #route })),
    };
    quote_spanned! {site=>
        #item

        #(#conditions)*
        #[doc(hidden)]
        const _: () = {
            use #crate_path::__private as _pulsar;
            #no_requirement
            #may_read_more
            #entry
        };
    }
}

/// The entry, with the parts that it has.
fn route(
    attribute: &Attribute,
    rule: &Rule,
    function: &Function,
    arguments: &[Joined<'_>],
    asks: Option<TokenStream>,
) -> TokenStream {
    let site = Span::mixed_site();
    let (methods, rule, name) = (&attribute.methods, &rule.literal, &function.name);
    let function_name = name.to_string();
    let own_name = attribute.name.iter();
    let doc = Some(&function.doc).filter(|doc| !doc.is_empty()).into_iter();
    let blocking = is_pooled(attribute, function).then(|| Ident::new("blocking", site)).into_iter();
    let how = Ident::new(how(attribute, function, arguments), site);
    let arguments = self::arguments(arguments);
    let future = function.is_async.then(|| {
        let at_name = site.located_at(name.span());
        quote_spanned!(at_name=> <_ as _pulsar::HandlerFuture>::TYPE,)
    });
    let gives = gives(function);
    quote_spanned! {site=>
        _pulsar::Route::new(
            &[#(#methods),*],
            #rule,
            #function_name,
            (&_pulsar::Function::#how(#name, #arguments, #future #gives)).handler(),
            _pulsar::Place::here(module_path!()),
        )
        #(.name(#own_name))*
        #(.doc(#doc))*
        #asks
        #(.#blocking())*
        .built_for_tests(cfg!(test))
    }
}

fn is_pooled(attribute: &Attribute, function: &Function) -> bool {
    !function.is_async && attribute.inline.is_none()
}

/// The way in which the function is called.
fn how(attribute: &Attribute, function: &Function, arguments: &[Joined<'_>]) -> &'static str {
    if is_pooled(attribute, function) {
        "pooled"
    } else if !function.is_async {
        "inline"
    } else if !arguments.iter().any(takes_from_request) && !waits(function) {
        "immediate"
    } else if arguments.iter().any(|joined| matches!(joined.source, Source::Text(_))) {
        "awaited_with_text"
    } else {
        "awaited"
    }
}

/// Whether an argument is waited for, as far as its name tells. A future is kept for it, and that of the function stands in it.
fn takes_from_request(joined: &Joined<'_>) -> bool {
    joined.source == Source::Extractor && !is_named(&joined.argument.ty, &["State"])
}

/// The names of what may read nothing but what the client sent, or less; the compiler knows whether it does.
const READ_LESS: [&str; 6] = ["Json", "Form", "Query", "State", "Bytes", "String"];

/// Whether an argument may be such an extractor.
fn may_read_less(joined: &Joined<'_>) -> bool {
    joined.source == Source::Extractor && is_named(&joined.argument.ty, &READ_LESS)
}

/// Where the arguments come from: pairs of the first one and the rest.
fn arguments(arguments: &[Joined<'_>]) -> TokenStream {
    let last = arguments.iter().rposition(|joined| joined.source == Source::Extractor);
    let argument = |(number, joined): (usize, &Joined<'_>)| {
        let Joined { argument, source } = joined;
        let (ty, span) = (&argument.ty, argument.span());
        match source {
            Source::Text(index) => {
                let index = Literal::usize_unsuffixed(*index);
                quote_spanned!(span=> _pulsar::TextAt(#index))
            }
            Source::Parsed(index) => {
                let index = Literal::usize_unsuffixed(*index);
                quote_spanned!(span=> _pulsar::ValueAt(#index, <#ty as _pulsar::PathValue>::TYPE))
            }
            Source::Extractor => {
                let kind = if may_read_less(joined) {
                    quote_spanned!(span=> <_pulsar::Reads<#ty>>::KIND)
                } else {
                    quote_spanned!(span=> _pulsar::Anything)
                };
                if last == Some(number) {
                    quote_spanned!(span=> _pulsar::Last(<#ty as _pulsar::Extractor<_>>::TYPE, #kind))
                } else {
                    quote_spanned!(span=> _pulsar::Head(<#ty as _pulsar::HeadExtractor>::TYPE, #kind))
                }
            }
        }
    };
    let site = Span::mixed_site();
    arguments
        .iter()
        .enumerate()
        .map(argument)
        .rfold(quote_spanned!(site=> ()), |rest, first| quote_spanned!(site=> (#first, #rest)))
}

/// What the output is: an answer, or a `Result` of two, taken apart so that what one side lacks is said at that side.
fn gives(function: &Function) -> TokenStream {
    let span = function.output_span();
    if result_of(&function.output).is_none() {
        return quote_spanned!(span=> <_ as _pulsar::HandlerOutput>::TYPE);
    }
    let at = function.places();
    let value = quote_spanned!(at.value=> <_ as _pulsar::HandlerOutput>::TYPE);
    let error = quote_spanned!(at.error=> <_ as _pulsar::HandlerError>::TYPE);
    quote!((#value, #error))
}

/// What the arguments ask for, where they may be state; the compiler knows which are, also behind an alias.
fn asks(arguments: &[Joined<'_>]) -> Option<TokenStream> {
    let probes: Vec<TokenStream> = arguments
        .iter()
        .filter(|joined| joined.source == Source::Extractor && !is_of_the_request(&joined.argument.ty))
        .map(|Joined { argument, .. }| {
            let ty = &argument.ty;
            quote_spanned!(argument.span()=> <_pulsar::Probe<#ty>>::ASKS)
        })
        .collect();
    let site = Span::mixed_site();
    (!probes.is_empty()).then(|| quote_spanned!(site=> .asks(&[#(#probes),*])))
}

/// Whether a type has a name that everybody knows for something else than state.
fn is_of_the_request(ty: &Type) -> bool {
    const NAMES: [&str; 14] = [
        "Json",
        "Query",
        "Form",
        "Path",
        "Request",
        "HeaderMap",
        "Method",
        "Uri",
        "Version",
        "String",
        "Bytes",
        "Body",
        "Multipart",
        "MatchedRoute",
    ];
    is_named(ty, &NAMES)
}

/// Whether a type has one of these names, wherever it is.
fn is_named(ty: &Type, names: &[&str]) -> bool {
    matches!(ty, Type::Path(TypePath { path, .. })
        if path.segments.last().is_some_and(|last| names.iter().any(|name| last.ident == name)))
}
