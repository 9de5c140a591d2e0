//! Reads `layers: [..], crates: [..], app admin { .. }`.
//!
//! Key by key: a mistake in one value does not hide one in the next. A value that is no Rust is skipped up to the next
//! comma.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use syn::{
    Expr, LitStr, Path, Token, braced,
    ext::IdentExt,
    parse::{ParseStream, Parser},
    punctuated::Punctuated,
    token,
};

use crate::{
    errors::{Errors, with_help},
    options, words,
};

const OF_PROGRAM: &[&str] = &["layers", "crates", "fallback", "errors", "bind", "name", "crate", "app"];
const OF_APP: &[&str] = &["bind", "routes", "layers", "fallback", "errors"];

/// What `main!` was told.
pub(crate) struct Settings {
    pub(crate) main: App,
    pub(crate) crates: Vec<Ident>,
    pub(crate) name: Option<LitStr>,
    pub(crate) crate_path: Path,
    pub(crate) apps: Vec<(Ident, App)>,
}

/// What the main application and the others have in common.
#[derive(Default)]
pub(crate) struct App {
    pub(crate) binds: Vec<LitStr>,
    pub(crate) routes: Option<Path>,
    pub(crate) layers: Vec<Expr>,
    pub(crate) fallback: Option<Expr>,
    pub(crate) errors: Option<Expr>,
}

impl Settings {
    pub(crate) fn read(macro_name: &'static str, input: TokenStream, errors: &mut Errors) -> Self {
        let mut settings = Settings {
            main: App::default(),
            crates: Vec::new(),
            name: None,
            crate_path: syn::parse_quote!(::pulsar),
            apps: Vec::new(),
        };
        let read = |input: ParseStream<'_>| {
            settings.entries(macro_name, input, errors);
            Ok(())
        };
        if let Err(error) = read.parse2(input) {
            errors.push(error);
        }
        settings.check_routes(errors);
        settings
    }

    fn entries(&mut self, macro_name: &str, input: ParseStream<'_>, errors: &mut Errors) {
        let mut seen = Vec::new();
        while let Some(key) = next_key(input, macro_name, OF_PROGRAM, errors) {
            let done = if key == "app" && !input.peek(Token![:]) {
                self.app(&key, input, errors)
            } else if is_known(&key, macro_name, OF_PROGRAM, &mut seen, errors)
                && separator(&key, input, errors)
            {
                self.value(&key, input, errors)
            } else {
                skip(input);
                Ok(())
            };
            finish(&key, done, input, errors);
        }
    }

    fn value(&mut self, key: &Ident, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<()> {
        match key.to_string().as_str() {
            "crates" => self.crates = crates(input, errors)?,
            "name" => self.name = text(key, input, errors)?,
            "crate" => {
                let message = "`crate` takes the path of the pulsar crate";
                let help = "write it without quotes: `crate: my_framework::pulsar`";
                let error = syn::Error::new(input.span(), with_help(message, help));
                self.crate_path = input.call(Path::parse_mod_style).map_err(|_| error)?;
            }
            "app" => {
                errors.at(key, with_help("an application has a name and braces", "write `app admin { .. }`"));
                skip(input);
            }
            _ => return self.main.value(key, input, errors),
        }
        Ok(())
    }

    fn app(&mut self, key: &Ident, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<()> {
        const EXAMPLE: &str = "write `app admin { bind: \"127.0.0.1:8061\", routes: crate::admin }`";
        let Ok(name) = input.call(Ident::parse_any) else {
            return Err(syn::Error::new(key.span(), with_help("an application needs a name", EXAMPLE)));
        };
        if !input.peek(token::Brace) {
            let message = format!("the application `{name}` needs its settings in braces");
            return Err(syn::Error::new(name.span(), with_help(message, EXAMPLE)));
        }
        let inside;
        braced!(inside in input);
        if let Some((earlier, _)) = self.apps.iter().find(|(earlier, _)| *earlier == name) {
            twice(earlier, &name, &format!("the application `{name}`"), errors);
        }
        let mut app = App::default();
        let macro_name = format!("app {name}");
        let mut seen = Vec::new();
        while let Some(key) = next_key(&inside, &macro_name, OF_APP, errors) {
            let known = is_known(&key, &macro_name, OF_APP, &mut seen, errors);
            let done = if known && separator(&key, &inside, errors) {
                app.value(&key, &inside, errors)
            } else {
                skip(&inside);
                Ok(())
            };
            finish(&key, done, &inside, errors);
        }
        self.apps.push((name, app));
        Ok(())
    }

    /// The routes of an application are those of a module, named from the root of a crate that is mounted.
    fn check_routes(&self, errors: &mut Errors) {
        for routes in self.apps.iter().filter_map(|(_, app)| app.routes.as_ref()) {
            let first = &routes.segments[0].ident;
            let known = first == "crate" || first == "self" || self.crates.contains(first);
            if routes.leading_colon.is_none() && known {
                continue;
            }
            let path = words::source(routes);
            let path = path.trim_start_matches("::");
            let help = if first == "super" {
                "name it from the root: `crate::..`".to_owned()
            } else {
                format!(
                    "write `crate::{path}` for a module of this crate, or list `{first}` in `crates: [..]`"
                )
            };
            errors.at(routes, with_help(format!("`{path}` is in no crate that this program mounts"), help));
        }
    }
}

impl App {
    fn value(&mut self, key: &Ident, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<()> {
        match key.to_string().as_str() {
            "bind" => self.binds = binds(key, input, errors)?,
            "routes" => {
                self.routes = Some(input.call(Path::parse_mod_style).map_err(|error| {
                    syn::Error::new(
                        error.span(),
                        with_help("`routes` takes the path of a module", "write `routes: crate::admin`"),
                    )
                })?);
            }
            "layers" => self.layers = layers(input)?,
            "fallback" => self.fallback = Some(expression(key, "not_found", input)?),
            "errors" => self.errors = Some(expression(key, "render", input)?),
            key => unreachable!("`{key}` is in one of the tables above and has no reader"),
        }
        Ok(())
    }
}

/// The next key. At something else the rest cannot be read.
fn next_key(input: ParseStream<'_>, macro_name: &str, known: &[&str], errors: &mut Errors) -> Option<Ident> {
    while !input.is_empty() {
        if let Ok(key) = input.call(Ident::parse_any) {
            return Some(key);
        }
        let message = format!("`{macro_name}` takes `key: value`");
        let help = format!("the keys are {}", words::list(known));
        errors.push(input.error(with_help(message, help)));
        skip(input);
        let _comma: Option<Token![,]> = input.parse().ok();
    }
    None
}

fn is_known(
    key: &Ident,
    macro_name: &str,
    known: &[&str],
    seen: &mut Vec<Ident>,
    errors: &mut Errors,
) -> bool {
    let name = key.to_string();
    if !known.contains(&name.as_str()) {
        let help = if OF_PROGRAM.contains(&name.as_str()) {
            format!("`{name}` belongs to the program: write it outside of the braces")
        } else if name == "routes" {
            "the main application has every route that no other one names; `routes` belongs into `app NAME { .. }`"
                .to_owned()
        } else if let Some(near) = words::nearest(&name, known.iter().copied()) {
            format!("did you mean `{near}`?")
        } else {
            format!("the keys are {}", words::list(known))
        };
        errors.at(key, with_help(format!("unknown key `{name}` of `{macro_name}`"), help));
        return false;
    }
    match seen.iter().find(|earlier| *earlier == key) {
        Some(earlier) => twice(earlier, key, &format!("`{name}`"), errors),
        None => seen.push(key.clone()),
    }
    true
}

/// Both places. A note is not to be had on stable Rust, so the first place is an error of its own.
fn twice(first: &Ident, second: &Ident, what: &str, errors: &mut Errors) {
    errors.at(second, with_help(format!("{what} is given twice"), "put both into one"));
    errors.at(first, format!("{what} is given here first"));
}

fn separator(key: &Ident, input: ParseStream<'_>, errors: &mut Errors) -> bool {
    let help = format!("write `{key}: ..`");
    let equals: Option<Token![=]> = input.parse().ok();
    if let Some(equals) = equals {
        errors.at(equals, with_help("a key and its value are separated by `:`", &help));
    }
    let found = equals.is_some() || input.parse::<Token![:]>().is_ok();
    let has_value = !input.is_empty() && !input.peek(Token![,]);
    if !found && has_value {
        errors.at(key, with_help(format!("a `:` is missing behind `{key}`"), help));
    } else if !has_value {
        errors.at(key, with_help(format!("`{key}` needs a value"), help));
    }
    found && has_value
}

/// Reports what a value was not, and goes to the next key.
fn finish(key: &Ident, done: syn::Result<()>, input: ParseStream<'_>, errors: &mut Errors) {
    if let Err(error) = done {
        errors.push(error);
        skip(input);
    }
    // An `app` ends with its braces.
    let comma: Option<Token![,]> = input.parse().ok();
    if comma.is_some() || input.is_empty() || key == "app" {
        return;
    }
    let message = format!("a comma is missing between `{key}` and what follows");
    errors.push(input.error(with_help(message, "write `key: value, key: value`")));
    // A key follows if a colon follows that; of anything else nothing can be read.
    if !(input.peek(Ident::peek_any) && input.peek2(Token![:])) {
        skip(input);
        let _comma: Option<Token![,]> = input.parse().ok();
    }
}

/// Goes to the next comma.
fn skip(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        let _token: Option<TokenTree> = input.parse().ok();
    }
}

fn layers(input: ParseStream<'_>) -> syn::Result<Vec<Expr>> {
    if !input.peek(token::Bracket) {
        return Err(
            input.error(with_help("`layers` takes a list", "write `layers: [TraceLayer::new_for_http()]`"))
        );
    }
    // Not `bracketed!`: what a failed parser leaves of its brackets would be reported as well.
    let list: Group = input.parse()?;
    let parser = Punctuated::<Expr, Token![,]>::parse_terminated;
    let help = "write `layers: [TraceLayer::new_for_http(), CompressionLayer::new()]`";
    let list = parser
        .parse2(list.stream())
        .map_err(|error| explained(&error, "`layers` takes expressions between commas", help))?;
    Ok(list.into_iter().collect())
}

/// The function that `fallback` or `errors` names.
fn expression(key: &Ident, example: &str, input: ParseStream<'_>) -> syn::Result<Expr> {
    input.parse().map_err(|error| {
        let message = format!("`{key}` takes the name of a function, or a closure");
        explained(&error, &message, &format!("write `{key}: {example}`"))
    })
}

/// What `syn` says is the reason, not the message.
fn explained(error: &syn::Error, message: &str, help: &str) -> syn::Error {
    syn::Error::new(error.span(), with_help(format!("{message}: {error}"), help))
}

fn crates(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Vec<Ident>> {
    let help = "write `crates: [blog]`";
    if !input.peek(token::Bracket) {
        return Err(input.error(with_help("`crates` takes a list", help)));
    }
    let list: Group = input.parse()?;
    let mut crates: Vec<Ident> = Vec::new();
    for item in options::pieces(list.stream(), errors) {
        match syn::parse2::<Ident>(item.clone()) {
            Ok(name) if crates.contains(&name) => {
                errors.at(&name, format!("the crate `{name}` is listed twice"));
            }
            Ok(name) => crates.push(name),
            Err(_) if item.to_string() == "crate" || item.to_string() == "self" => {
                errors.at(&item, with_help("this crate is always mounted", "leave it out"));
            }
            Err(_) => {
                let message = format!("`crates` takes names of crates, not `{}`", words::source(&item));
                errors.at(&item, with_help(message, help));
            }
        }
    }
    Ok(crates)
}

fn binds(key: &Ident, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Vec<LitStr>> {
    if !input.peek(token::Bracket) {
        return Ok(text(key, input, errors)?.into_iter().collect());
    }
    let group: Group = input.parse()?;
    let mut list = Vec::new();
    for item in options::pieces(group.stream(), errors) {
        let parser = |input: ParseStream<'_>| {
            let text = text(key, input, errors)?;
            if !input.is_empty() {
                let message = format!("a comma is missing in the list of `{key}`");
                errors.push(
                    input.error(with_help(message, "write `bind: [\"127.0.0.1:8061\", \"[::1]:8061\"]`")),
                );
                skip(input);
            }
            Ok(text)
        };
        list.extend(parser.parse2(item)?);
    }
    if group.stream().is_empty() {
        errors.at(key, with_help("`bind` is empty", "leave it out for the default address"));
    }
    Ok(list)
}

/// One string literal; an empty one is a mistake.
fn text(key: &Ident, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Option<LitStr>> {
    let example = if key == "bind" { "\"127.0.0.1:8061\"" } else { "\"shop\"" };
    if !input.peek(LitStr) {
        let help = format!("write `{key}: {example}`");
        return Err(input.error(with_help(format!("`{key}` takes a string literal"), help)));
    }
    let text: LitStr = input.parse()?;
    if text.value().trim().is_empty() {
        errors.at(&text, with_help(format!("`{key}` is empty"), format!("leave it out, or write {example}")));
        return Ok(None);
    }
    Ok(Some(text))
}
