//! What is wrong with a value, and how a list of such things reads.
//!
//! It knows no setting and no source: a [`Mistake`] is told its place in words. The rule it keeps: a message says what is
//! wrong, where it stands and what to write instead, in that order, and nothing is reported twice.

use std::fmt;

/// A value that cannot be used for its setting: what is wrong with it, and mostly what to write instead.
///
/// # Examples
///
/// ```
/// use pulsar::settings::Bind;
///
/// let error = "8060".parse::<Bind>().unwrap_err();
/// assert_eq!(error.message(), "`8060` has no port");
/// assert_eq!(error.help(), Some("write `127.0.0.1:8060` for this machine alone or `:8060` for all its addresses"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidValue {
    message: String,
    help: Option<String>,
}

impl InvalidValue {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        InvalidValue { message: message.into(), help: None }
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What is wrong, without the way out.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to write instead, when that can be told.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.help.iter().try_for_each(|help| write!(f, " ({help})"))
    }
}

impl std::error::Error for InvalidValue {}

/// One thing to put right before the program can start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mistake {
    /// Where it stands, in words: `pulsar.toml:3:14`, `the environment variable PULSAR_BIND`.
    pub(super) place: String,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Mistake {
    pub(super) fn new(place: impl fmt::Display, message: impl Into<String>) -> Self {
        Mistake { place: place.to_string(), message: message.into(), help: None }
    }

    pub(super) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// A name that nothing has; `known` are the names that could have been meant.
    pub(super) fn unknown<'a>(
        place: impl fmt::Display,
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let mistake = Mistake::new(place, format!("unknown {what} `{name}`"));
        match nearest(name, known) {
            Some(near) => mistake.with_help(format!("did you mean `{near}`?")),
            None => mistake,
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", self.message)?;
        writeln!(f, "   in: {}", self.place)?;
        self.help.iter().try_for_each(|help| writeln!(f, " help: {help}"))
    }
}

/// The name among `known` that `name` was most likely meant to be, if one is near enough to be worth saying.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_ascii_lowercase().replace('-', "_");
    known
        .into_iter()
        .map(|candidate| {
            let spelling = candidate.to_ascii_lowercase().replace('-', "_");
            (strsim::normalized_damerau_levenshtein(&name, &spelling), candidate)
        })
        .filter(|(likeness, _)| *likeness >= NEAR)
        // The first of equals wins, so that the answer does not hang on the order of the comparison.
        .fold(None, |best: Option<(f64, &str)>, next| match best {
            Some(best) if best.0 >= next.0 => Some(best),
            _ => Some(next),
        })
        .map(|(_, candidate)| candidate)
}

/// At least this share of the letters must agree; below it a suggestion confuses more than it helps.
const NEAR: f64 = 0.6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_name() {
        let known = ["bind", "backlog", "keep_alive", "log_level", "log_format"];
        for (typed, expected) in [
            ("bnid", Some("bind")),
            ("keepalive", Some("keep_alive")),
            ("keep-alive", Some("keep_alive")),
            ("KEEP_ALIVE", Some("keep_alive")),
            ("log_levl", Some("log_level")),
            ("loglevel", Some("log_level")),
            ("pidfile", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, known), expected, "{typed}");
        }
    }

    #[test]
    fn a_mistake_reads_as_what_where_and_way_out() {
        let mistake = Mistake::unknown("pulsar.toml:3:1", "setting", "bnid", ["bind"]);
        assert_eq!(
            mistake.to_string(),
            "error: unknown setting `bnid`\n   in: pulsar.toml:3:1\n help: did you mean `bind`?\n"
        );
    }
}
