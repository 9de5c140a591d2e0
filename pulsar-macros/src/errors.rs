//! The mistakes found so far in one macro call.
//!
//! Not a `Result`: a reader adds what is wrong and goes on, so that one compilation shows every mistake of an
//! attribute. Whoever writes tokens asks [`Errors::is_empty`] first.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// An ordered list of mistakes.
#[derive(Default)]
pub(crate) struct Errors {
    list: Vec<syn::Error>,
}

impl Errors {
    /// A mistake at all of `tokens`; at the macro call when they are empty.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl Into<String>) {
        self.list.push(syn::Error::new_spanned(tokens, message.into()));
    }

    /// A mistake at one place.
    pub(crate) fn at_span(&mut self, span: Span, message: impl Into<String>) {
        self.list.push(syn::Error::new(span, message.into()));
    }

    /// A mistake that `syn` found.
    pub(crate) fn push(&mut self, error: syn::Error) {
        self.list.push(error);
    }

    /// Adds the mistakes of another reader behind these.
    pub(crate) fn append(&mut self, other: Errors) {
        self.list.extend(other.list);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// One `compile_error!` for each mistake.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.list.iter().map(syn::Error::to_compile_error).collect()
    }
}

/// What an attribute makes of its item: the item as it was written, and behind it the registration or every mistake. A
/// reader that gives neither has left its mistakes to be reported elsewhere.
pub(crate) fn beside(
    item: TokenStream,
    registration: impl FnOnce(TokenStream, &mut Errors) -> Option<TokenStream>,
) -> TokenStream {
    let mut errors = Errors::default();
    let generated = registration(item.clone(), &mut errors);
    let behind = match generated {
        Some(registration) if errors.is_empty() => registration,
        _ => errors.into_tokens(),
    };
    let mut all = item;
    all.extend(behind);
    all
}

/// The text of a mistake: what is wrong, and the way out on a line of its own.
pub(crate) fn with_help(message: impl Into<String>, help: impl AsRef<str>) -> String {
    let mut text = message.into();
    text.push_str("\nhelp: ");
    text.push_str(help.as_ref());
    text
}
