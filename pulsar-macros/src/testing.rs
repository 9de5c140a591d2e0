//! For the unit tests: expands a macro without a compiler and compares with a golden file.
//!
//! `tests/output/*.rs` are what `cargo expand` would show; `tests/output/messages/*.txt` are all mistakes of a macro
//! with what is said about them. Both are written anew when `UPDATE` is set in the environment: look at them before
//! you commit them.

use std::{fs, path::PathBuf};

use proc_macro2::TokenStream;
use syn::{File, Item, LitStr, Macro, visit::Visit};

/// What a person sees of a block at once, in lines.
const SCREEN: usize = 60;

/// Tokens of a test's text.
pub(crate) fn tokens(text: &str) -> TokenStream {
    text.parse().unwrap_or_else(|error| panic!("the test holds no Rust tokens, {error}: {text}"))
}

/// Compares an expansion into items with `tests/output/NAME.rs`.
pub(crate) fn golden(name: &str, expansion: TokenStream) {
    let file: File = syn::parse2(expansion).expect("an expansion is a list of items");
    let text = prettyplease::unparse(&file);
    let longest = file.items.iter().filter(|item| matches!(item, Item::Const(_))).map(|item| {
        let alone = File { shebang: None, attrs: Vec::new(), items: vec![item.clone()], frontmatter: None };
        prettyplease::unparse(&alone).lines().count()
    });
    let longest = longest.max().unwrap_or_default();
    assert!(longest <= SCREEN, "the block of `{name}` has {longest} lines, more than a screen");
    compare(&format!("{name}.rs"), &text);
}

/// Compares what is said about each row, a source text and its expansion, with `tests/output/messages/NAME.txt`.
///
/// A row about which nothing is said is a failure: each is there for a mistake.
pub(crate) fn golden_messages(name: &str, rows: impl IntoIterator<Item = (String, TokenStream)>) {
    let mut page = String::new();
    for (source, expansion) in rows {
        let messages = messages(expansion);
        assert!(!messages.is_empty(), "no mistake is found in\n{source}");
        page.push_str(&source);
        page.push_str("\n\n");
        for message in messages {
            // As rustc prints it.
            page.extend(["    error: ", &message.replace('\n', "\n           "), "\n"]);
        }
        page.push('\n');
    }
    compare(&format!("messages/{name}.txt"), &page);
}

/// The texts of the `compile_error!` calls in an expansion, in order.
pub(crate) fn messages(expansion: TokenStream) -> Vec<String> {
    struct Errors(Vec<String>);
    impl<'ast> Visit<'ast> for Errors {
        fn visit_macro(&mut self, call: &'ast Macro) {
            if call.path.segments.last().is_some_and(|last| last.ident == "compile_error") {
                self.0.push(call.parse_body::<LitStr>().expect("`compile_error!` takes a string").value());
            }
        }
    }
    let file: File = syn::parse2(expansion).expect("an expansion is a list of items");
    let mut errors = Errors(Vec::new());
    errors.visit_file(&file);
    errors.0
}

fn compare(file: &str, actual: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/output").join(file);
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().expect("the path has a folder")).expect("the folder can be made");
        fs::write(&path, actual).expect("the golden file can be written");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    let path = path.display();
    assert!(
        actual == expected,
        "{path} is not what the macro gives; with UPDATE=1 it becomes this:\n{actual}"
    );
}
