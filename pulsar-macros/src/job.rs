//! What the worker runs by itself, a hook or a periodic task: a function of its state that returns nothing or a `Result`.
//!
//! It writes the two functions that a registration names and no registration: when the job runs is the business of the
//! attribute.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::{ReturnType, Type};

use crate::{
    errors::{Errors, with_help},
    function::{Function, Role, is_result},
    needs::Need,
    words,
};

/// A function that can run as a job.
pub(crate) struct Job<'a> {
    function: &'a Function,
    needs: Vec<Need<'a>>,
}

impl<'a> Job<'a> {
    /// Reports what of the function is no job.
    pub(crate) fn of(role: Role, function: &'a Function, errors: &mut Errors) -> Self {
        check_lifetimes(role, function, errors);
        check_outcome(role, function, errors);
        Job { function, needs: Need::all(&function.arguments, role.noun, errors) }
    }

    /// The functions `needs` and `run`, by the names that they have beside the user's function.
    pub(crate) fn tokens(&self, needs: &Ident, run: &Ident) -> TokenStream {
        let Job { function, needs: arguments } = self;
        let site = Span::mixed_site();
        let requirements = arguments.iter().map(Need::requirement);
        let lines = arguments.iter().map(Need::line);
        let passed = arguments.iter().map(Need::passed);
        let name = &function.name;
        let called = if function.is_async {
            outcome(function, &quote_spanned!(site=> #name(#(#passed),*).await))
        } else {
            let called = outcome(function, &quote_spanned!(site=> #name(#(#passed),*)));
            quote_spanned!(site=> _pulsar::in_pool(context, move || #called).await)
        };
        let reads_context = !arguments.is_empty() || !function.is_async;
        let context = if reads_context { quote_spanned!(site=> context) } else { quote_spanned!(site=> _) };
        let future = function.future(&quote_spanned!(site=> #(#lines)* #called));
        quote_spanned! {site=>
            fn #needs() -> _pulsar::Vec<_pulsar::Requirement> {
                _pulsar::From::from([#(#requirements),*])
            }
            fn #run(#context: &_pulsar::Context) -> _pulsar::BoxFuture<'_, _pulsar::Outcome> {
                #future
            }
        }
    }
}

/// A call as an outcome, spanned at what the function returns.
pub(crate) fn outcome(function: &Function, called: &TokenStream) -> TokenStream {
    let output = match &function.output {
        ReturnType::Default => quote_spanned!(function.output_span()=> ()),
        ReturnType::Type(_, ty) => quote_spanned!(function.output_span()=> #ty),
    };
    let at = function.output_span();
    let error = quote_spanned!(function.places().error=> _pulsar::Failure::boxed(error));
    quote_spanned! {at=>
        match _pulsar::Returned::<#output>::new().split(#called) {
            _pulsar::Ok(_) => _pulsar::Ok(()),
            _pulsar::Err(error) => _pulsar::Err(#error),
        }
    }
}

/// Nobody takes what such a function returns, unless it is an error.
pub(crate) fn check_outcome(role: Role, function: &Function, errors: &mut Errors) {
    let ReturnType::Type(_, ty) = &function.output else { return };
    let fits = match &**ty {
        Type::Tuple(tuple) => tuple.elems.is_empty(),
        ty => is_result(ty),
    };
    if !fits {
        let message = format!(
            "{} returns nothing or a `Result<(), E>`, not `{}`: nobody takes the value",
            role.noun,
            words::source(ty)
        );
        errors.at(ty, with_help(message, "leave the type out, and write what it makes into a `State<T>`"));
    }
}

pub(crate) fn check_lifetimes(role: Role, function: &Function, errors: &mut Errors) {
    for lifetime in &function.lifetimes {
        let help = format!("leave `{lifetime}` out: {} passes what it owns", role.caller);
        errors.at(lifetime, with_help(format!("{} cannot have lifetimes", role.noun), help));
    }
}

/// Items are not hygienic: ours step aside for a function of the same name.
pub(crate) fn item(word: &str, function: &Function) -> Ident {
    let taken = function.name == word;
    let word = if taken { format!("{word}_of_ours") } else { word.to_owned() };
    Ident::new(&word, Span::mixed_site())
}
