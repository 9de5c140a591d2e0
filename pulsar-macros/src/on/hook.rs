//! The hook of an event: a plain function in the arbiter, a job in a worker.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;

use crate::{
    errors::{Errors, with_help},
    function::{Argument, Function, Role},
    job::{Job, check_lifetimes, check_outcome, item, outcome},
    on::attribute::{Event, Told, Where},
    words,
};

pub(super) fn registration(
    event: &Event,
    crate_path: &syn::Path,
    item: TokenStream,
    errors: &mut Errors,
) -> Option<TokenStream> {
    let caller = if event.place == Where::Worker { "the worker" } else { "the arbiter" };
    let role = Role { attribute: "#[on]", noun: "a hook", caller, purpose: "runs at the event" };
    let function = Function::read(role, item, errors)?;
    let entry = match event.place {
        Where::Worker => of_worker(role, event, &function, errors),
        Where::Arbiter(told) => of_arbiter(role, event, told, &function, errors),
    };
    errors.is_empty().then(|| tokens_of(crate_path, &function, &entry))
}

/// The functions of the registration, and the entry that names them.
struct Entry {
    items: TokenStream,
    entry: TokenStream,
}

fn of_worker(role: Role, event: &Event, function: &Function, errors: &mut Errors) -> Entry {
    let job = Job::of(role, function, errors);
    let (needs, run) = (item("needs", function), item("run", function));
    let word = Ident::new(&event.word.to_string(), Span::mixed_site());
    Entry {
        items: job.tokens(&needs, &run),
        entry: quote_spanned!(Span::mixed_site()=> _pulsar::Hook::#word(#needs, #run)),
    }
}

fn of_arbiter(role: Role, event: &Event, told: Told, function: &Function, errors: &mut Errors) -> Entry {
    if function.is_async {
        let message = format!("a hook of `{}` cannot be `async`: the arbiter waits for nobody", event.word);
        let help = "leave `async` out; what takes long belongs into `worker_start`, which runs in the worker";
        errors.at(&function.name, with_help(message, help));
    }
    check_lifetimes(role, function, errors);
    check_outcome(role, function, errors);
    let argument = argument(event, told, function, errors);
    let site = Span::mixed_site();
    let run = item("run", function);
    let name = &function.name;
    let ty = match told {
        Told::Nothing => None,
        Told::Ref(ty) => {
            let ty = Ident::new(ty, site);
            Some(quote_spanned!(site=> &_pulsar::#ty))
        }
        Told::ExitCode => Some(quote_spanned!(site=> u8)),
    };
    let passed = argument.map(|argument| Ident::new("told", argument.span()));
    let named = passed.as_ref().map_or_else(|| quote_spanned!(site=> _), |told| quote!(#told));
    let parameter = ty.map(|ty| quote_spanned!(site=> #named: #ty));
    let called = outcome(function, &quote_spanned!(site=> #name(#passed)));
    let word = Ident::new(&event.word.to_string(), site);
    Entry {
        items: quote_spanned! {site=>
            fn #run(#parameter) -> _pulsar::Outcome {
                #called
            }
        },
        entry: quote_spanned!(site=> _pulsar::Hook::#word(#run)),
    }
}

/// The argument of the function, if it has the one that the event allows.
fn argument<'a>(
    event: &Event,
    told: Told,
    function: &'a Function,
    errors: &mut Errors,
) -> Option<&'a Argument> {
    let word = &event.word;
    let (most, allowed) = match told {
        Told::Nothing => (0, "nothing: leave the argument out".to_owned()),
        Told::Ref(ty) => (1, format!("nothing, or one `&{ty}`")),
        Told::ExitCode => (1, "nothing, or the exit code, a `u8`".to_owned()),
    };
    for extra in function.arguments.iter().skip(most) {
        let message = format!("a hook of `{word}` cannot be passed `{}`", extra.source());
        let help = format!("it takes {allowed}; state is made in workers, and this runs in the arbiter");
        errors.at(&extra.original, with_help(message, help));
    }
    let argument = function.arguments.first().filter(|_| most > 0)?;
    let is_shared = matches!(&argument.ty, Type::Reference(reference) if reference.mutability.is_none());
    let help = match told {
        Told::Ref(ty) if !is_shared => Some(format!("write `&{ty}`")),
        Told::ExitCode if argument.referent().is_some() => Some("write `u8`".to_owned()),
        _ => None,
    };
    if let Some(help) = help {
        let message = format!("a hook of `{word}` is not passed `{}`", words::source(&argument.ty));
        errors.at(&argument.original.ty, with_help(message, help));
    }
    Some(argument)
}

fn tokens_of(crate_path: &syn::Path, function: &Function, Entry { items, entry }: &Entry) -> TokenStream {
    let conditions = &function.conditions;
    let function_name = function.name.to_string();
    quote_spanned! {Span::mixed_site()=>
        #(#conditions)*
        #[doc(hidden)]
        const _: () = {
            use #crate_path::__private as _pulsar;
            // The trait is for one of the two kinds of return type; for the other one it is not used.
            use _pulsar::ReturnedValue as _;

            #items
            _pulsar::inventory::submit! {
                #entry
                    .function(#function_name)
                    .at(_pulsar::Place::new(module_path!(), file!(), line!(), column!()))
            }
        };
    }
}
