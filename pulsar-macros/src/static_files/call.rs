//! What stands in the parentheses of `static_files!`.

use std::{env, path::PathBuf};

use proc_macro2::{Span, TokenStream};
use syn::LitStr;

use super::folder::{self, Listed};
use crate::{
    errors::{Errors, with_help},
    literal_path,
    options::{self, Options},
    words,
};

const EXAMPLE: &str = "write `static_files!(\"/static\", \"assets\")`";

/// A call whose values can be used.
pub(super) struct Call {
    pub(super) path: LitStr,
    pub(super) folder: LitStr,
    pub(super) index: Option<LitStr>,
    pub(super) fallback: Option<LitStr>,
    pub(super) cache_control: Option<LitStr>,
    pub(super) hidden: bool,
    /// The files to put into the program, if it is to have them.
    pub(super) embedded: Option<Vec<Listed>>,
    pub(super) crate_path: syn::Path,
}

impl Call {
    pub(super) fn read(input: TokenStream, errors: &mut Errors) -> Option<Self> {
        let known = ["index", "fallback", "cache_control", "hidden", "embed", "crate"];
        let elsewhere = [
            ("path", "the path comes first, without a key: `static_files!(\"/static\", \"assets\")`"),
            ("folder", "the folder comes second, without a key: `static_files!(\"/static\", \"assets\")`"),
        ];
        let options = Options::read("static_files!", input, &known, &elsewhere, errors);
        let values = values(&options, errors);
        let index = options.string("index", errors).filter(|name| check_index(name, errors));
        let fallback = options.string("fallback", errors).filter(|page| check_page(page, errors));
        let cache_control =
            options.string("cache_control", errors).filter(|value| check_header(value, errors));
        let hidden = options.flag("hidden", errors);
        let embed = options.flag("embed", errors);
        let crate_path = options.crate_path(errors);
        let (path, folder) = values?;
        let embedded = if embed { Some(listed(&folder, hidden, errors)?) } else { None };
        if let (Some(files), Some(page)) = (&embedded, &fallback)
            && !files.iter().any(|file| file.path == page.value())
        {
            let (page_name, folder) = (page.value(), folder.value());
            let message = format!("the page `{page_name}` is not in the folder `{folder}`");
            let near = words::nearest(&page_name, files.iter().map(|file| &*file.path));
            let help = near.map_or("put it there, or leave `fallback` out".to_owned(), |near| {
                format!("did you mean `{near}`?")
            });
            errors.at(page, with_help(message, help));
        }
        Some(Self { path, folder, index, fallback, cache_control, hidden, embedded, crate_path })
    }
}

/// The path and the folder.
fn values(options: &Options, errors: &mut Errors) -> Option<(LitStr, LitStr)> {
    let (path, folder) = match options.values() {
        [path, folder] => (path, folder),
        [path, folder, more @ ..] => {
            for value in more {
                errors.at(
                    value,
                    with_help("`static_files!` has one path and one folder", "write it once for each folder"),
                );
            }
            (path, folder)
        }
        [] if !options.misplaced.is_empty() => return None,
        [] => {
            let message = "`static_files!` needs a path and a folder";
            errors.at_span(Span::call_site(), with_help(message, EXAMPLE));
            return None;
        }
        [path] => {
            errors
                .at(path, with_help("the folder is missing: its files are served below this path", EXAMPLE));
            return None;
        }
    };
    let mut literal = |what: &str, value: &TokenStream| {
        let found = options::string(value.clone());
        if found.is_none() {
            let message = format!("the {what} is a string literal, not `{}`", words::source(value));
            errors.at(value, with_help(message, EXAMPLE));
        }
        found
    };
    let (path, folder) = (literal("path", path), literal("folder", folder));
    let path = path.filter(|path| {
        let help = "the rest of the path is the name of the file";
        literal_path::check(path, "files are served below", help, errors)
    });
    if let Some(folder) = &folder {
        let text = folder.value();
        if text.trim().is_empty() || text.contains('\0') {
            let help = "write \".\" for the folder of `Cargo.toml`, or the path of a folder in it";
            errors.at(folder, with_help("the folder has no name", help));
            return None;
        }
    }
    Some((path?, folder?))
}

/// Whether a text is the name of something in a folder.
fn is_name(segment: &str) -> bool {
    !matches!(segment, "" | "." | "..") && !segment.contains(['/', '\\', '\0'])
}

fn check_index(name: &LitStr, errors: &mut Errors) -> bool {
    let good = is_name(&name.value());
    if !good {
        let message = "`index` is the name of a file, which each folder may have";
        errors.at(name, with_help(message, "write `index = \"index.html\"`"));
    }
    good
}

fn check_page(page: &LitStr, errors: &mut Errors) -> bool {
    let good = page.value().split('/').all(is_name);
    if !good {
        let message = "`fallback` is the path of a file in the folder, without a slash before it";
        errors.at(page, with_help(message, "write `fallback = \"index.html\"`"));
    }
    good
}

fn check_header(value: &LitStr, errors: &mut Errors) -> bool {
    let good = value.value().bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if !good {
        let message = "the value of a header is one line of ASCII text";
        errors.at(value, with_help(message, "write `cache_control = \"public, max-age=3600\"`"));
    }
    good
}

/// The files of a folder that is to be embedded, which has to be there when the program is compiled.
fn listed(folder: &LitStr, hidden: bool, errors: &mut Errors) -> Option<Vec<Listed>> {
    let Some(manifest) = env::var_os("CARGO_MANIFEST_DIR") else {
        let help = "build with cargo, or leave `embed` out";
        errors
            .at(folder, with_help("nobody says where the folder is: `CARGO_MANIFEST_DIR` is not set", help));
        return None;
    };
    match folder::list(&PathBuf::from(manifest).join(folder.value()), hidden) {
        Ok(files) => Some(files),
        Err(problems) => {
            for problem in problems {
                let help = "the folder is embedded when the program is compiled, with all that is in it";
                errors.at(folder, with_help(problem, help));
            }
            None
        }
    }
}
