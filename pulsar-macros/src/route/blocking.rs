//! Calls that obviously block, in a function that runs on the event loop: a warning at each.
//!
//! Stable Rust gives macros no warnings of their own. Beside the route stands a hidden function that is deprecated, with
//! the advice as its note, and one use of it at the place of each call: the compiler says the rest, under the user's own lint levels.
//!
//! Only paths are read, and the names that `use` brings into the function: what is imported elsewhere is not known here,
//! and nothing is guessed. What is passed to `spawn_blocking` or to a thread does not run on the event loop.

use std::collections::HashMap;

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::quote_spanned;
use syn::{Attribute as SynAttribute, ItemUse, Meta, UseTree};

use crate::{
    function::{Function, find},
    route::attribute::Attribute,
};

/// The warnings of one route, or nothing.
pub(super) fn warnings(attribute: &Attribute, function: &Function) -> TokenStream {
    let on_the_loop = function.is_async || attribute.inline.is_some();
    // Several attributes have one body: the last of them warns.
    if !on_the_loop || attribute.allowed.blocking || function.has_more_attributes {
        return TokenStream::new();
    }
    if !may_block(function.text()) {
        return TokenStream::new();
    }
    let mut search = Search { imports: imports(&function.body), found: Vec::new() };
    search.block(&function.body);
    let levels: Vec<TokenStream> = function.attributes.iter().filter_map(level).collect();
    search.found.iter().map(|call| warning(call, function, &levels)).collect()
}

/// Whether a body has a word that every path of a blocking call begins with, here or in an import. Few have one, and to look for it in
/// the text is quick, where to read each token is not: macros are compiled without optimization.
fn may_block(text: &str) -> bool {
    ROOTS.iter().any(|root| text.contains(root))
}

/// `#[allow(deprecated)]` on the function holds for the warnings as well.
fn level(attribute: &SynAttribute) -> Option<TokenStream> {
    const LEVELS: [&str; 5] = ["allow", "expect", "warn", "deny", "forbid"];
    let Meta::List(list) = &attribute.meta else { return None };
    let word = list.path.get_ident().filter(|word| LEVELS.iter().any(|level| *word == level))?;
    find(&list.tokens, &|token| matches!(token, TokenTree::Ident(lint) if lint == "deprecated"))?;
    // What is expected of the function is found beside it.
    let word = if word == "expect" { "allow".to_owned() } else { word.to_string() };
    let (site, word) = (Span::mixed_site(), Ident::new(&word, Span::mixed_site()));
    Some(quote_spanned!(site=> #[#word(deprecated)]))
}

fn warning(call: &Call, function: &Function, levels: &[TokenStream]) -> TokenStream {
    let site = Span::mixed_site();
    let way_out = if function.is_async {
        format!("leave `async` out, so that `{}` runs on the thread pool", function.name)
    } else {
        format!("leave `inline` out, so that `{}` runs on the thread pool", function.name)
    };
    let counterpart = if function.is_async { call.counterpart() } else { None };
    let counterpart = counterpart.map_or_else(String::new, |other| format!("write {other}, or "));
    let note = format!(
        "`{}` blocks the event loop, and with it every other request there\n\
         help: {counterpart}{way_out}; `allow(blocking)` in the attribute if it is meant",
        call.path
    );
    let name = Ident::new("a_blocking_call", site);
    // With the span of the user, so that the warning points there and at nothing else.
    let used = Ident::new("a_blocking_call", call.place);
    let conditions = &function.conditions;
    quote_spanned! {site=>
        #(#conditions)*
        #(#levels)*
        #[doc(hidden)]
        const _: () = {
            #[deprecated(note = #note)]
            const fn #name() {}
            #used()
        };
    }
}

/// A call that blocks.
struct Call {
    /// In full: `std::thread::sleep`.
    path: String,
    /// What to write instead, or nothing.
    counterpart: &'static str,
    place: Span,
}

impl Call {
    /// What to write instead, if there is such a thing.
    fn counterpart(&self) -> Option<String> {
        match (self.path.strip_prefix("std::fs::"), self.counterpart) {
            (Some("exists"), _) => Some("`tokio::fs::try_exists(..).await`".to_owned()),
            (Some(name), "") => Some(format!("`tokio::fs::{name}(..).await`")),
            (_, "") => None,
            (_, counterpart) => Some(counterpart.to_owned()),
        }
    }
}

/// Calls by their paths. A path that ends in `::` stands for every function below.
const BLOCKING: [(&str, &str); 12] = [
    ("std::thread::sleep", "`tokio::time::sleep(..).await`"),
    ("std::fs::File::open", ""),
    ("std::fs::File::create", ""),
    ("std::fs::File::create_new", ""),
    ("std::fs::OpenOptions::new", "`tokio::fs::OpenOptions`"),
    ("std::fs::DirBuilder::new", "`tokio::fs::DirBuilder`"),
    ("std::fs::", ""),
    ("std::net::TcpStream::connect", "`tokio::net::TcpStream::connect(..).await`"),
    ("std::net::TcpStream::connect_timeout", "`tokio::net::TcpStream::connect(..).await`"),
    ("std::io::read_to_string", ""),
    ("reqwest::blocking::", "the client of `reqwest` that is not `blocking`"),
    ("ureq::", "an `async` client such as `reqwest`"),
];

/// What the paths below and above begin with, and [`Search::in_full`] knows without them.
const ROOTS: [&str; 4] = ["std", "thread", "reqwest", "ureq"];

/// Calls that block when one of these methods follows in the same chain.
const BLOCKING_CHAINS: [(&str, &[&str], &str); 2] = [
    (
        "std::process::Command::new",
        &["output", "status", "wait", "wait_with_output"],
        "`tokio::process::Command`",
    ),
    (
        "std::io::stdin",
        &["read", "read_line", "read_to_end", "read_to_string", "read_exact", "lines"],
        "`tokio::io::stdin()`",
    ),
];

/// Functions whose arguments run elsewhere.
const ELSEWHERE: [&str; 5] =
    ["spawn_blocking", "block_in_place", "std::thread::spawn", "blocking::unblock", "rayon::spawn"];

struct Search {
    imports: HashMap<String, String>,
    found: Vec<Call>,
}

impl Search {
    fn block(&mut self, tokens: &TokenStream) {
        let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at = match &tokens[at] {
                TokenTree::Ident(word) if word == "fn" && is_ident(tokens.get(at + 1)) => nested(&tokens, at),
                TokenTree::Ident(word) if word == "use" => statement(&tokens, at),
                TokenTree::Ident(_) => self.path(&tokens, at),
                TokenTree::Group(group) => {
                    self.block(&group.stream());
                    at + 1
                }
                _ => at + 1,
            };
        }
    }

    /// Reads a path, and says where to go on.
    fn path(&mut self, tokens: &[TokenTree], start: usize) -> usize {
        let (path, end) = path(tokens, start);
        let Some(TokenTree::Group(arguments)) = tokens.get(end) else { return end };
        if arguments.delimiter() != Delimiter::Parenthesis {
            return end;
        }
        let is_method = start > 0 && is_punct(&tokens[start - 1], '.');
        let path = if is_method { path } else { self.in_full(&path) };
        if is_elsewhere(&path, is_method, arguments.stream()) {
            return end + 1;
        }
        if !is_method {
            self.judge(path, tokens, end);
        }
        end
    }

    fn judge(&mut self, path: String, tokens: &[TokenTree], end: usize) {
        let place = tokens[end - 1].span();
        let chained = BLOCKING_CHAINS.iter().find(|(start, methods, _)| {
            *start == path && methods_after(tokens, end).iter().any(|name| methods.contains(&name.as_str()))
        });
        let counterpart = match chained {
            Some((_, _, counterpart)) => Some(*counterpart),
            None => BLOCKING.iter().find(|(blocking, _)| blocks(blocking, &path)).map(|(_, other)| *other),
        };
        if let Some(counterpart) = counterpart {
            self.found.push(Call { path, counterpart, place });
        }
    }

    /// The path with what `use` says in the function. `thread::sleep` is that of the standard library: nobody else has one.
    fn in_full(&self, path: &str) -> String {
        let (first, rest) = path.split_once("::").map_or((path, ""), |(first, rest)| (first, rest));
        let first = match self.imports.get(first) {
            Some(imported) => imported,
            None if first == "thread" => "std::thread",
            None => first,
        };
        if rest.is_empty() { first.to_owned() } else { format!("{first}::{rest}") }
    }
}

fn blocks(blocking: &str, path: &str) -> bool {
    let Some(prefix) = blocking.strip_suffix("::") else { return blocking == path };
    // Functions of the module itself, or of what is in `reqwest::blocking`; not types and their variants.
    path.strip_prefix(prefix).and_then(|rest| rest.strip_prefix("::")).is_some_and(|rest| {
        let is_function = |name: &str| name.starts_with(|c: char| c.is_ascii_lowercase());
        match rest.split_once("::") {
            None => is_function(rest),
            Some((_, name)) => prefix == "reqwest::blocking" && is_function(name),
        }
    })
}

fn is_elsewhere(path: &str, is_method: bool, arguments: TokenStream) -> bool {
    let last = path.rsplit("::").next().unwrap_or(path);
    if is_method {
        // A closure is spawned by threads and pools, a future by the runtime.
        let mut arguments = arguments.into_iter();
        let closure = match arguments.next() {
            Some(TokenTree::Ident(word)) if word == "move" => {
                arguments.next().is_some_and(|token| is_punct(&token, '|'))
            }
            first => first.is_some_and(|token| is_punct(&token, '|')),
        };
        return last == "spawn_blocking" || last == "spawn" && closure;
    }
    ELSEWHERE.iter().any(|known| *known == path || *known == last)
}

/// The path that starts here, without generic arguments, and where it ends.
fn path(tokens: &[TokenTree], start: usize) -> (String, usize) {
    let mut path = tokens[start].to_string();
    let mut at = start + 1;
    while tokens.get(at).is_some_and(|token| is_punct(token, ':'))
        && tokens.get(at + 1).is_some_and(|token| is_punct(token, ':'))
    {
        match tokens.get(at + 2) {
            Some(TokenTree::Ident(word)) => {
                path.push_str("::");
                path.push_str(&word.to_string());
                at += 3;
            }
            Some(token) if is_punct(token, '<') => {
                let mut open = 0;
                at += 2;
                while let Some(token) = tokens.get(at) {
                    open += i32::from(is_punct(token, '<')) - i32::from(is_punct(token, '>'));
                    at += 1;
                    if open == 0 {
                        break;
                    }
                }
            }
            _ => break,
        }
    }
    (path, at)
}

/// The names of the methods that are called on what the call at `end` returns, in one expression.
fn methods_after(tokens: &[TokenTree], mut at: usize) -> Vec<String> {
    let mut names = Vec::new();
    while let Some(token) = tokens.get(at) {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {}
            TokenTree::Ident(name) => names.push(name.to_string()),
            TokenTree::Punct(punct) if matches!(punct.as_char(), '.' | '?') => {}
            _ => break,
        }
        at += 1;
    }
    names
}

/// Behind a function in the function.
fn nested(tokens: &[TokenTree], start: usize) -> usize {
    let is_body =
        |token: &TokenTree| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
    tokens[start..].iter().position(is_body).map_or(tokens.len(), |body| start + body + 1)
}

/// Behind the semicolon.
fn statement(tokens: &[TokenTree], start: usize) -> usize {
    tokens[start..].iter().position(|token| is_punct(token, ';')).map_or(tokens.len(), |end| start + end + 1)
}

/// What the `use` declarations of a block and of those in it bring in, by the names that they have there.
fn imports(tokens: &TokenStream) -> HashMap<String, String> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut imports = HashMap::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => imports.extend(self::imports(&group.stream())),
            TokenTree::Ident(word) if word == "use" => {
                let declaration: TokenStream = tokens[at..statement(&tokens, at)].iter().cloned().collect();
                if let Ok(declaration) = syn::parse2::<ItemUse>(declaration) {
                    import(&declaration.tree, "", &mut imports);
                }
            }
            _ => {}
        }
    }
    imports
}

fn import(tree: &UseTree, before: &str, imports: &mut HashMap<String, String>) {
    let joined = |name: &Ident| {
        if before.is_empty() { name.to_string() } else { format!("{before}::{name}") }
    };
    match tree {
        UseTree::Path(path) => import(&path.tree, &joined(&path.ident), imports),
        UseTree::Name(name) if name.ident == "self" => {
            let last = before.rsplit("::").next().unwrap_or(before);
            imports.insert(last.to_owned(), before.to_owned());
        }
        UseTree::Name(name) => {
            imports.insert(name.ident.to_string(), joined(&name.ident));
        }
        UseTree::Rename(renamed) => {
            imports.insert(renamed.rename.to_string(), joined(&renamed.ident));
        }
        UseTree::Group(group) => {
            for tree in &group.items {
                import(tree, before, imports);
            }
        }
        UseTree::Glob(_) => {}
    }
}

fn is_ident(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Ident(_)))
}

fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::tokens;

    fn found(body: &str) -> Vec<String> {
        let body = tokens(body);
        if !may_block(&body.to_string()) {
            return Vec::new();
        }
        let mut search = Search { imports: imports(&body), found: Vec::new() };
        search.block(&body);
        search.found.into_iter().map(|call| call.path).collect()
    }

    #[test]
    fn calls_that_block_are_found() {
        let rows: &[(&str, &[&str])] = &[
            ("std::thread::sleep(second);", &["std::thread::sleep"]),
            ("thread::sleep(second);", &["std::thread::sleep"]),
            ("::std::thread::sleep(second);", &["std::thread::sleep"]),
            ("use std::thread::sleep; sleep(second);", &["std::thread::sleep"]),
            ("use std::thread::sleep as rest; if a { rest(second) }", &["std::thread::sleep"]),
            (
                "std::fs::read(\"a\")?.len() + std::fs::metadata(\"b\")",
                &["std::fs::read", "std::fs::metadata"],
            ),
            ("use std::fs; fs::read(path)", &["std::fs::read"]),
            (
                "use std::{io, fs::{self, File}}; File::open(fs::canonicalize(x))",
                &["std::fs::File::open", "std::fs::canonicalize"],
            ),
            ("let file = std::fs::File::open(path)?;", &["std::fs::File::open"]),
            ("std::fs::OpenOptions::new().read(true).open(path)", &["std::fs::OpenOptions::new"]),
            ("println!(\"{}\", std::fs::read_to_string(x).unwrap())", &["std::fs::read_to_string"]),
            (
                "reqwest::blocking::get(url)?; reqwest::blocking::Client::new()",
                &["reqwest::blocking::get", "reqwest::blocking::Client::new"],
            ),
            ("ureq::get(url).call()", &["ureq::get"]),
            ("std::net::TcpStream::connect(address)", &["std::net::TcpStream::connect"]),
            ("std::process::Command::new(\"ls\").arg(x).output()?", &["std::process::Command::new"]),
            (
                "use std::process::Command; Command::new(\"ls\").spawn()?.wait()",
                &["std::process::Command::new"],
            ),
            ("std::io::stdin().lock().read_line(&mut line)", &["std::io::stdin"]),
            ("async move { std::thread::sleep(second) }.await", &["std::thread::sleep"]),
            ("tokio::spawn(async move { std::thread::sleep(second) })", &["std::thread::sleep"]),
            ("tasks.spawn(async move { std::thread::sleep(second) })", &["std::thread::sleep"]),
            ("items.iter().map(|item| std::fs::read(item))", &["std::fs::read"]),
        ];
        for (body, expected) in rows {
            assert_eq!(found(body), *expected, "{body}");
        }
    }

    #[test]
    fn what_may_be_something_else_is_left_alone() {
        let rows = [
            "tokio::time::sleep(second).await",
            "sleep(second).await",
            "fs::read(path).await",
            "use tokio::fs; fs::read(path).await",
            "use my::thread; thread::sleep(second)",
            "tokio::fs::read(path).await; File::open(path).await",
            "self.fs.read(path); a.std::thread",
            "spawn_blocking(|| std::fs::read(path)).await",
            "tokio::task::spawn_blocking(move || { std::thread::sleep(second) }).await",
            "tokio::task::block_in_place(|| std::fs::read(path))",
            "std::thread::spawn(|| std::thread::sleep(second)); thread::spawn(|| std::fs::read(path))",
            "std::thread::Builder::new().spawn(move || std::thread::sleep(second))",
            "handle.spawn_blocking(|| std::fs::read(path))",
            "fn later() { std::thread::sleep(second) }",
            "let permissions = std::fs::Permissions::from_mode(0o600);",
            "match e { ureq::Error::StatusCode(404) => {} reqwest::blocking::Response { .. } => {} }",
            "let read: fn(&str) = std::fs::read;",
            "std::process::Command::new(\"ls\").arg(x)",
            "tokio::process::Command::new(\"ls\").output().await",
            "let sleep = std::time::Duration::from_secs(1);",
        ];
        for body in rows {
            assert_eq!(found(body), Vec::<String>::new(), "{body}");
        }
    }
}
