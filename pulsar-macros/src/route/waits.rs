//! Whether an `async fn` can wait for anything. Many do not: they are `async` to run on the event loop. The future of such a one is ready
//! when it is polled first, so that nobody has to keep it.
//!
//! Only its text is read, and what is not certain counts as waiting: a macro that is not known may write an `.await`, and so may an
//! attribute below ours.

use proc_macro2::{TokenStream, TokenTree};
use syn::Attribute;

use crate::function::{Function, is_ours};

pub(super) fn waits(function: &Function) -> bool {
    let text = function.text();
    // A word in a string is not told from one in the code: it is seldom, and costs little.
    text.contains("await")
        || !function.attributes.iter().all(is_inert)
        // To read each token is slow, for macros are compiled without optimization.
        || text.contains('!') && calls_unknown_macro(&function.body)
}

/// Whether an attribute leaves the function as it is written.
fn is_inert(attribute: &Attribute) -> bool {
    const INERT: [&str; 11] = [
        "allow",
        "cfg",
        "cold",
        "deny",
        "deprecated",
        "doc",
        "expect",
        "forbid",
        "inline",
        "must_use",
        "warn",
    ];
    is_ours(attribute) || INERT.iter().any(|name| attribute.path().is_ident(name))
}

/// Macros whose arguments are expressions, and which add no `.await` to them.
const KNOWN: [&str; 36] = [
    "assert",
    "assert_eq",
    "assert_ne",
    "concat",
    "dbg",
    "debug",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "env",
    "eprint",
    "eprintln",
    "error",
    "file",
    "format",
    "format_args",
    "include_bytes",
    "include_str",
    "info",
    "json",
    "line",
    "matches",
    "panic",
    "pin",
    "print",
    "println",
    "stringify",
    "todo",
    "trace",
    "unimplemented",
    "unreachable",
    "url",
    "vec",
    "warn",
    "write",
    "writeln",
];

fn calls_unknown_macro(body: &TokenStream) -> bool {
    let tokens: Vec<TokenTree> = body.clone().into_iter().collect();
    let is_call = |at: usize| {
        let [TokenTree::Ident(name), TokenTree::Punct(mark), TokenTree::Group(_)] = &tokens[at..at + 3]
        else {
            return false;
        };
        mark.as_char() == '!' && !KNOWN.iter().any(|known| name == known)
    };
    (0..tokens.len().saturating_sub(2)).any(is_call)
        || tokens
            .iter()
            .any(|token| matches!(token, TokenTree::Group(group) if calls_unknown_macro(&group.stream())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{errors::Errors, function::Role, testing::tokens};

    fn function(text: &str) -> Function {
        let role = Role { attribute: "#[get]", noun: "a handler", caller: "the router", purpose: "answers" };
        Function::read(role, tokens(text), &mut Errors::default()).unwrap()
    }

    #[test]
    fn what_may_wait_is_told_from_what_cannot() {
        let rows = [
            ("async fn f() {}", false),
            ("async fn f() -> &'static str { \"Hello, World!\" }", false),
            ("async fn f(a: u8) -> bool { a != (1) && !(a == 2) }", false),
            ("async fn f() { later().await }", true),
            ("async fn f() { { [1].map(|_| async { later().await }); } }", true),
            ("async fn f() -> &'static str { \"await\" }", true),
            ("async fn f() -> String { format!(\"{}\", vec![1].len()) }", false),
            ("async fn f() -> String { std::format!(\"!\") }", false),
            ("async fn f() -> String { format!(\"{}\", format!(\"{}\", later().await)) }", true),
            ("async fn f() { tokio::join!(a(), b()); }", true),
            ("async fn f() { vec![tokio::join!(a(), b())]; }", true),
            ("async fn f() { if true { select! { _ = a() => {} } } }", true),
            ("#[doc = \"Waits.\"] #[allow(unused)] #[get(\"/b\")] async fn f() {}", false),
            ("#[retry] async fn f() {}", true),
            ("#[tracing::instrument] async fn f() {}", true),
            ("#[tokio::inline] async fn f() {}", true),
        ];
        for (text, expected) in rows {
            assert_eq!(waits(&function(text)), expected, "{text}");
        }
    }
}
