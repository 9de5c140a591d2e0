//! The registration of a folder.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;

use super::{call::Call, folder::Listed};

pub(super) fn of(call: &Call) -> TokenStream {
    let site = Span::mixed_site();
    let Call { path, folder, index, fallback, cache_control, hidden, embedded, crate_path } = call;
    let option = |name: &str, value: &Option<syn::LitStr>| {
        let name = Ident::new(name, site);
        value.as_ref().map(|value| quote_spanned!(site=> .#name(#value)))
    };
    let index = option("index", index);
    let fallback = option("fallback", fallback);
    let cache_control = option("cache_control", cache_control);
    let hidden = hidden.then(|| quote_spanned!(site=> .hidden()));
    let manifest = quote_spanned!(site=> ::core::option_env!("CARGO_MANIFEST_DIR"));
    let (constants, manifest, embedded) = match embedded {
        None => (None, manifest, None),
        Some(files) => (
            Some(constants(files)),
            // The program that has its files need not know where they came from.
            quote_spanned!(site=> if ::core::cfg!(debug_assertions) { #manifest } else { _pulsar::Option::None }),
            Some(quote_spanned!(site=> .embedded(EMBEDDED))),
        ),
    };
    quote_spanned! {site=>
        #[doc(hidden)]
        const _: () = {
            use #crate_path::__private as _pulsar;

            #constants
            _pulsar::inventory::submit! {
                _pulsar::StaticFiles::new(
                    #path,
                    #folder,
                    _pulsar::Place::new(module_path!(), file!(), line!(), column!()),
                )
                .manifest(#manifest, ::core::cfg!(debug_assertions))
                #embedded
                #index
                #fallback
                #cache_control
                #hidden
            }
        };
    }
}

/// The files, in a build whose code is not being worked on.
fn constants(files: &[Listed]) -> TokenStream {
    let site = Span::mixed_site();
    let files = files.iter().map(|Listed { path, absolute, version }| {
        quote_spanned!(site=> _pulsar::EmbeddedFile::new(#path, ::core::include_bytes!(#absolute), #version))
    });
    quote_spanned! {site=>
        #[cfg(debug_assertions)]
        static EMBEDDED: _pulsar::Option<&[_pulsar::EmbeddedFile]> = _pulsar::Option::None;
        #[cfg(not(debug_assertions))]
        static EMBEDDED: _pulsar::Option<&[_pulsar::EmbeddedFile]> = _pulsar::Some(&[#(#files),*]);
    }
}
