//! The routes of a router by their names, for links that are made when the program runs.
//!
//! A route has the name that its attribute gives it, else that of its function; with the path of its module before it, as
//! `users::show`, it is found as well. Two routes may have one name: the values decide between them, or nobody does.

use std::fmt::Write as _;

use pulsar_pattern::Pattern;

use super::{entry::Entry, reverse::Reverse};
use crate::{finding::Source, request::RouteNames};

/// How many routes are listed that may have been meant.
const MOST_NEAR: usize = 5;

/// What can be found by name.
#[derive(Debug, Default)]
pub(super) struct Names(Vec<Named>);

#[derive(Debug)]
struct Named {
    name: String,
    /// The path of the function, if a macro registered it.
    function: Option<String>,
    source: Source,
    reverse: Reverse,
}

impl Names {
    pub(super) fn of(routes: &[Entry]) -> Self {
        let named = routes.iter().filter_map(|entry| {
            Some(Named {
                name: entry.name.clone()?,
                function: entry.function.clone(),
                source: entry.source,
                reverse: Reverse::new(entry.pattern.clone()),
            })
        });
        Self(named.collect())
    }

    /// Those that are wanted. Of several with the same name and rule, as GET and POST of a form, the first one is all.
    fn distinct(&self, is_wanted: impl Fn(&Named) -> bool) -> Vec<&Named> {
        let mut found: Vec<&Named> = Vec::new();
        for named in self.0.iter().filter(|named| is_wanted(named)) {
            if found.iter().all(|other| other.pattern() != named.pattern()) {
                found.push(named);
            }
        }
        found
    }

    /// The only one whose placeholders all have a value and that leaves the fewest values over.
    fn choose<'a>(
        name: &str,
        candidates: &[&'a Named],
        values: &[(String, String)],
    ) -> Result<&'a Named, String> {
        if let [only] = candidates {
            return Ok(only);
        }
        let fits = |named: &&&'a Named| named.missing(values).is_empty();
        let most = candidates.iter().filter(fits).map(|named| named.reverse.placeholders().count()).max();
        let best = candidates.iter().filter(fits);
        let best = best.filter(|named| Some(named.reverse.placeholders().count()) == most);
        let best: Vec<&'a Named> = best.copied().collect();
        let (what, listed) = match &best[..] {
            [only] => return Ok(only),
            [] => ("none of the routes of this name has a value for each of its placeholders", candidates),
            several => (
                "several routes have this name; write it with its module, or give one `name = \"..\"`",
                several,
            ),
        };
        let mut message = format!("there is no URL of `{name}`: {what}");
        for named in listed {
            named.list(&mut message);
        }
        Err(message)
    }

    /// Nobody is called so.
    fn unknown(&self, name: &str) -> String {
        let mut message = format!("there is no URL of `{name}`: no route has this name");
        let near = self.distinct(|named| is_near(name, &named.name));
        match &near[..] {
            [] if self.0.is_empty() => message.push_str("; none of this application has any"),
            [] => {}
            [one, others @ ..] if others.iter().all(|other| other.name == one.name) => {
                _ = write!(message, "; did you mean `{}`?", one.name);
            }
            _ => message.push_str("; near ones are"),
        }
        for named in near.iter().take(MOST_NEAR) {
            named.list(&mut message);
        }
        message
    }
}

impl RouteNames for Names {
    fn url_for(&self, name: &str, values: &[(String, String)]) -> Result<String, String> {
        let candidates = self.distinct(|named| named.is_called(name));
        if candidates.is_empty() {
            return Err(self.unknown(name));
        }
        let named = Self::choose(name, &candidates, values)?;
        let place = |message: String| format!("{message}\n    at {}", named.source);
        if let [missing, ..] = &named.missing(values)[..] {
            return Err(place(named.without(missing, values)));
        }
        let is_placeholder = |name: &str| named.reverse.placeholders().any(|one| one.name == name);
        let (in_path, in_query): (Vec<_>, Vec<_>) = values
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .partition(|(name, _)| is_placeholder(name));
        let mut url = named.reverse.build(&in_path).map_err(place)?;
        if !in_query.is_empty() {
            url.push('?');
            serde_html_form::push_to_string(&mut url, in_query).map_err(|error| error.to_string())?;
        }
        Ok(url)
    }
}

impl Named {
    fn pattern(&self) -> &Pattern {
        self.reverse.pattern()
    }

    /// `show`, `users::show` and `shop::users::show` are the function `shop::users::show`, whatever the route is named.
    fn is_called(&self, name: &str) -> bool {
        let is_function = || {
            let before = self.function.as_deref().and_then(|function| function.strip_suffix(name));
            name.contains("::") && before.is_some_and(|before| before.is_empty() || before.ends_with("::"))
        };
        self.name == name || is_function()
    }

    /// The placeholders that have no value, in the order of the rule.
    fn missing(&self, values: &[(String, String)]) -> Vec<&str> {
        let names = self.reverse.placeholders().map(|placeholder| placeholder.name.as_str());
        names.filter(|name| values.iter().all(|(given, _)| given != name)).collect()
    }

    /// A value is missing, maybe since its name is misspelt.
    fn without(&self, missing: &str, values: &[(String, String)]) -> String {
        let mut message = format!("cannot build a URL for \"{}\": no value for `{missing}`", self.pattern());
        let strays = values.iter().map(|(name, _)| name.as_str());
        let mut strays = strays.filter(|name| self.reverse.placeholders().all(|one| one.name != *name));
        if let Some(near) = strays.find(|name| is_near(missing, name)) {
            _ = write!(message, "; `{near}` was given, did you mean that?");
        }
        message
    }

    fn list(&self, message: &mut String) {
        let function = self.function.as_deref().unwrap_or(&self.name);
        _ = write!(message, "\n    {}  {function}  at {}", self.pattern(), self.source);
    }
}

/// Whether one is a spelling mistake of the other, or a part of it.
fn is_near(word: &str, other: &str) -> bool {
    let last = |name: &str| name.rsplit([':', '.']).next().unwrap_or_default().to_lowercase();
    let (word, other) = (word.to_lowercase(), other.to_lowercase());
    let allowed = 1.max(word.chars().count() / 3);
    last(&word) == last(&other) || strsim::damerau_levenshtein(&word, &other) <= allowed
}
