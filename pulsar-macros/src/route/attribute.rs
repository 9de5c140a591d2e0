//! What stands in the brackets of a route attribute: rule, methods, name, `inline`, `url`, `allow`, `crate`.
//!
//! Knows nothing of the function. A [`Rule`] is one that the grammar accepts, with the literal it was written in.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use pulsar_pattern::Pattern;
use quote::ToTokens;
use syn::{LitBool, LitStr, Path};

use crate::{
    errors::{Errors, with_help},
    options::{self, Options},
    words,
};

/// Which attribute it is.
#[derive(Clone, Copy)]
pub(crate) enum Verb {
    Any,
    Get,
    Post,
    Put,
    Patch,
    Delete,
    Head,
    Options,
}

impl Verb {
    /// As it is written, for messages.
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Verb::Any => "#[route]",
            Verb::Get => "#[get]",
            Verb::Post => "#[post]",
            Verb::Put => "#[put]",
            Verb::Patch => "#[patch]",
            Verb::Delete => "#[delete]",
            Verb::Head => "#[head]",
            Verb::Options => "#[options]",
        }
    }

    /// The method it stands for; `#[route]` without another one stands for GET.
    fn method(self) -> &'static str {
        match self {
            Verb::Any | Verb::Get => "GET",
            Verb::Post => "POST",
            Verb::Put => "PUT",
            Verb::Patch => "PATCH",
            Verb::Delete => "DELETE",
            Verb::Head => "HEAD",
            Verb::Options => "OPTIONS",
        }
    }
}

/// A route attribute. Where a part was wrong, the rest stands and the mistake is with the errors.
pub(crate) struct Attribute {
    pub(crate) rule: Option<Rule>,
    pub(crate) methods: Vec<LitStr>,
    pub(crate) name: Option<LitStr>,
    pub(crate) inline: Option<Ident>,
    pub(crate) allowed: Allowed,
    /// The word `url` of `url = false`.
    pub(crate) no_url: Option<Ident>,
    pub(crate) crate_path: Path,
}

/// What `allow(..)` says that is meant.
#[derive(Clone, Copy)]
pub(crate) struct Allowed {
    /// `allow(body)`: a body with a method that usually has none.
    pub(crate) body: bool,
    /// `allow(blocking)`: calls that block the event loop.
    pub(crate) blocking: bool,
}

/// A rule and the literal it was written in.
pub(crate) struct Rule {
    pub(crate) literal: LitStr,
    pub(crate) pattern: Pattern,
}

impl Attribute {
    pub(crate) fn read(verb: Verb, tokens: TokenStream, errors: &mut Errors) -> Self {
        let rule_first = ("rule", "the rule comes first, without a key: `\"/path\"`");
        let path_first = ("path", rule_first.1);
        let no_method = "its name is its method; `#[route(\"..\", method = \"..\")]` takes any";
        let (known, elsewhere): (&[&str], &[(&str, &str)]) = match verb {
            Verb::Any => {
                (&["method", "methods", "name", "inline", "url", "allow", "crate"], &[rule_first, path_first])
            }
            _ => (
                &["name", "inline", "url", "allow", "crate"],
                &[rule_first, path_first, ("method", no_method), ("methods", no_method)],
            ),
        };
        let options = Options::read(verb.attribute(), tokens, known, elsewhere, errors);
        let inline = options.flag("inline", errors).then(|| options.key("inline").cloned()).flatten();
        let allowed = options.words("allow", &["body", "blocking"], errors);
        let allows = |word: &str| allowed.iter().any(|allowed| allowed == word);
        Attribute {
            rule: rule(verb, &options, errors),
            methods: methods(verb, &options, errors),
            name: options.string("name", errors),
            inline,
            allowed: Allowed { body: allows("body"), blocking: allows("blocking") },
            no_url: no_url(&options, errors),
            crate_path: options.crate_path(errors),
        }
    }
}

/// A route has a URL unless it says `url = false`.
fn no_url(options: &Options, errors: &mut Errors) -> Option<Ident> {
    let (key, value) = options.pair("url")?;
    let place = value.map_or_else(|| key.to_token_stream(), Clone::clone);
    match value.map(|value| syn::parse2::<LitBool>(value.clone())) {
        Some(Ok(LitBool { value: false, .. })) => Some(key.clone()),
        Some(Ok(_)) => {
            errors.at(place, with_help("every route has a URL for `url!`", "leave `url = true` out"));
            None
        }
        _ => {
            let help = "write `url = false` if the struct for `url!` is in the way; else leave it out";
            errors.at(place, with_help("`url` takes nothing but `false`", help));
            None
        }
    }
}

fn rule(verb: Verb, options: &Options, errors: &mut Errors) -> Option<Rule> {
    let attribute = verb.attribute();
    let example = format!("#[{}(\"/users/<int:id>\")]", attribute.trim_matches(['#', '[', ']']));
    let Some((first, more)) = options.values().split_first() else {
        if options.misplaced.iter().any(|key| key == "rule" || key == "path") {
            return None;
        }
        let help = format!("write the path it answers first: `{example}`");
        errors.at_span(Span::call_site(), with_help(format!("`{attribute}` needs a rule"), help));
        return None;
    };
    if options.late_value {
        errors.at(first, with_help("the rule comes first", format!("write `{example}`, then the options")));
    }
    for value in more {
        let message = format!("`{attribute}` has one rule");
        errors.at(value, with_help(message, "write a second attribute above the function for a second rule"));
    }
    let Some(literal) = options::string(first.clone()) else {
        let message = format!("the rule is a string literal, not `{}`", words::source(first));
        let unquoted = matches!(
            first.clone().into_iter().next(),
            Some(TokenTree::Punct(slash)) if slash.as_char() == '/'
        );
        let help = if unquoted {
            format!("put it in quotes: \"{}\"", words::source(first))
        } else if options::bracketed(first).is_some() {
            "write a second attribute above the function for a second rule".to_owned()
        } else {
            "it is read when the program is compiled, so a constant or `concat!` cannot stand here".to_owned()
        };
        errors.at(first, with_help(message, help));
        return None;
    };
    match Pattern::parse_all(&literal.value()) {
        Ok(pattern) => Some(Rule { literal, pattern }),
        Err(mistakes) => {
            for mistake in mistakes {
                errors.at(&literal, format!("{}\n{}", mistake.message(), mistake.render()));
            }
            None
        }
    }
}

fn methods(verb: Verb, options: &Options, errors: &mut Errors) -> Vec<LitStr> {
    let by_default = || vec![LitStr::new(verb.method(), Span::mixed_site())];
    if let (Some(_), Some(second)) = (options.key("method"), options.key("methods")) {
        errors.at(second, with_help("`method` and `methods` say the same", "put all of them into `methods`"));
    }
    let single = options.string("method", errors);
    let several = options.strings("methods", errors);
    if let (Some(list), Some(key)) = (&several, options.key("methods"))
        && list.is_empty()
    {
        errors.at(key, with_help("`methods` is empty: the route would answer nothing", "name at least one"));
    }
    let given: Vec<LitStr> = single.into_iter().chain(several.into_iter().flatten()).collect();
    for (index, method) in given.iter().enumerate() {
        check_method(method, errors);
        if given[..index].iter().any(|earlier| earlier.value() == method.value()) {
            errors.at(method, format!("the method `{}` is given twice", method.value()));
        }
    }
    if given.is_empty() { by_default() } else { given }
}

/// A method is a token of RFC 9110 and its case matters.
fn check_method(method: &LitStr, errors: &mut Errors) {
    const STANDARD: [&str; 9] =
        ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
    let text = method.value();
    let is_token_char = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if text.is_empty() {
        errors.at(method, with_help("the method is empty", "write one such as \"GET\""));
    } else if !text.bytes().all(is_token_char) {
        let help = "a method is letters, digits and `-` without spaces, such as \"GET\" or \"PURGE\"";
        errors.at(method, with_help(format!("`{text}` is no HTTP method"), help));
    } else if let Some(standard) =
        STANDARD.iter().find(|name| name.eq_ignore_ascii_case(&text) && **name != text)
    {
        let message = format!("`{text}` is not the method `{standard}`: methods are case-sensitive");
        errors.at(method, with_help(message, format!("write \"{standard}\"")));
    }
}
