//! What a row of the table of settings is.
//!
//! It says what can be known of a setting; the rows themselves stand in `rows`, a file for each section. The rule it keeps: a
//! row is all there is to a setting but its field.

use crate::settings::{mistake::InvalidValue, typed::Settings};

/// One setting.
#[derive(Clone, Copy)]
pub(super) struct Row {
    /// In underscore form, as in the file; the flag is the dash form and the variable `PULSAR_` and the capitals.
    pub(super) name: &'static str,
    pub(super) short: Option<char>,
    /// What stands for the value in the help.
    pub(super) value_name: &'static str,
    pub(super) section: &'static str,
    pub(super) scope: Scope,
    /// As it is shown; a test holds it against `Settings::default()`.
    pub(super) default: &'static str,
    /// One sentence without its full stop.
    pub(super) help: &'static str,
    /// Forms, units and consequences, for the long help and the page.
    pub(super) details: &'static str,
    /// What a value in the file may be; nothing if the setting cannot stand there.
    pub(super) types: &'static [Type],
    /// For a setting with several values.
    pub(super) several: Option<Several>,
    /// Parses one value into its field; a setting with several values gains one.
    pub(super) set: fn(&mut Settings, &str) -> Result<(), InvalidValue>,
    /// The typed value as text that `set` reads back; several values are joined by `, `.
    pub(super) show: fn(&Settings) -> String,
}

impl Row {
    pub(super) fn repeatable(&self) -> bool {
        self.several.is_some()
    }

    /// Whether its flag alone is enough: what it says is true, and is false without it.
    pub(super) fn is_switch(&self) -> bool {
        self.types == [Type::Boolean] && self.default == "false"
    }
}

/// What a setting with several values has beyond others.
#[derive(Clone, Copy)]
pub(super) struct Several {
    /// Empties the list before the first value of a source is set.
    pub(super) clear: fn(&mut Settings),
    /// The values one by one, each as text that `set` reads back.
    pub(super) texts: fn(&Settings) -> Vec<String>,
}

/// Whom a setting belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// The whole program: one value for all its applications.
    Program,
    /// An application: each has a value of its own.
    Application,
}

/// A type of value in the settings file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    String,
    Integer,
    Float,
    Boolean,
}

impl Type {
    pub(super) fn name(self) -> &'static str {
        match self {
            Type::String => "a string",
            Type::Integer => "an integer",
            Type::Float => "a float",
            Type::Boolean => "true or false",
        }
    }
}
