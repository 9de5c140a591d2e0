//! What a check finds, and how it reads: what is wrong, the way out, and every place that takes part.
//!
//! It knows no registration and no router: whoever finds something says it in these words, so that the start of a program, the
//! command `check` and `check!` read the same.

use std::{fmt, panic::Location};

use crate::place::Place;

/// Where something stands in the source: `file:line`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Source {
    pub(crate) file: &'static str,
    pub(crate) line: u32,
}

impl Source {
    #[track_caller]
    pub(crate) fn caller() -> Self {
        let location = Location::caller();
        Self { file: location.file(), line: location.line() }
    }
}

impl From<Place> for Source {
    fn from(place: Place) -> Self {
        Self { file: place.file(), line: place.line() }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// What a finding does to a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// It does not start.
    Error,
    /// It starts, and something in it has no effect. A check fails.
    Warning,
    /// Somebody may want to know; nothing fails.
    Hint,
}

impl Severity {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Hint => "hint",
        }
    }
}

/// What sort of thing was found. The names are for programs, and stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    BadRule,
    Conflict,
    TwoMounts,
    NoRoutes,
    StaticFiles,
    MissingProvider,
    TwoProviders,
    ProviderCycle,
    TwoHandlers,
    Tls,
    System,
    NotMounted,
    ShadowedRoute,
    HiddenMount,
    UnreachableFallback,
    UnusedScope,
    UnusedModule,
    TwiceTakenModule,
    TestRoute,
    TlsWarning,
    SameName,
    UnusedProvider,
}

impl Kind {
    /// As the guide lists them.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 22] = [
        Self::BadRule,
        Self::Conflict,
        Self::TwoMounts,
        Self::NoRoutes,
        Self::StaticFiles,
        Self::MissingProvider,
        Self::TwoProviders,
        Self::ProviderCycle,
        Self::TwoHandlers,
        Self::Tls,
        Self::System,
        Self::NotMounted,
        Self::ShadowedRoute,
        Self::HiddenMount,
        Self::UnreachableFallback,
        Self::UnusedScope,
        Self::UnusedModule,
        Self::TwiceTakenModule,
        Self::TestRoute,
        Self::TlsWarning,
        Self::SameName,
        Self::UnusedProvider,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::BadRule => "bad-rule",
            Self::Conflict => "conflict",
            Self::TwoMounts => "two-mounts",
            Self::NoRoutes => "no-routes",
            Self::StaticFiles => "static-files",
            Self::MissingProvider => "missing-provider",
            Self::TwoProviders => "two-providers",
            Self::ProviderCycle => "provider-cycle",
            Self::TwoHandlers => "two-handlers",
            Self::Tls => "tls",
            Self::System => "system",
            Self::NotMounted => "not-mounted",
            Self::ShadowedRoute => "shadowed-route",
            Self::HiddenMount => "hidden-mount",
            Self::UnreachableFallback => "unreachable-fallback",
            Self::UnusedScope => "unused-scope",
            Self::UnusedModule => "unused-module",
            Self::TwiceTakenModule => "twice-taken-module",
            Self::TestRoute => "test-route",
            Self::TlsWarning => "tls-warning",
            Self::SameName => "same-name",
            Self::UnusedProvider => "unused-provider",
        }
    }

    pub(crate) fn severity(self) -> Severity {
        match self {
            Self::BadRule
            | Self::Conflict
            | Self::TwoMounts
            | Self::NoRoutes
            | Self::StaticFiles
            | Self::MissingProvider
            | Self::TwoProviders
            | Self::ProviderCycle
            | Self::TwoHandlers
            | Self::Tls
            | Self::System => Severity::Error,
            Self::NotMounted
            | Self::ShadowedRoute
            | Self::HiddenMount
            | Self::UnreachableFallback
            | Self::UnusedScope
            | Self::UnusedModule
            | Self::TwiceTakenModule
            | Self::TestRoute
            | Self::TlsWarning => Severity::Warning,
            Self::SameName | Self::UnusedProvider => Severity::Hint,
        }
    }
}

/// Somebody who takes part, with the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    /// What stands there: the rule, the macro as it was called. May be empty.
    text: String,
    /// The path of the function that it is about.
    pub(crate) function: Option<String>,
    pub(crate) source: Source,
    only_in_tests: bool,
}

impl Spot {
    pub(crate) fn new(source: impl Into<Source>) -> Self {
        Self { text: String::new(), function: None, source: source.into(), only_in_tests: false }
    }

    /// Says what stands there, before the function.
    pub(crate) fn text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// Says which function it is.
    pub(crate) fn function(mut self, function: impl Into<String>) -> Self {
        self.function = Some(function.into());
        self
    }

    /// Says that it exists in tests alone.
    pub(crate) fn only_in_tests(mut self, only: bool) -> Self {
        self.only_in_tests = only;
        self
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        if let Some(function) = &self.function {
            // "needed by" and a function are one phrase, a rule and its function are two columns.
            let gap = match self.text.as_str() {
                "" => "",
                text if text.ends_with(" by") => " ",
                _ => "  ",
            };
            write!(f, "{gap}{function}")?;
        }
        let gap = if self.text.is_empty() && self.function.is_none() { "" } else { "  " };
        write!(f, "{gap}at {}", self.source)?;
        f.write_str(if self.only_in_tests { "  (only in tests)" } else { "" })
    }
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) kind: Kind,
    pub(crate) message: String,
    help: Option<String>,
    notes: Vec<String>,
    pub(crate) spots: Vec<Spot>,
}

impl Finding {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), help: None, notes: Vec::new(), spots: Vec::new() }
    }

    /// The way out, in the sentence of the message.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Ways out that need lines of their own.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    pub(crate) fn at(mut self, spot: Spot) -> Self {
        self.spots.push(spot);
        self
    }

    pub(crate) fn at_all(mut self, spots: impl IntoIterator<Item = Spot>) -> Self {
        self.spots.extend(spots);
        self
    }

    pub(crate) fn severity(&self) -> Severity {
        self.kind.severity()
    }

    /// The way out, if one is known.
    pub(crate) fn way_out(&self) -> Option<String> {
        match (&self.help, &self.notes[..]) {
            (Some(help), _) => Some(help.clone()),
            (None, []) => None,
            (None, notes) => Some(notes.join("\n")),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.help.iter().try_for_each(|help| write!(f, "; {help}"))?;
        self.notes.iter().try_for_each(|note| write!(f, "\n    {note}"))?;
        self.spots.iter().try_for_each(|spot| write!(f, "\n    {spot}"))
    }
}

/// `two`, `three`, `17`.
pub(crate) fn counted(number: usize) -> String {
    match number {
        2 => "two".to_owned(),
        3 => "three".to_owned(),
        4 => "four".to_owned(),
        number => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_finding_reads_as_what_way_out_and_places() {
        let place = |line| Place::new("shop", "src/main.rs", line, 1);
        let finding = Finding::new(Kind::Conflict, "two routes have the same rule")
            .help("change one of them")
            .note("a note")
            .at(Spot::new(place(3)).text("GET /").function("shop::home"))
            .at(Spot::new(place(4)).text("needed by").function("shop::home").only_in_tests(true))
            .at(Spot::new(place(5)).function("shop::other"))
            .at(Spot::new(place(6)));
        assert_eq!(
            finding.to_string(),
            "two routes have the same rule; change one of them\n    a note\n    GET /  shop::home  at \
             src/main.rs:3\n    needed by shop::home  at src/main.rs:4  (only in tests)\n    shop::other  at \
             src/main.rs:5\n    at src/main.rs:6"
        );
    }

    #[test]
    fn each_kind_has_a_name_of_its_own_in_the_guide() {
        let guide = include_str!("../../docs/guide/src/check.md");
        let names: BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), Kind::ALL.len());
        for kind in Kind::ALL {
            let row = format!("| `{}` | {} |", kind.name(), kind.severity().name());
            assert!(guide.contains(&row), "{row} is missing");
        }
    }
}
