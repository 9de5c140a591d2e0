//! `#[route]` and its short forms: a rule, a function, and the registration that joins them.
//!
//! The stages: `attribute` reads what stands in the brackets, `function` (shared) the function, `arguments` joins the
//! placeholders of one with the arguments of the other, `tokens` writes the block, `url` the struct for `url!`.
//!
//! `waits` tells `tokens` whether the future of an `async fn` has to be kept.
//!
//! `arguments` asks `conversions`, `lookalikes` and `body` what is wrong with a type. `duplicates` and `blocking` have the
//! compiler speak, by items beside the block.

mod arguments;
mod attribute;
mod blocking;
mod body;
mod conversions;
mod duplicates;
mod lookalikes;
#[cfg(test)]
mod tests;
mod tokens;
pub(crate) mod url;
mod waits;

use proc_macro2::TokenStream;

pub(crate) use attribute::Verb;

use crate::{
    errors::{Errors, beside, with_help},
    function::{Function, Role},
};

/// The function, and behind it its registration or what is wrong.
pub(crate) fn expand(verb: Verb, attribute: TokenStream, item: TokenStream) -> TokenStream {
    beside(item, |item, errors| registration(verb, attribute, item, errors))
}

/// `None` when there is none to write, which is not always reported here: mistakes of a function with several of our
/// attributes are reported by the last of them, not by each.
fn registration(
    verb: Verb,
    tokens: TokenStream,
    item: TokenStream,
    errors: &mut Errors,
) -> Option<TokenStream> {
    let attribute = attribute::Attribute::read(verb, tokens, errors);

    let mut in_function = Errors::default();
    let handler = Role {
        attribute: verb.attribute(),
        noun: "a handler",
        caller: "the router",
        purpose: "answers the request",
    };
    let function = Function::read(handler, item, &mut in_function);
    let sound = function.is_some() && in_function.is_empty();
    if !function.as_ref().is_some_and(|function| function.has_more_attributes) {
        errors.append(in_function);
    }

    let function = function?;
    if let Some(flag) = attribute.inline.as_ref().filter(|_| function.is_async) {
        let help = "leave `inline` out; it is for a quick `fn`";
        errors.at(flag, with_help("an `async fn` already runs on the event loop", help));
    }
    url::check(&attribute, &function, errors);
    let rule = attribute.rule.as_ref()?;
    let arguments = arguments::join(&attribute, rule, &function, errors);
    (sound && errors.is_empty()).then(|| {
        let mut tokens = tokens::registration(&attribute, rule, &function, &arguments);
        tokens.extend(duplicates::items(&attribute, rule, &function));
        tokens.extend(blocking::warnings(&attribute, &function));
        tokens
    })
}
