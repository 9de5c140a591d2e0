//! One rule backwards: from values to a path, which the rule is asked to match again.
//!
//! The grammar knows which values each placeholder takes, not what becomes of several of them side by side, nor whether an
//! expression matches. So what was built is searched for, as a request for it would be: a URL that leads to other values, or
//! to none, is not given away.

use std::sync::OnceLock;

use http::Method;
use pulsar_pattern::{Pattern, Placeholder};

use super::{
    matcher::Matcher,
    table::{Found, Table},
    target,
    trie::Trie,
};
use crate::request::Spans;

/// A rule, ready to be built.
#[derive(Debug)]
pub(super) struct Reverse {
    pattern: Pattern,
    /// Of this rule alone, made when the first URL is.
    table: OnceLock<Option<Table>>,
}

impl Reverse {
    pub(super) fn new(pattern: Pattern) -> Self {
        Self { pattern, table: OnceLock::new() }
    }

    pub(super) fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    pub(super) fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.pattern.placeholders()
    }

    /// The path with these values, encoded.
    ///
    /// # Errors
    ///
    /// Fails, with a message that begins with the rule, if the rule does not match this path, or with other values.
    pub(super) fn build(&self, values: &[(&str, &str)]) -> Result<String, String> {
        let path = self.pattern.build(values).map_err(|error| error.to_string())?;
        if self.placeholders().next().is_none() {
            return Ok(path);
        }
        let wrong = |why: &str| Err(format!("cannot build a URL for \"{}\": {why}", self.pattern));
        let mut spans = Spans::EMPTY;
        let text = match target::decode(&path) {
            Ok(text) => text,
            Err(bad) => return wrong(bad.detail()),
        };
        let table = self.table.get_or_init(|| {
            let mut trie = Trie::new();
            let inserted = trie.insert(self.pattern.segments(), self.pattern.is_branch(), &[Method::GET]);
            inserted.is_ok().then(|| trie.freeze())
        });
        // An expression that is too large was an error when the routes were compiled.
        let found =
            table.as_ref().map_or(Found::Nothing, |table| table.find(&text, &Method::GET, &mut spans));
        if found != Found::Route(0) {
            return wrong(&self.refused(values));
        }
        let text = target::reveal(text);
        for (index, placeholder) in self.placeholders().enumerate() {
            let given =
                values.iter().find(|(name, _)| *name == placeholder.name).map_or("", |(_, value)| value);
            let read = &text[spans.get(index)];
            if placeholder.converter.padded(given) != read {
                return wrong(&format!(
                    "as a part of {path} the value {given:?} of {placeholder} would be read as {read:?}"
                ));
            }
        }
        Ok(path)
    }

    /// What to say where the rule does not match: which values are refused.
    fn refused(&self, values: &[(&str, &str)]) -> String {
        let refused: Vec<_> = self
            .placeholders()
            .filter_map(|placeholder| {
                let (_, value) = values.iter().find(|(name, _)| *name == placeholder.name)?;
                let matcher = Matcher::of_placeholder(placeholder).ok()?;
                let takes = matcher.matches(value, 0, &mut Spans::EMPTY.clone());
                (!takes).then(|| format!("{placeholder} does not accept {value:?}"))
            })
            .collect();
        match &refused[..] {
            [] => "the rule does not match the path with these values".to_owned(),
            refused => refused.join(", and "),
        }
    }
}
