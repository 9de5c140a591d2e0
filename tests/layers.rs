//! The structure of the code: which module may import which, and what every file has to have.
//!
//! The runtime crate stands on floors: a module imports from lower floors only, never sideways or up. Within a folder, and
//! within the two small crates, no chain of imports leads back to where it began. Code for tests is exempt. Imports are
//! found by parsing, and a name that is re-exported counts as an import of the module that defines it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    path::{Path, PathBuf},
};

use syn::{
    Attribute, File, Item, UseTree,
    visit::{self, Visit},
};

/// The modules of the runtime crate, from the lowest floor up. `lib.rs` has them in the same order.
const FLOORS: &[(&str, &[&str])] = &[
    (
        "words that all use; what event loops and threads tell one another",
        &["board", "body", "drain", "mailbox", "order", "place", "settings", "task", "weighted", "worker"],
    ),
    ("a pool of threads; messages to other workers", &["cluster", "pool"]),
    ("the state of a worker; errors", &["context", "error", "finding"]),
    ("the answer to an error", &["problem"]),
    ("what is known of a request", &["request"]),
    (
        "what handlers take and are",
        &["bounds", "extract", "handler", "middleware", "sse", "url", "websocket"],
    ),
    (
        "annotated functions as handlers; applications that are not routes: static files, callables of PEP 3333",
        &["files", "function", "wsgi"],
    ),
    ("what the macros submit; what serves any application", &["registry", "server"]),
    ("from a path or a name to a handler; what keeps workers serving", &["arbiter", "messages", "router"]),
    ("from registrations to a program", &["app"]),
    ("tests of a program", &["testing"]),
];

/// Where the floors are explained. Its table has a row for each module, with the number of its floor.
const ARCHITECTURE: &str = "docs/architecture.md";

/// What stands outside of the floors: the crate's index, and what generated code names.
const INDEX: &[&str] = &["", "__private"];

/// Longer files are two ideas. Tests may be longer, since tables are.
const MOST_LINES: usize = 600;

#[test]
fn modules_import_from_lower_floors_only() {
    let sources = Sources::of("pulsar/src");
    let floor = |module: &str| FLOORS.iter().position(|(_, modules)| modules.contains(&module));
    let mut wrong = Vec::new();
    for import in sources.imports() {
        let (from, to) = (top(&import.from), top(&import.to));
        if from == to || INDEX.contains(&from) {
            continue;
        }
        let reason = match (floor(from), floor(to)) {
            (None, _) => format!("`{from}` has no floor; give it one in tests/layers.rs"),
            (_, None) => format!("`{to}` has no floor, or is the index"),
            (Some(from), Some(to)) if to < from => continue,
            (Some(from), Some(to)) if to == from => format!("sideways on floor {from}"),
            (Some(from), Some(to)) => format!("up from floor {from} to floor {to}"),
        };
        wrong.push(format!("{import}: {reason}"));
    }
    assert!(wrong.is_empty(), "imports against the floors:\n{}", wrong.join("\n"));
}

#[test]
fn the_index_has_the_modules_in_the_order_of_the_floors() {
    let sources = Sources::of("pulsar/src");
    let index = &sources.files[""];
    let declared: Vec<String> = index.syntax.items.iter().filter_map(declaration).collect();
    let expected: Vec<&str> =
        FLOORS.iter().flat_map(|(_, modules)| modules.iter().copied()).chain(["__private"]).collect();
    assert_eq!(declared, expected, "the modules of pulsar/src/lib.rs, and the floors in tests/layers.rs");
}

#[test]
fn the_floors_are_explained() {
    let page = fs::read_to_string(workspace().join(ARCHITECTURE)).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | `"));
    let explained: Vec<_> = rows
        .filter_map(|(floor, rest)| Some((floor.parse().ok()?, rest.split('`').next().unwrap_or(rest))))
        .collect();
    let expected: Vec<(usize, &str)> = FLOORS
        .iter()
        .enumerate()
        .flat_map(|(floor, (_, modules))| modules.iter().map(move |module| (floor, *module)))
        .collect();
    assert_eq!(explained, expected, "the table of floors in {ARCHITECTURE}, and the one here");
    for (what, _) in FLOORS {
        assert!(page.contains(what), "{ARCHITECTURE} does not say what a floor is: {what}");
    }
}

#[test]
fn no_chain_of_imports_leads_back() {
    for root in ["pulsar/src", "pulsar/pattern/src", "pulsar-macros/src"] {
        let sources = Sources::of(root);
        let mut edges: BTreeMap<&str, BTreeMap<&str, &Import>> = BTreeMap::new();
        let imports = sources.imports();
        for import in &imports {
            // The files of the runtime crate's folders are compared with their neighbours; between modules the floors rule.
            let neighbours = root != "pulsar/src" || top(&import.from) == top(&import.to);
            if neighbours && import.from != import.to {
                edges.entry(&import.from).or_default().entry(&import.to).or_insert(import);
            }
        }
        if let Some(cycle) = cycle(&edges) {
            let lines: Vec<_> = cycle.iter().map(ToString::to_string).collect();
            panic!("these imports of {root} form a cycle:\n{}", lines.join("\n"));
        }
    }
}

#[test]
fn every_file_says_what_it_is() {
    let mut wrong = Vec::new();
    for path in rust_files(&["benches", "pulsar", "pulsar-macros", "examples", "tests"]) {
        // Golden files are not written by hand, and a compile error is best shown by nothing but the error.
        if ["ui", "output"].iter().any(|folder| path.components().any(|part| part.as_os_str() == *folder)) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        // The guide of a crate may stand in a file of its own.
        if !text.starts_with("//! ") && !text.starts_with("#![doc = include_str!") {
            wrong.push(path.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "files that do not open with `//!`:\n{}", wrong.join("\n"));
}

#[test]
fn files_are_short() {
    let mut wrong = Vec::new();
    for path in rust_files(&["pulsar/src", "pulsar/pattern/src", "pulsar-macros/src", "examples"]) {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        let of_tests = path.file_stem().is_some_and(|name| name == "tests")
            || path.components().any(|part| part.as_os_str() == "tests");
        if lines > MOST_LINES && !of_tests {
            wrong.push(format!("{}: {lines} lines", path.display()));
        }
    }
    assert!(wrong.is_empty(), "files of more than {MOST_LINES} lines:\n{}", wrong.join("\n"));
}

/// The one file that may hold `unsafe`, each with its reason on the line before.
const SYSTEM_CALLS: &str = "pulsar/src/arbiter/process.rs";

#[test]
fn nothing_is_unsafe_but_system_calls_with_a_reason() {
    let mut wrong = Vec::new();
    for path in rust_files(&["benches", "pulsar", "pulsar-macros", "examples", "tests"]) {
        // What the compiler says about an unsafe handler is tested with one.
        if path.components().any(|part| part.as_os_str() == "ui") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let tokens: proc_macro2::TokenStream = text.parse().unwrap();
        for line in lines_of_unsafe(tokens) {
            let mut above = text.lines().take(line - 1).collect::<Vec<_>>().into_iter().rev();
            let reason: Vec<_> =
                above.by_ref().take_while(|line| line.trim_start().starts_with("//")).collect();
            let explained = reason.iter().any(|line| line.contains("// SAFETY:"));
            if !path.ends_with(SYSTEM_CALLS) || !explained {
                wrong.push(format!("{}:{line}", path.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "`unsafe` stands outside of {SYSTEM_CALLS}, or without `// SAFETY:` before it:\n{}",
        wrong.join("\n")
    );
}

/// Where the keyword stands; `is_unsafe` and texts are other tokens.
fn lines_of_unsafe(tokens: proc_macro2::TokenStream) -> Vec<usize> {
    let mut lines = Vec::new();
    for token in tokens {
        match token {
            proc_macro2::TokenTree::Ident(word) if word == "unsafe" => lines.push(word.span().start().line),
            proc_macro2::TokenTree::Group(group) => lines.extend(lines_of_unsafe(group.stream())),
            _ => {}
        }
    }
    lines
}

/// The finders find: without this the tests above could pass because nothing is ever looked at.
#[test]
fn imports_are_found_in_every_form() {
    let files = [
        ("", "pub use crate::{error::Error, router::Router}; mod error; mod router;"),
        (
            "error",
            "use crate::Router; fn f() { let _ = crate::router::table::find; } #[cfg(any(test, fuzzing))] use crate::X;",
        ),
        (
            "router",
            "mod table; mod service; pub use self::service::Service as Router; const MAX: u8 = 1; fn f() { table::find() }",
        ),
        ("router::table", "use super::{MAX, Router}; #[cfg(test)] mod tests { use crate::testing::Client; }"),
        (
            "router::service",
            "use crate::router as other; fn f() { log!(\"{}\", super::table::find()); } #[cfg(test)] use crate::error::X;",
        ),
    ];
    let sources = Sources {
        files: files.map(|(module, text)| (module.to_owned(), Source::parse(module.into(), text))).into(),
    };
    let found: BTreeSet<_> = sources.imports().into_iter().map(|import| (import.from, import.to)).collect();
    let expected = [
        ("", "error"),
        ("", "router::service"),
        ("error", "router::service"),
        ("error", "router::table"),
        ("router", "router::service"),
        ("router", "router::table"),
        ("router::service", "router"),
        ("router::service", "router::table"),
        ("router::table", "router"),
        ("router::table", "router::service"),
    ];
    assert_eq!(found, expected.map(|(from, to)| (from.to_owned(), to.to_owned())).into());
    let imports = sources.imports();
    let edges = imports.iter().fold(BTreeMap::<_, BTreeMap<_, _>>::new(), |mut edges, import| {
        edges.entry(&*import.from).or_default().insert(&*import.to, import);
        edges
    });
    let cycle = cycle(&edges).unwrap();
    assert_eq!(cycle.first().map(|import| &import.from), cycle.last().map(|import| &import.to));
    assert_eq!(lines_of_unsafe("fn f() {\n \"unsafe\"; is_unsafe; { unsafe {} } }".parse().unwrap()), [2]);
}

/// One import, by the modules that have the text and the item.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Import {
    from: String,
    to: String,
    file: PathBuf,
    line: usize,
    /// As it was written.
    path: String,
}

impl fmt::Display for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, file, line, path } = self;
        write!(f, "{}:{line}: `{path}`, from `{from}` to `{to}`", file.display())
    }
}

/// The modules of a crate, each of which is a file, by their path without `crate`.
struct Sources {
    files: BTreeMap<String, Source>,
}

struct Source {
    file: PathBuf,
    syntax: File,
    /// What `use` gives a name here: the name, and what it stands for.
    names: BTreeMap<String, Vec<String>>,
}

impl Source {
    fn parse(file: PathBuf, text: &str) -> Self {
        let syntax = syn::parse_file(text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut names = BTreeMap::new();
        for item in &syntax.items {
            if let Item::Use(item) = item
                && !is_for_tests(&item.attrs)
            {
                for path in paths_of(&item.tree) {
                    names.insert(path.name.clone(), path.segments);
                }
            }
        }
        Self { file, syntax, names }
    }
}

impl Sources {
    /// Reads the files below a folder of the workspace. Files that only tests use are left out.
    fn of(root: &str) -> Self {
        let folder = workspace().join(root);
        let mut files = BTreeMap::new();
        for path in rust_files(&[root]) {
            let relative = path.strip_prefix(&folder).unwrap().with_extension("");
            let mut parts: Vec<_> = relative.iter().map(|part| part.to_str().unwrap()).collect();
            if let Some("mod" | "lib") = parts.last().copied() {
                parts.pop();
            }
            let module = match &*parts.join("::") {
                "private" => "__private".to_owned(),
                "fuzz" => "__fuzz".to_owned(),
                module => module.to_owned(),
            };
            let source = Source::parse(
                path.strip_prefix(workspace()).unwrap().to_owned(),
                &fs::read_to_string(&path).unwrap(),
            );
            assert!(files.insert(module, source).is_none(), "two files for one module: {}", path.display());
        }
        let for_tests: Vec<String> =
            files.iter().flat_map(|(module, source)| test_modules(module, source)).collect();
        files.retain(|module, _| {
            !for_tests.iter().any(|test| module == test || module.starts_with(&format!("{test}::")))
        });
        Self { files }
    }

    /// Every import of an item of the crate by another of its modules.
    fn imports(&self) -> Vec<Import> {
        let mut imports = Vec::new();
        for (module, source) in &self.files {
            let mut finder = Finder { sources: self, module, found: Vec::new() };
            finder.visit_file(&source.syntax);
            for (path, line) in finder.found {
                if let Some(to) = self.module_of(module, &path, 0)
                    && to != *module
                {
                    let (from, file) = (module.clone(), source.file.clone());
                    imports.push(Import { from, to, file, line, path: path.join("::") });
                }
            }
        }
        imports
    }

    /// The module that defines what a path in `module` names, if it is one of this crate.
    fn module_of(&self, module: &str, path: &[String], depth: usize) -> Option<String> {
        assert!(depth < 20, "re-exports that go in a circle: {path:?} in `{module}`");
        let mut at = module.to_owned();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => {
                at = String::new();
                rest = &path[1..];
            }
            "self" => rest = &path[1..],
            "super" => {
                while let Some("super") = rest.first().map(String::as_str) {
                    at = at.rsplit_once("::").map_or(String::new(), |(parent, _)| parent.to_owned());
                    rest = &rest[1..];
                }
            }
            first if self.files.contains_key(&join(module, first)) => {}
            _ => return None,
        }
        while let Some((first, behind)) = rest.split_first() {
            let child = join(&at, first);
            if self.files.contains_key(&child) {
                (at, rest) = (child, behind);
                continue;
            }
            return match self.files[&at].names.get(first) {
                Some(target) => {
                    let target: Vec<_> = target.iter().chain(behind).cloned().collect();
                    self.module_of(&at, &target, depth + 1)
                }
                None => Some(at),
            };
        }
        Some(at)
    }
}

/// Collects the paths of one file, with their lines.
struct Finder<'a> {
    sources: &'a Sources,
    module: &'a str,
    found: Vec<(Vec<String>, usize)>,
}

impl<'a> Visit<'a> for Finder<'a> {
    fn visit_item(&mut self, item: &'a Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        self.found.extend(paths_of(&item.tree).into_iter().map(|path| (path.segments, path.line)));
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        let segments: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let line = path.segments[0].ident.span().start().line;
        self.maybe(segments, line);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, invoked: &'a syn::Macro) {
        self.tokens(invoked.tokens.clone());
        visit::visit_macro(self, invoked);
    }

    fn visit_attribute(&mut self, _: &'a Attribute) {
        // Documentation may name whatever it likes.
    }
}

impl Finder<'_> {
    /// Notes a path that leads through a module; a single name has been imported by a `use`.
    fn maybe(&mut self, segments: Vec<String>, line: usize) {
        let first = segments[0].as_str();
        let relative = segments.len() > 1 && self.sources.files.contains_key(&join(self.module, first));
        if relative || (segments.len() > 1 && ["crate", "super", "self"].contains(&first)) {
            self.found.push((segments, line));
        }
    }

    /// The paths among the arguments of a macro, which are tokens without structure.
    fn tokens(&mut self, tokens: proc_macro2::TokenStream) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                proc_macro2::TokenTree::Group(group) => self.tokens(group.stream()),
                proc_macro2::TokenTree::Ident(word) => {
                    let mut segments = vec![word.to_string()];
                    while let [
                        proc_macro2::TokenTree::Punct(one),
                        proc_macro2::TokenTree::Punct(two),
                        proc_macro2::TokenTree::Ident(next),
                        ..,
                    ] = &tokens[at + 1..]
                        && (one.as_char(), two.as_char()) == (':', ':')
                    {
                        segments.push(next.to_string());
                        at += 3;
                    }
                    self.maybe(segments, word.span().start().line);
                }
                _ => {}
            }
            at += 1;
        }
    }
}

/// A path of a `use`, and the name that it gives.
struct Used {
    segments: Vec<String>,
    name: String,
    line: usize,
}

fn paths_of(tree: &UseTree) -> Vec<Used> {
    fn walk(tree: &UseTree, prefix: &[String], found: &mut Vec<Used>) {
        let with = |name: &syn::Ident| prefix.iter().cloned().chain([name.to_string()]).collect::<Vec<_>>();
        match tree {
            UseTree::Path(path) => walk(&path.tree, &with(&path.ident), found),
            UseTree::Group(group) => group.items.iter().for_each(|tree| walk(tree, prefix, found)),
            UseTree::Glob(glob) => {
                let line = glob.star_token.spans[0].start().line;
                found.push(Used { segments: prefix.to_vec(), name: "*".into(), line });
            }
            UseTree::Name(name) => {
                let line = name.ident.span().start().line;
                let segments = if name.ident == "self" { prefix.to_vec() } else { with(&name.ident) };
                let given = segments.last().cloned().unwrap_or_default();
                found.push(Used { segments, name: given, line });
            }
            UseTree::Rename(rename) => {
                let line = rename.ident.span().start().line;
                let segments = if rename.ident == "self" { prefix.to_vec() } else { with(&rename.ident) };
                found.push(Used { segments, name: rename.rename.to_string(), line });
            }
        }
    }
    let mut found = Vec::new();
    walk(tree, &[], &mut found);
    found
}

/// The imports along a way that ends where it began, if there is one.
fn cycle<'a>(edges: &BTreeMap<&'a str, BTreeMap<&'a str, &'a Import>>) -> Option<Vec<&'a Import>> {
    fn visit<'a>(
        module: &'a str,
        edges: &BTreeMap<&'a str, BTreeMap<&'a str, &'a Import>>,
        way: &mut Vec<&'a Import>,
        done: &mut BTreeSet<&'a str>,
    ) -> Option<Vec<&'a Import>> {
        if let Some(start) = way.iter().position(|import| import.from == module) {
            return Some(way[start..].to_vec());
        }
        if !done.insert(module) {
            return None;
        }
        for (to, import) in edges.get(module).into_iter().flatten() {
            way.push(import);
            let found = visit(to, edges, way, done);
            way.pop();
            if found.is_some() {
                return found;
            }
        }
        None
    }
    let mut done = BTreeSet::new();
    edges.keys().find_map(|module| visit(module, edges, &mut Vec::new(), &mut done))
}

/// The modules that a file declares for tests alone.
fn test_modules(module: &str, source: &Source) -> Vec<String> {
    let items = source.syntax.items.iter();
    let modules = items.filter_map(|item| match item {
        Item::Mod(item) if item.content.is_none() && is_for_tests(&item.attrs) => {
            Some(join(module, &item.ident.to_string()))
        }
        _ => None,
    });
    modules.collect()
}

/// The name of a module that has a file.
fn declaration(item: &Item) -> Option<String> {
    match item {
        Item::Mod(item) if item.content.is_none() && !is_for_tests(&item.attrs) => {
            Some(item.ident.to_string())
        }
        _ => None,
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| {
                // What is fuzzed is checked in the unit tests too; what is measured is there for benches alone.
                ["test", "any (test , fuzzing)", "benching"].contains(&list.tokens.to_string().as_str())
            })
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Mod(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Const(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        _ => &[],
    }
}

fn join(module: &str, name: &str) -> String {
    if module.is_empty() { name.to_owned() } else { format!("{module}::{name}") }
}

/// The module of the crate's root that a module stands in.
fn top(module: &str) -> &str {
    module.split("::").next().unwrap_or(module)
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ stands in the workspace")
}

/// The files below these folders of the workspace, sorted. What was built is left out.
fn rust_files(folders: &[&str]) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    for folder in folders {
        walk(&workspace().join(folder), &mut found);
    }
    found.sort();
    assert!(!found.is_empty(), "no files in {folders:?}");
    found
}
