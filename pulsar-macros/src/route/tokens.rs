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
    function::{Function, result_of},
    route::{
        arguments::{Joined, Source},
        attribute::{Attribute, Rule},
        url::{self, Url},
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
    let route = route(attribute, rule, function, arguments, &names);
    let checks = checks(arguments);
    let Url { item, implementation } = url::of_route(attribute, rule, function, arguments);
    quote_spanned! {site=>
        #item

        #(#conditions)*
        #[doc(hidden)]
        const _: () = {
            use #crate_path::__private as _pulsar;
            #checks

            #handler
            _pulsar::inventory::submit! { #route }
            #implementation
        };
    }
}

/// That every extractor is one, asked once: here the compiler says what is wrong with a type.
fn checks(arguments: &[Joined<'_>]) -> Option<TokenStream> {
    let site = Span::mixed_site();
    let extractors: Vec<_> = arguments.iter().filter(|joined| joined.source == Source::Extractor).collect();
    let last = extractors.len().checked_sub(1)?;
    let checks = extractors.iter().enumerate().map(|(number, Joined { argument, .. })| {
        let (ty, span) = (&argument.ty, argument.span());
        if number == last {
            quote_spanned!(span=> <#ty as _pulsar::Extractor<_>>::IS_ONE)
        } else {
            quote_spanned!(span=> <#ty as _pulsar::HeadExtractor>::IS_ONE)
        }
    });
    let count = Literal::usize_unsuffixed(extractors.len());
    // The traits are for what the compiler finds wrong, and for arguments that are no state.
    Some(quote_spanned! {site=>
        use _pulsar::{NoExtractor as _, NoRequirement as _};
        let _: [(); #count] = [#(#checks),*];
    })
}

/// The names in a block. Items are not hygienic and locals of one macro share their names, so ours step aside.
struct Names {
    handler: Ident,
    /// The local of each argument.
    locals: Vec<Ident>,
}

impl Names {
    fn new(function: &Function, arguments: &[Joined<'_>]) -> Self {
        let item = |name: &str| {
            let name = if function.name == name { format!("{name}_of_route") } else { name.to_owned() };
            Ident::new(&name, Span::mixed_site())
        };
        let mut taken: Vec<String> =
            ["request", "params", "context", "parts", "body", "value", "error"].map(str::to_owned).to_vec();
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
        Names { handler: item("handler"), locals }
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
        let kind = Ident::new(if extracts { "extracting" } else { "later" }, site);
        let answer = if extracts { quote_spanned!(site=> _pulsar::Ok(#answer)) } else { answer };
        let future = function.future(&quote_spanned!(site=> #extractions #answer));
        quote_spanned!(site=> _pulsar::Reply::#kind(#future))
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
            let _pulsar::Some(#local) = <#ty as _pulsar::PathValue>::of(&params, #index) else {
                return _pulsar::Reply::no_such_value();
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
        quote_spanned! {span=>
            let #local = _pulsar::Head::<#ty>::extract(&mut parts, &context).await?;
        }
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
    let last = quote_spanned! {span=>
        let #last_local = _pulsar::Last::<#ty, _>::extract(request, &context).await?;
    };
    quote_spanned! {site=> #heads #last }
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
    let called = quote_spanned!(span=> #name(#(#values),*) #wait);
    if result_of(&function.output).is_none() {
        return quote_spanned!(span=> _pulsar::HandlerOutput::respond(#called));
    }
    // Taken apart here, so that what one side lacks is said at that side.
    let at = function.places();
    let value = quote_spanned!(at.value=> _pulsar::HandlerOutput::respond(value));
    let error = quote_spanned!(at.error=> _pulsar::HandlerError::respond(error));
    quote_spanned! {span=>
        match #called {
            _pulsar::Ok(value) => #value,
            _pulsar::Err(error) => #error,
        }
    }
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
    let handler = &names.handler;
    let (methods, rule) = (&attribute.methods, &rule.literal);
    let function_name = function.name.to_string();
    let name = attribute.name.as_ref().map(|name| quote_spanned!(site=> .name(#name)));
    let doc = Some(&function.doc).filter(|doc| !doc.is_empty()).map(|doc| quote_spanned!(site=> .doc(#doc)));
    let probes: Vec<TokenStream> = arguments
        .iter()
        .filter(|joined| joined.source == Source::Extractor)
        .map(|Joined { argument, .. }| {
            let ty = &argument.ty;
            quote_spanned!(argument.span()=> <_pulsar::Probe<#ty>>::ASKS)
        })
        .collect();
    let extracts = (!probes.is_empty()).then(|| quote_spanned!(site=> .extracts(&[#(#probes),*])));
    let blocking =
        (!function.is_async && attribute.inline.is_none()).then(|| quote_spanned!(site=> .blocking()));
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
