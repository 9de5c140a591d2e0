//! The values that a rule found in the path.
//!
//! Two forms of the same places: [`Spans`], with room for every rule, is what a search writes and stays on its stack; what a
//! request carries along is [`Params`], which is moved and cloned on its way and therefore small.

use std::str::FromStr;

use http::uri::PathAndQuery;

/// The most placeholders that a rule may have; a power of two. The grammar refuses more.
const MAX_PLACEHOLDERS: usize = 32;

/// The most values whose places are kept without an allocation. Few rules have as many.
const FEW: usize = 6;

/// Where a value begins and ends. Offsets fit in 16 bits since no path is longer (the router refuses it).
type Span = (u16, u16);

/// The path values of a matched rule, in the order of its placeholders.
///
/// Not public API: handlers get path values as arguments. The text is the path itself, shared with the request, or a
/// decoded copy if it had percent-encoded bytes.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Params {
    text: Text,
    places: Places,
}

#[derive(Clone, Debug)]
enum Text {
    Path(PathAndQuery),
    Decoded(Box<str>),
}

#[derive(Clone, Debug)]
enum Places {
    Few(u8, [Span; FEW]),
    Many(Box<[Span]>),
}

impl Places {
    #[inline]
    fn of(spans: &Spans) -> Self {
        match spans.at.first_chunk() {
            Some(few) if spans.len() <= FEW => Self::Few(spans.len, *few),
            _ => Self::Many(spans.at[..spans.len()].into()),
        }
    }

    #[inline]
    fn as_slice(&self) -> &[Span] {
        match self {
            Self::Few(len, few) => few.get(..usize::from(*len)).unwrap_or_default(),
            Self::Many(many) => many,
        }
    }
}

impl Params {
    /// The path values of a rule without placeholders.
    #[inline]
    pub(crate) fn none() -> Self {
        Self { text: Text::Decoded(Box::default()), places: Places::Few(0, [(0, 0); FEW]) }
    }

    #[inline]
    pub(crate) fn of_path(path: PathAndQuery, spans: &Spans) -> Self {
        Self { text: Text::Path(path), places: Places::of(spans) }
    }

    pub(crate) fn of_decoded(text: Box<str>, spans: &Spans) -> Self {
        Self { text: Text::Decoded(text), places: Places::of(spans) }
    }

    /// The value of placeholder `index`.
    #[must_use]
    pub fn str(&self, index: usize) -> &str {
        let text = match &self.text {
            Text::Path(path) => path.path(),
            Text::Decoded(text) => text,
        };
        let (start, end) = self.places.as_slice().get(index).copied().unwrap_or_default();
        text.get(usize::from(start)..usize::from(end)).unwrap_or_default()
    }

    /// The value of placeholder `index` as the type of its argument; `None` if it does not fit.
    pub fn parse<T: FromStr>(&self, index: usize) -> Option<T> {
        self.str(index).parse().ok()
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        (0..self.places.as_slice().len()).map(|index| self.str(index))
    }
}

/// Where the values stand in the text, while they are searched for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spans {
    len: u8,
    at: [Span; MAX_PLACEHOLDERS],
}

impl Spans {
    pub(crate) const EMPTY: Self = Self { len: 0, at: [(0, 0); MAX_PLACEHOLDERS] };

    #[inline]
    pub(crate) fn len(&self) -> usize {
        usize::from(self.len)
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[Span] {
        self.at.get(..self.len()).unwrap_or_default()
    }

    /// Where value `index` stands.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> std::ops::Range<usize> {
        let (start, end) = self.at.get(index).copied().unwrap_or_default();
        usize::from(start)..usize::from(end)
    }

    /// Forgets what came after the first `len` values.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(u8::try_from(len).unwrap_or(u8::MAX));
    }

    /// Adds a value. The grammar allows no more placeholders than there is room for.
    pub(crate) fn push(&mut self, start: usize, end: usize) {
        if self.len() < MAX_PLACEHOLDERS {
            self.put(self.len(), start, end);
            self.len += 1;
        }
    }

    /// Writes down value `index`, which counts once [`set_len`](Self::set_len) says so.
    #[inline]
    #[allow(clippy::cast_possible_truncation)] // no path is longer than 16 bits count
    pub(crate) fn put(&mut self, index: usize, start: usize, end: usize) {
        self.at[index % MAX_PLACEHOLDERS] = (start as u16, end as u16);
    }

    /// How many of the values count.
    #[inline]
    #[allow(clippy::cast_possible_truncation)] // there are no more than fit
    pub(crate) fn set_len(&mut self, len: usize) {
        self.len = len as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn params_point_into_their_text() {
        let path: PathAndQuery = "/users/7/files/a.txt?x".parse().unwrap();
        let mut spans = Spans::EMPTY;
        spans.push(7, 8);
        spans.push(15, 20);
        let params = Params::of_path(path, &spans);
        assert_eq!(params.iter().collect::<Vec<_>>(), ["7", "a.txt"]);
        assert_eq!(params.parse::<u8>(0), Some(7));
        assert_eq!(params.parse::<u8>(1), None);
        assert_eq!(params.str(5), "", "out of range is empty, not a panic");
        spans.truncate(1);
        assert_eq!(spans.len(), 1);
    }

    #[test]
    fn as_many_values_as_a_rule_can_have() {
        for count in 0..=MAX_PLACEHOLDERS {
            let text: String = ('A'..).take(count).collect();
            let mut spans = Spans::EMPTY;
            for at in 0..count {
                spans.push(at, at + 1);
            }
            let params = Params::of_decoded(text.clone().into(), &spans);
            assert_eq!(params.iter().collect::<String>(), text);
            assert_eq!(params.clone().iter().len(), count);
            assert_eq!(params.str(count), "");
        }
    }

    #[test]
    fn params_are_small() {
        assert!(size_of::<Params>() <= 80, "{}", size_of::<Params>());
    }
}
