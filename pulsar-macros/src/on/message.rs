//! The handler of a message: a payload by value, state, and an answer.
//!
//! It does not see whether the payload can be read from JSON and the answer be written: the compiler says so, at the types.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::{LitStr, ReturnType, Type};

use crate::{
    errors::{Errors, with_help},
    function::{Argument, Function, Role},
    job::{check_lifetimes, item},
    needs::Need,
    words,
};

pub(super) fn registration(
    name: &LitStr,
    crate_path: &syn::Path,
    item: TokenStream,
    errors: &mut Errors,
) -> Option<TokenStream> {
    let role = Role {
        attribute: "#[on]",
        noun: "a handler of messages",
        caller: "the worker",
        purpose: "answers the message",
    };
    let function = Function::read(role, item, errors)?;
    check_lifetimes(role, &function, errors);
    check_answer(&function, errors);
    let passed = arguments(&function, errors);
    errors.is_empty().then(|| tokens_of(name, crate_path, &function, &passed))
}

/// What is passed for an argument.
enum Passed<'a> {
    State(Need<'a>),
    Payload(&'a Argument),
}

fn arguments<'a>(function: &'a Function, errors: &mut Errors) -> Vec<Passed<'a>> {
    let mut payload: Option<&Argument> = None;
    let mut passed = Vec::new();
    for (number, argument) in function.arguments.iter().enumerate() {
        check_reference(argument, errors);
        if let Some(need) = Need::of(number, argument) {
            passed.push(Passed::State(need));
            continue;
        }
        match payload {
            Some(first) => {
                let message = format!(
                    "a message has one payload, and this takes two: `{}` and `{}`",
                    first.source(),
                    argument.source()
                );
                let help = "take a tuple or a struct of both; state is `&T` or `State<T>`";
                errors.at(&argument.original, with_help(message, help));
            }
            None => payload = Some(argument),
        }
        passed.push(Passed::Payload(argument));
    }
    passed
}

/// A payload is made for the call: nothing owns what a reference would borrow.
fn check_reference(argument: &Argument, errors: &mut Errors) {
    let Type::Reference(reference) = &argument.ty else { return };
    let owned = match &*reference.elem {
        Type::Path(path) if path.path.is_ident("str") => "String".to_owned(),
        Type::Slice(slice) => format!("Vec<{}>", words::source(&slice.elem)),
        ty if reference.mutability.is_some() => words::source(ty),
        _ => return,
    };
    let message = format!("a payload is passed by value, not as `{}`", words::source(&argument.ty));
    errors.at(&argument.original.ty, with_help(message, format!("write `{owned}`")));
}

/// An answer outlives the call, and its type is named.
fn check_answer(function: &Function, errors: &mut Errors) {
    let ReturnType::Type(_, ty) = &function.output else { return };
    match &**ty {
        Type::Reference(reference)
            if reference.lifetime.as_ref().is_none_or(|lifetime| lifetime.ident != "static") =>
        {
            let owned = match words::source(&reference.elem).as_str() {
                "str" => "String".to_owned(),
                owned => owned.to_owned(),
            };
            let message = "an answer cannot borrow from the arguments of its handler";
            errors.at(ty, with_help(message, format!("return the value itself: `{owned}`")));
        }
        Type::ImplTrait(_) => {
            let message = "the type of an answer must be named, so that its error can be told from it";
            errors.at(ty, with_help(message, "write a concrete type, or `serde_json::Value`"));
        }
        _ => {}
    }
}

fn tokens_of(
    name: &LitStr,
    crate_path: &syn::Path,
    function: &Function,
    passed: &[Passed<'_>],
) -> TokenStream {
    let site = Span::mixed_site();
    let conditions = &function.conditions;
    let function_name = function.name.to_string();
    let (needs, handle) = (item("needs", function), item("handle", function));
    let requirements = passed.iter().filter_map(|passed| match passed {
        Passed::State(need) => Some(need.requirement()),
        Passed::Payload(_) => None,
    });
    let lines = passed.iter().map(|passed| match passed {
        Passed::State(need) => need.line(),
        Passed::Payload(argument) => {
            let (local, ty) = (Ident::new("message", argument.span()), &argument.ty);
            let read = quote_spanned!(argument.span()=> <#ty as _pulsar::MessagePayload>::read(payload));
            quote_spanned!(argument.span()=> let #local = _pulsar::payload(#read)?;)
        }
    });
    let values = passed.iter().map(|passed| match passed {
        Passed::State(need) => need.passed(),
        Passed::Payload(argument) => {
            let local = Ident::new("message", argument.span());
            quote_spanned!(argument.span()=> #local)
        }
    });
    let at_output = function.output_span();
    let output = match &function.output {
        ReturnType::Default => quote_spanned!(at_output=> ()),
        ReturnType::Type(_, ty) => quote_spanned!(at_output=> #ty),
    };
    let callable = &function.name;
    let wait = function.is_async.then(|| quote_spanned!(at_output=> .await));
    let called =
        quote_spanned!(at_output=> _pulsar::Returned::<#output>::new().split(#callable(#(#values),*) #wait));
    let at = function.places();
    let value = quote_spanned!(at.value=> _pulsar::MessageAnswer::write(&value));
    let error = quote_spanned!(at.error=> _pulsar::Failure::boxed(error));
    let answer = quote_spanned! {at_output=>
        match #called {
            _pulsar::Ok(value) => _pulsar::answered(#value),
            _pulsar::Err(error) => _pulsar::Err(#error),
        }
    };
    let answer = if function.is_async {
        answer
    } else {
        quote_spanned!(site=> _pulsar::answered_in_pool(context, move || #answer).await)
    };
    let reads_context = !function.is_async || passed.iter().any(|passed| matches!(passed, Passed::State(_)));
    let reads_payload = passed.iter().any(|passed| matches!(passed, Passed::Payload(_)));
    let unless = |read: bool, word: &str| {
        let word = Ident::new(word, site);
        if read { quote_spanned!(site=> #word) } else { quote_spanned!(site=> _) }
    };
    let (context, payload) = (unless(reads_context, "context"), unless(reads_payload, "payload"));
    let future = function.future(&quote_spanned!(site=> #(#lines)* #answer));
    quote_spanned! {site=>
        #(#conditions)*
        #[doc(hidden)]
        const _: () = {
            use #crate_path::__private as _pulsar;
            // The trait is for one of the two kinds of return type; for the other one it is not used.
            use _pulsar::ReturnedValue as _;

            fn #needs() -> _pulsar::Vec<_pulsar::Requirement> {
                _pulsar::From::from([#(#requirements),*])
            }
            fn #handle<'a>(
                #context: &'a _pulsar::Context,
                #payload: &'a [u8],
            ) -> _pulsar::BoxFuture<'a, _pulsar::Returns> {
                #future
            }
            _pulsar::inventory::submit! {
                _pulsar::Message::new(#name, #needs, #handle)
                    .function(#function_name)
                    .at(_pulsar::Place::new(module_path!(), file!(), line!(), column!()))
            }
        };
    }
}
