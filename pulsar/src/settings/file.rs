//! The settings file as a source: TOML, one key per setting, one table `[apps.NAME]` per application.
//!
//! It is handed the text and opens nothing. The rule it keeps: every mistake names its line and column, and all of them are
//! found in one go.

use std::path::Path;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::settings::{
    applications::{Application, normal},
    given::{Given, Origin},
    mistake::{Mistake, nearest},
    row::{Row, Scope, Type},
    rows::{ROWS, row},
};

/// What becomes of the settings of a file that is not TOML throughout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Torn {
    /// None is taken: what the parser made of the lines around a mistake would only give rise to more.
    Drop,
    /// Those are taken that can be read.
    Salvage,
}

/// What the file of this text sets.
pub(super) fn read(
    path: &Path,
    text: &str,
    applications: &[Application],
    torn: Torn,
) -> (Vec<Given>, Vec<Mistake>) {
    let mut reader = Reader { path, text, applications, given: Vec::new(), mistakes: Vec::new() };
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let at = error.span().map_or(0, |span| span.start);
        reader.mistake(at, format!("not TOML: {}", error.message().trim().replace('\n', ", ")));
    }
    if errors.is_empty() || torn == Torn::Salvage {
        reader.program(document.get_ref());
    }
    let given = reader.given.into_iter().map(|(_, given)| given).collect();
    (given, reader.mistakes.into_iter().map(|(_, mistake)| mistake).collect())
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    applications: &'a [Application],
    // With the offset of each, and in the order of the file: the parser hands out keys by the alphabet.
    given: Vec<(usize, Given)>,
    mistakes: Vec<(usize, Mistake)>,
}

impl Reader<'_> {
    /// The keys outside of all tables.
    fn program(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            let (at, name) = (key.span().start, key.get_ref().as_ref());
            match row(name) {
                _ if name == APPLICATIONS => self.applications(value),
                Some(row) if row.types.is_empty() => {
                    self.mistake(at, format!("`{name}` cannot be set in the settings file itself")).help =
                        Some(format!(
                            "use the flag --{0} or the variable PULSAR_{1}",
                            name,
                            name.to_uppercase()
                        ));
                }
                Some(row) => self.setting(0, row, at, value),
                None => {
                    let known = ROWS.iter().filter(|row| !row.types.is_empty()).map(|row| row.name);
                    self.unknown(at, "setting", name, known.chain([APPLICATIONS]).collect());
                }
            }
        }
    }

    /// The table of the tables of the applications.
    fn applications(&mut self, value: &Spanned<DeValue<'_>>) {
        let Some(table) = value.get_ref().as_table() else {
            self.mistake(value.span().start, format!("`{APPLICATIONS}` is not a table")).help =
                Some(format!("write `[{APPLICATIONS}.NAME]` and the settings of that application below"));
            return;
        };
        for (key, value) in table {
            let (at, name) = (key.span().start, key.get_ref().as_ref());
            if self.applications.len() < 2 {
                self.mistake(
                    at,
                    format!("`[{APPLICATIONS}.{name}]`, but this program has only one application"),
                )
                .help = Some("write its settings without a table, at the top of the file".into());
                continue;
            }
            let found = self.applications.iter().position(|app| normal(app.name()) == normal(name));
            match (found, value.get_ref().as_table()) {
                (Some(application), Some(table)) => self.application(application, table),
                (Some(_), None) => {
                    self.mistake(at, format!("`{APPLICATIONS}.{name}` is not a table")).help =
                        Some(format!("write `[{APPLICATIONS}.{name}]` and its settings below"));
                }
                (None, _) => {
                    let known: Vec<_> = self.applications.iter().map(Application::name).collect();
                    self.unknown(at, "application", name, known);
                }
            }
        }
    }

    /// The settings of one application.
    fn application(&mut self, application: usize, table: &DeTable<'_>) {
        for (key, value) in table {
            let (at, name) = (key.span().start, key.get_ref().as_ref());
            match row(name) {
                Some(row) if row.scope == Scope::Application => self.setting(application, row, at, value),
                Some(row) if !row.types.is_empty() => {
                    self.mistake(at, format!("`{name}` is a setting of the whole program")).help =
                        Some("write it at the top of the file, above all tables".into());
                }
                _ => {
                    let known = ROWS.iter().filter(|row| row.scope == Scope::Application).map(|row| row.name);
                    self.unknown(at, "setting", name, known.collect());
                }
            }
        }
    }

    fn setting(&mut self, application: usize, row: &'static Row, key: usize, value: &Spanned<DeValue<'_>>) {
        let items = match value.get_ref() {
            DeValue::Array(items) if row.repeatable() => items.iter().collect(),
            _ => vec![value],
        };
        if items.is_empty() {
            self.mistake(value.span().start, format!("{}: the array is empty", row.name)).help =
                Some("give it a value, or leave the key out for the default".into());
        }
        let mut values = Vec::new();
        for item in &items {
            match text_of(row, item.get_ref()) {
                Ok(text) => values.push((text, self.origin(item.span().start))),
                Err((message, help)) => {
                    self.mistake(item.span().start, format!("{}: {message}", row.name)).help = help;
                }
            }
        }
        if !values.is_empty() {
            let place = self.given.partition_point(|(other, _)| *other <= key);
            self.given.insert(place, (key, Given { application, row, origin: self.origin(key), values }));
        }
    }

    fn unknown(&mut self, at: usize, what: &str, name: &str, known: Vec<&str>) {
        let help = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known here: {}", known.join(", ")),
        };
        self.mistake(at, format!("unknown {what} `{name}`")).help = Some(help);
    }

    fn mistake(&mut self, at: usize, message: String) -> &mut Mistake {
        let mistake = Mistake::new(self.origin(at).place(), message);
        let place = self.mistakes.partition_point(|(other, _)| *other <= at);
        self.mistakes.insert(place, (at, mistake));
        &mut self.mistakes[place].1
    }

    fn origin(&self, offset: usize) -> Origin {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Origin::File {
            path: self.path.into(),
            line: before.matches('\n').count() + 1,
            column: before[start..].chars().count() + 1,
        }
    }
}

/// The text of a value of the right type, else what is wrong and what to write.
fn text_of(row: &Row, value: &DeValue<'_>) -> Result<String, (String, Option<String>)> {
    let found = match value {
        DeValue::String(_) => Some(Type::String),
        DeValue::Integer(_) => Some(Type::Integer),
        DeValue::Float(_) => Some(Type::Float),
        DeValue::Boolean(_) => Some(Type::Boolean),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    };
    if let Some(found) = found.filter(|found| row.types.contains(found)) {
        return Ok(match value {
            DeValue::String(text) => text.clone().into_owned(),
            // A number in another base, such as 0xff, is the number it means; one that no base can hold stays as it is
            // and is refused as any other too large one.
            DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| number.to_string(), |number| number.to_string()),
            DeValue::Float(number) => number.to_string(),
            DeValue::Boolean(value) => value.to_string(),
            _ => unreachable!("{found:?} is one of the four types above"),
        });
    }
    let expected = row.types.iter().map(|wanted| wanted.name()).collect::<Vec<_>>().join(" or ");
    let array = if row.repeatable() { " or an array of them" } else { "" };
    let found = match found {
        Some(Type::Boolean) => "a boolean",
        Some(found) => found.name(),
        None if value.is_array() => "an array",
        None if value.is_table() => "a table",
        None => "a date",
    };
    let help = match value {
        DeValue::String(text) => Some(format!("write it without quotes: `{} = {text}`", row.name)),
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) if row.types == [Type::String] => {
            Some("write it in quotes".into())
        }
        _ => None,
    };
    Err((format!("expected {expected}{array}, found {found}"), help))
}

/// The key of the table that holds the tables of the applications.
const APPLICATIONS: &str = "apps";
