//! For the unit tests: collects the messages of an expansion, compares it with a golden file.

use std::{fs, path::PathBuf};

use proc_macro2::TokenStream;
use syn::{Item, LitStr, Macro};

/// Tokens of a test's text.
pub(crate) fn tokens(text: &str) -> TokenStream {
    text.parse().unwrap_or_else(|error| panic!("the test holds no Rust tokens, {error}: {text}"))
}

/// The messages of the `compile_error!` calls among the items of an expansion, in order.
pub(crate) fn messages(expansion: TokenStream) -> Vec<String> {
    let file: syn::File = syn::parse2(expansion).expect("an expansion is a list of items");
    file.items.iter().filter_map(|item| if let Item::Macro(item) = item { message(&item.mac) } else { None }).collect()
}

/// The text of one `compile_error!`.
pub(crate) fn message(call: &Macro) -> Option<String> {
    let is_error = call.path.segments.last().is_some_and(|last| last.ident == "compile_error");
    is_error.then(|| call.parse_body::<LitStr>().expect("`compile_error!` takes a string").value())
}

/// Compares an expansion with `tests/output/NAME.rs`; with `UPDATE=1` in the environment it writes the file.
///
/// The golden files show what `cargo expand` would: they are what to read to know what a macro writes.
pub(crate) fn golden(name: &str, expansion: TokenStream) {
    let file: syn::File = syn::parse2(expansion).expect("an expansion is a list of items");
    let actual = prettyplease::unparse(&file);
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/output").join(name).with_extension("rs");
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().expect("the path has a folder")).expect("create the folder");
        fs::write(&path, &actual).expect("write the golden file");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        actual == expected,
        "{} differs from the expansion; look at it, and run the tests with UPDATE=1 if it is right:\n{actual}",
        path.display()
    );
}
