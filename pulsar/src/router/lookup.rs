//! The table by itself, for those who measure it.

use std::fmt;

use http::Method;
use pulsar_pattern::Pattern;

use super::{
    find::Sent,
    table::{Found, Table},
    trie::Trie,
};
use crate::request::Spans;

/// The rules of GET requests and the search through them, without handlers and answers.
///
/// Not public API: the comparison of routers in `benches/router` needs it.
#[doc(hidden)]
pub struct Lookup(Table);

impl Lookup {
    /// The rules, in the order of their numbers.
    ///
    /// # Errors
    ///
    /// Fails if one of them is no rule.
    pub fn new<'r>(rules: impl IntoIterator<Item = &'r str>) -> Result<Self, Box<dyn std::error::Error>> {
        let mut trie = Trie::new();
        for rule in rules {
            let pattern = Pattern::parse(rule)?;
            trie.insert(pattern.segments(), pattern.is_branch(), &[Method::GET])?;
        }
        Ok(Self(trie.freeze()))
    }

    /// The number of the rule that matches a path as it was sent. The places of its values are given to a function.
    #[inline]
    pub fn find(&self, path: &str, values: impl FnOnce(&[(u16, u16)])) -> Option<usize> {
        let mut spans = Spans::EMPTY;
        match self.0.find_sent(path, &Method::GET, &mut spans) {
            Sent::Route(number) | Sent::Other(Found::Route(number), _) => {
                values(spans.as_slice());
                Some(number)
            }
            Sent::Other(..) | Sent::Bad(_) => None,
        }
    }

    /// How much memory it has, but for that of converters with options.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.bytes()
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookup").field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}
