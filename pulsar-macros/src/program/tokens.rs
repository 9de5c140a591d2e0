//! Writes the builder calls of a program, in the order in which they were written.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Path, spanned::Spanned};

use crate::{
    program::parse::{App, Settings},
    words,
};

/// An expression of type `Program`.
pub(crate) fn program(settings: &Settings) -> TokenStream {
    let site = Span::mixed_site();
    let Settings { main, crates, name, crate_path, apps } = settings;
    // Of a package with several programs each has its own name; only cargo tells which one is being built.
    let name = name.as_ref().map_or_else(
        || {
            quote_spanned! {site=>
                option_env!("CARGO_BIN_NAME").or(option_env!("CARGO_PKG_NAME")).unwrap_or(module_path!())
            }
        },
        |name| quote!(#name),
    );
    // A crate that is never named is not linked, and its registrations with it. Nothing else is used of it: hence the `allow`.
    let links = crates.iter().map(|name| {
        let site = site.located_at(name.span());
        quote_spanned!(site=> #[allow(unused_imports)] use ::#name as _;)
    });
    let also = crates.iter().map(|name| {
        let text = name.to_string();
        let site = site.located_at(name.span());
        quote_spanned!(site=> .also(#text))
    });
    let in_this_crate = |path: &Path| path.segments[0].ident == "crate";
    let root =
        apps.iter().filter_map(|(_, app)| app.routes.as_ref()).any(in_this_crate).then(
            || quote_spanned!(site=> let root = module_path!().split("::").next().unwrap_or_default();),
        );
    // That the module is there is for the compiler to say. Nothing is used of it: hence the `allow`.
    let modules = apps.iter().filter_map(|(_, app)| app.routes.as_ref()).map(|path| {
        let site = site.located_at(path.span());
        quote_spanned!(site=> #[allow(unused_imports)] use #path as _;)
    });
    let main = has_settings(main).then(|| {
        let settings = app_settings(main);
        quote_spanned!(site=> .main(_pulsar::App::new(name) #settings))
    });
    let apps = apps.iter().map(|(name, app)| {
        let text = name.to_string();
        let settings = app_settings(app);
        let site = site.located_at(name.span());
        quote_spanned!(site=> .app(_pulsar::App::new(#text) #settings))
    });
    quote_spanned! {site=>
        {
            use #crate_path::__private as _pulsar;
            #(#links)*
            #(#modules)*

            let name = #name;
            #root
            _pulsar::Program::new(name, option_env!("CARGO_PKG_VERSION").unwrap_or("0.0.0"))
                .root(module_path!())
                #(#also)*
                #main
                #(#apps)*
        }
    }
}

fn has_settings(app: &App) -> bool {
    !app.binds.is_empty() || !app.layers.is_empty() || app.fallback.is_some() || app.errors.is_some()
}

fn app_settings(app: &App) -> TokenStream {
    let App { binds, routes, layers, fallback, errors } = app;
    let at = |span: Span| Span::mixed_site().located_at(span);
    let binds = binds.iter().map(|address| quote_spanned!(at(address.span())=> .bind(#address)));
    let routes = routes.iter().map(|path| {
        let module = module(path);
        quote_spanned!(at(path.span())=> .routes(#module))
    });
    let layers = layers.iter().map(|layer| quote_spanned!(at(layer.span())=> .layer(#layer)));
    let fallback = fallback.iter().map(|answer| quote_spanned!(at(answer.span())=> .fallback(#answer)));
    let errors = errors.iter().map(|render| quote_spanned!(at(render.span())=> .errors(#render)));
    quote!(#(#binds)* #(#routes)* #(#layers)* #(#fallback)* #(#errors)*)
}

/// The path of a module as `module_path!()` prints it there. `program!` may stand in any module: `crate` is not `self`.
fn module(path: &Path) -> TokenStream {
    let site = Span::mixed_site();
    let text = words::source(path);
    match (text.strip_prefix("crate"), text.strip_prefix("self")) {
        (Some(below), _) => quote_spanned!(site=> [root, #below].concat()),
        (_, Some(below)) => quote_spanned!(site=> concat!(module_path!(), #below)),
        (None, None) => quote!(#text),
    }
}
