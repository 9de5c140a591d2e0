//! `static_files!("/static", "assets")`: the files of a folder, below a path.
//!
//! With `embed` the folder is listed here, and the compiler puts its files into the program, unless that is built with
//! `debug_assertions`: then they are read from the folder, so that a change shows at once.

mod call;
mod folder;
mod tokens;

use proc_macro2::TokenStream;

use self::call::Call;
use crate::errors::Errors;

/// The registration of the folder, or what is wrong.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let call = Call::read(input, &mut errors);
    match call {
        Some(call) if errors.is_empty() => tokens::of(&call),
        _ => errors.into_tokens(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{golden, golden_messages, tokens};

    /// Where the golden files say that the crate is.
    fn moved(expansion: TokenStream) -> TokenStream {
        tokens(&expansion.to_string().replace(env!("CARGO_MANIFEST_DIR"), "/crate"))
    }

    #[test]
    fn a_folder_is_one_entry() {
        golden("static_files", expand(tokens(r#""/static", "assets""#)));
        golden(
            "static_files_options",
            expand(tokens(
                r#""/", "dist", index = "home.html", fallback = "app/index.html", cache_control = "no-cache", hidden,
                   crate = my::pulsar"#,
            )),
        );
    }

    #[test]
    fn an_embedded_folder_is_listed() {
        golden("static_files_embed", moved(expand(tokens(r#""/static", "tests/assets", embed"#))));
    }

    #[test]
    fn every_mistake_is_named_with_a_way_out() {
        let rows = [
            "",
            r#""/static""#,
            r#""static", "assets""#,
            r#""/static/<path:file>", "assets""#,
            "PATH, 7",
            r#""/a", "b", "c""#,
            r#""/a", """#,
            r#""/a", "b", nmae = "x""#,
            r#"path = "/a", folder = "b""#,
            r#""/a", "b", index"#,
            r#""/a", "b", index = "a/b""#,
            r#""/a", "b", index = "..""#,
            r#""/a", "b", fallback = "/index.html""#,
            r#""/a", "b", fallback = "../index.html""#,
            r#""/a", "b", cache_control = "a\nb""#,
            r#""/a", "b", embed = true"#,
            r#""/a", "b", hidden = "yes""#,
            r#""/a", "b", crate = "x""#,
            r#""/a", "tests/nothing", embed"#,
            r#""/a", "Cargo.toml", embed"#,
            r#""/a", "tests/assets", embed, fallback = "indexx.html""#,
            r#""/a", "tests/assets", embed, fallback = "quite-another.html""#,
        ];
        golden_messages(
            "static_files",
            rows.map(|row| (format!("static_files!({row});"), moved(expand(tokens(row))))),
        );
    }
}
