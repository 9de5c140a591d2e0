//! `scope!("/api")`: literal text before every rule of the module it stands in and of the modules below.
//!
//! Not a pattern: a scope with placeholders would give functions arguments that their own rule does not show.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{LitStr, Path};

use crate::{
    errors::{Errors, with_help},
    literal_path,
    options::{self, Options},
    words,
};

const EXAMPLE: &str = "write `scope!(\"/api\")`";

/// The registration of the scope, or what is wrong.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let first = "the prefix comes first, without a key: `scope!(\"/api\")`";
    let elsewhere = [("prefix", first), ("path", first), ("rule", first)];
    let options = Options::read("scope!", input, &["crate"], &elsewhere, &mut errors);
    let prefix = prefix(&options, &mut errors);
    let crate_path = options.crate_path(&mut errors);
    match prefix {
        Some(prefix) if errors.is_empty() => registration(&crate_path, &prefix),
        _ => errors.into_tokens(),
    }
}

fn prefix(options: &Options, errors: &mut Errors) -> Option<LitStr> {
    let Some((first, more)) = options.values().split_first() else {
        // What has another place was probably the prefix.
        if options.misplaced.is_empty() {
            errors.at_span(Span::call_site(), with_help("`scope!` needs a prefix", EXAMPLE));
        }
        return None;
    };
    for value in more {
        let help = "a module has one scope; write the second prefix in a module below";
        errors.at(value, with_help("`scope!` has one prefix", help));
    }
    let Some(literal) = options::string(first.clone()) else {
        let message = format!("the prefix is a string literal, not `{}`", words::source(first));
        errors.at(first, with_help(message, EXAMPLE));
        return None;
    };
    let text = literal.value();
    if text == "/" {
        let help = "leave it out: rules without a scope start at `/`";
        errors.at(&literal, with_help("the scope `/` adds nothing", help));
        return None;
    }
    if text.len() > 1 && text.ends_with('/') {
        let message = "a scope does not end in `/`: the rules behind it start with one";
        errors.at(&literal, with_help(message, format!("write \"{}\"", text.trim_end_matches('/'))));
        return None;
    }
    let help = "write it in each rule, so that a function's rule shows all of its arguments";
    literal_path::check(&literal, "a scope is", help, errors).then_some(literal)
}

fn registration(crate_path: &Path, prefix: &LitStr) -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        #[doc(hidden)]
        const _: () = {
            use #crate_path::__private as _pulsar;

            _pulsar::inventory::submit! {
                _pulsar::Scope::new(#prefix, _pulsar::Place::new(module_path!(), file!(), line!(), column!()))
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{golden, golden_messages, tokens};

    #[test]
    fn a_scope_is_one_entry() {
        golden("scope", expand(tokens(r#""/api/v1""#)));
    }

    #[test]
    fn every_mistake_is_named_with_a_way_out() {
        let rows = [
            "",
            "PREFIX",
            r#""api""#,
            r#""/api/""#,
            r#""/""#,
            r#""/users/<int:id>/<x>""#,
            r#""/a//b""#,
            r#""/a", "/b""#,
            r#""/a", nmae = "x""#,
            "/api",
            "5",
            "api",
            r#"prefix = "/api""#,
            r#"path: "/api""#,
            r#"("/api")"#,
            r#"["/a"]"#,
            r#""/a" "/b""#,
            r#""/users/{id}""#,
            r#""/users/:id""#,
            r#""/a?x=1""#,
            r#""""#,
            "'/'",
            r#", "/a""#,
            r#""/a", crate = x, crate = y"#,
            r#""/a", crate = "x""#,
        ];
        golden_messages("scope", rows.map(|row| (format!("scope!({row});"), expand(tokens(row)))));
    }
}
