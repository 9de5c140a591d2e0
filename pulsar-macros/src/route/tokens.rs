//! Writes the registration of a route: one block that reads as a sentence.
//!
//! Path values come first, before anything of the request is read: a value that its type refuses means that there is
//! no such page. Then the extractors, the last of them with the body, then the call: awaited, on the pool, or at once.
//!
//! Locals have mixed-site hygiene and each line stands at what it is about, so that an error of the compiler points
//! at the user's argument and never at a name of ours.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::{
    function::Function,
    route::{
        arguments::{Joined, Source},
        attribute::{Attribute, Rule},
    },
};

/// The block for one attribute.
pub(crate) fn registration(
    attribute: &Attribute,
    rule: &Rule,
    function: &Function,
    arguments: &[Joined<'_>],
) -> TokenStream {
    let site = Span::mixed_site();
    let names = Names::new(function, arguments);
    let (crate_path, conditions) = (&attribute.crate_path, &function.conditions);
    let handler = handler(attribute, function, arguments, &names);
    let requirements = requirements(arguments, &names);
    let route = route(attribute, rule, function, arguments, &names);
    quote_spanned! {site=>
        #(#conditions)*
        #[doc(hidden)]
        const _: () = {
            use #crate_path::__private as _pulsar;

            #handler
            #requirements
            _pulsar::inventory::submit! { #route }
        };
    }
}

/// The names in a block. Items are not hygienic and locals of one macro share their names, so ours step aside.
struct Names {
    handler: Ident,
    requirements: Ident,
    /// The local of each argument.
    locals: Vec<Ident>,
}

impl Names {
    fn new(function: &Function, arguments: &[Joined<'_>]) -> Self {
        let item = |name: &str| {
            let name = if function.name == name { format!("{name}_of_route") } else { name.to_owned() };
            Ident::new(&name, Span::mixed_site())
        };
        let mut taken: Vec<String> = ["request", "params", "context", "parts", "body", "value", "rejection"]
            .map(str::to_owned)
            .to_vec();
        let mut locals = Vec::new();
        for (number, Joined { argument, .. }) in arguments.iter().enumerate() {
            let mut name = match &argument.name {
                // Without the underscore that says that the function does not use it: we do.
                Some(name) if name.contains(|c| c != '_') => name.trim_start_matches('_').to_owned(),
                _ => format!("argument_{}", number + 1),
            };
            while taken.contains(&name) || syn::parse_str::<Ident>(&name).is_err() {
                name.push_str("_value");
            }
            locals.push(Ident::new(&name, argument.span()));
            taken.push(name);
        }
        Names { handler: item("handler"), requirements: item("requirements"), locals }
    }
}

fn handler(
    attribute: &Attribute,
    function: &Function,
    arguments: &[Joined<'_>],
    names: &Names,
) -> TokenStream {
    let site = Span::mixed_site();
    let name = &names.handler;
    let on_pool = !function.is_async && attribute.inline.is_none();
    let has_values = arguments.iter().any(|joined| joined.source != Source::Extractor);
    let extracts = arguments.iter().any(|joined| joined.source == Source::Extractor);

    // What is not used has no name, so that the block says what the route needs.
    let unless = |used: bool, name: TokenStream| if used { name } else { quote_spanned!(site=> _) };
    let request = unless(extracts, quote_spanned!(site=> request));
    let params = unless(has_values, quote_spanned!(site=> params));
    let context = unless(extracts || on_pool, quote_spanned!(site=> context));
    let keep_context =
        (extracts || on_pool).then(|| quote_spanned!(site=> let context = _pulsar::Clone::clone(context);));

    let values = values(arguments, names);
    let extractions = extractions(arguments, names);
    let call = call(function, arguments, names);
    let reply = if !function.is_async && !on_pool && !extracts {
        quote_spanned!(site=> _pulsar::Reply::now(#call))
    } else {
        let answer = if on_pool {
            quote_spanned!(site=> _pulsar::on_pool(&context, move || #call).await)
        } else {
            call
        };
        // At the function's name: that its future is not `Send` is said here.
        let place = Span::mixed_site().located_at(function.name.span());
        quote_spanned! {place=>
            _pulsar::Reply::later(async move {
                #extractions
                #answer
            })
        }
    };
    quote_spanned! {site=>
        fn #name(
            #request: _pulsar::Request,
            #params: _pulsar::Params,
            #context: &_pulsar::Context,
        ) -> _pulsar::Reply {
            #values
            #keep_context
            #reply
        }
    }
}

/// One line for each path value that is parsed.
fn values(arguments: &[Joined<'_>], names: &Names) -> TokenStream {
    let lines = arguments.iter().zip(&names.locals).filter_map(|(Joined { argument, source }, local)| {
        let Source::Parsed(index) = source else { return None };
        let (index, ty) = (Literal::usize_unsuffixed(*index), &argument.ty);
        Some(quote_spanned! {argument.span()=>
            let _pulsar::Option::Some(#local) = params.parse::<#ty>(#index) else {
                return _pulsar::Reply::now(_pulsar::no_such_value());
            };
        })
    });
    lines.collect()
}

/// One line for each extractor; the last one may take the body.
fn extractions(arguments: &[Joined<'_>], names: &Names) -> TokenStream {
    let site = Span::mixed_site();
    let mut extractors: Vec<_> = arguments
        .iter()
        .zip(&names.locals)
        .filter(|(joined, _)| joined.source == Source::Extractor)
        .collect();
    let Some((last, last_local)) = extractors.pop() else { return TokenStream::new() };

    let heads = extractors.iter().map(|(Joined { argument, .. }, local)| {
        let ty = &argument.ty;
        let span = argument.span();
        let extraction = quote_spanned! {span=>
            <#ty as _pulsar::FromRequestParts<_pulsar::Context>>::from_request_parts(&mut parts, &context)
        };
        extracted(local, span, &extraction)
    });
    let heads: TokenStream = heads.collect();
    let heads = (!heads.is_empty()).then(|| {
        quote_spanned! {site=>
            let (mut parts, body) = _pulsar::Request::into_parts(request);
            #heads
            let request = _pulsar::Request::from_parts(parts, body);
        }
    });
    let ty = &last.argument.ty;
    let span = last.argument.span();
    let extraction = quote_spanned! {span=>
        <#ty as _pulsar::FromRequest<_pulsar::Context, _>>::from_request(request, &context)
    };
    let last = extracted(last_local, span, &extraction);
    quote_spanned! {site=> #heads #last }
}

fn extracted(local: &Ident, span: Span, extraction: &TokenStream) -> TokenStream {
    quote_spanned! {span=>
        let #local = match #extraction.await {
            _pulsar::Result::Ok(value) => value,
            _pulsar::Result::Err(rejection) => {
                return _pulsar::rejected(_pulsar::IntoResponse::into_response(rejection)).await;
            }
        };
    }
}

/// The user's function with its arguments, as a response.
fn call(function: &Function, arguments: &[Joined<'_>], names: &Names) -> TokenStream {
    let name = &function.name;
    let span = function.output_span();
    let values =
        arguments.iter().zip(&names.locals).map(|(Joined { argument, source }, local)| match source {
            Source::Text(index) => {
                let index = Literal::usize_unsuffixed(*index);
                quote_spanned!(argument.span()=> params.str(#index))
            }
            Source::Parsed(_) | Source::Extractor => quote!(#local),
        });
    let wait = function.is_async.then(|| quote_spanned!(span=> .await));
    quote_spanned!(span=> _pulsar::IntoResponse::into_response(#name(#(#values),*) #wait))
}

/// What the extractors need of the worker, asked when the program starts.
fn requirements(arguments: &[Joined<'_>], names: &Names) -> Option<TokenStream> {
    let name = &names.requirements;
    let probes: Vec<TokenStream> = arguments
        .iter()
        .filter(|joined| joined.source == Source::Extractor)
        .map(|Joined { argument, .. }| {
            let ty = &argument.ty;
            quote_spanned!(argument.span()=> _pulsar::Probe::<#ty>::new().requirement())
        })
        .collect();
    (!probes.is_empty()).then(|| {
        quote_spanned! {Span::mixed_site()=>
            fn #name() -> _pulsar::Vec<_pulsar::Requirement> {
                use _pulsar::NoRequirement as _;
                _pulsar::found([#(#probes),*])
            }
        }
    })
}

/// The entry, with the parts that it has.
fn route(
    attribute: &Attribute,
    rule: &Rule,
    function: &Function,
    arguments: &[Joined<'_>],
    names: &Names,
) -> TokenStream {
    let site = Span::mixed_site();
    let Names { handler, requirements, .. } = names;
    let (methods, rule) = (&attribute.methods, &rule.literal);
    let function_name = function.name.to_string();
    let name = attribute.name.as_ref().map(|name| quote_spanned!(site=> .name(#name)));
    let doc = Some(&function.doc).filter(|doc| !doc.is_empty()).map(|doc| quote_spanned!(site=> .doc(#doc)));
    let extracts = arguments.iter().any(|joined| joined.source == Source::Extractor);
    let extracts = extracts.then(|| quote_spanned!(site=> .requires(#requirements).extracts(true)));
    let blocking =
        (!function.is_async && attribute.inline.is_none()).then(|| quote_spanned!(site=> .blocking(true)));
    quote_spanned! {site=>
        _pulsar::Route::new(&[#(#methods),*], #rule, #handler)
            .function(#function_name)
            #name
            .at(_pulsar::Place::new(module_path!(), file!(), line!(), column!()))
            #doc
            #extracts
            #blocking
            .built_for_tests(cfg!(test))
    }
}
