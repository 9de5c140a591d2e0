//! A value as one source gave it, and where it came from.
//!
//! Every source ends in a list of [`Given`]; nothing is parsed yet. The rule it keeps: no value without its place.

use std::{fmt, path::PathBuf};

use crate::settings::row::Row;

/// Where the value of a setting comes from. Later kinds win over earlier ones.
///
/// # Examples
///
/// ```
/// use pulsar::settings::Origin;
///
/// assert_eq!(Origin::Environment("PULSAR_BIND".into()).to_string(), "environment (PULSAR_BIND)");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The program's own code, an attribute or a builder, at this place.
    Attribute(String),
    /// The settings file.
    File {
        /// The path as it was given.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
    },
    /// The environment variable of this name.
    Environment(String),
    /// This flag, `--` included.
    CommandLine(String),
}

impl Origin {
    /// The place as the messages about mistakes name it.
    pub(super) fn place(&self) -> String {
        match self {
            Origin::Default => "the defaults".into(),
            Origin::Attribute(place) => place.clone(),
            Origin::File { path, line, column } => format!("{}:{line}:{column}", path.display()),
            Origin::Environment(name) => format!("the environment variable {name}"),
            Origin::CommandLine(flag) => format!("the flag {flag}"),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::Attribute(place) => write!(f, "program ({place})"),
            Origin::File { path, line, .. } => write!(f, "file ({}:{line})", path.display()),
            Origin::Environment(name) => write!(f, "environment ({name})"),
            Origin::CommandLine(flag) => write!(f, "command line ({flag})"),
        }
    }
}

/// The value or values that one source gives to one setting.
pub(super) struct Given {
    /// Which application, by its number; 0 for settings of the whole program.
    pub(super) application: usize,
    pub(super) row: &'static Row,
    pub(super) origin: Origin,
    /// The texts; each has a place of its own, since an array in a file can span lines.
    pub(super) values: Vec<(String, Origin)>,
}

impl Given {
    /// Values that all stand in one place.
    pub(super) fn at(
        application: usize,
        row: &'static Row,
        origin: Origin,
        values: impl IntoIterator<Item = String>,
    ) -> Self {
        let values = values.into_iter().map(|value| (value, origin.clone())).collect();
        Given { application, row, origin, values }
    }
}
