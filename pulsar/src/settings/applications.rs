//! The applications of a program, and the names that their settings have.
//!
//! A setting without an application's name in front belongs to the first application; in a program with several, each
//! setting of an application is also reached with the name in front. The rule it keeps: a flag, a variable and a key that
//! mean the same setting are derived from the same row and application, here and nowhere else.

use std::collections::HashMap;

use crate::settings::{
    given::{Given, Origin},
    mistake::Mistake,
    row::{Row, Scope},
    rows::{ROWS, row},
};

/// An application as the loader sees it: a name, and what the program's code sets for it.
///
/// # Examples
///
/// ```
/// use pulsar::settings::Application;
///
/// let admin = Application::new("admin").with("bind", "127.0.0.1:8061", "src/main.rs:12");
/// assert_eq!(admin.name(), "admin");
/// ```
#[derive(Debug, Clone)]
pub struct Application {
    name: String,
    /// Where it is described, if that is known.
    place: Option<String>,
    values: Vec<(String, String, String)>,
}

impl Application {
    /// An application of this name: letters, digits, `-` and `_`, the first a letter.
    pub fn new(name: impl Into<String>) -> Self {
        Application { name: name.into(), place: None, values: Vec::new() }
    }

    /// Says where in the code it is described, for messages about its name.
    #[must_use]
    pub fn described_at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    /// Sets the setting `setting` (underscore form) to what `value` means; `place` says where in the code that stands.
    ///
    /// It stands above the default and below file, environment and command line. A setting that takes several values
    /// may be set several times. A wrong name or value is reported by the loader, together with all other mistakes.
    #[must_use]
    pub fn with(
        mut self,
        setting: impl Into<String>,
        value: impl Into<String>,
        place: impl Into<String>,
    ) -> Self {
        self.values.push((setting.into(), value.into(), place.into()));
        self
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the code of the program sets.
    pub(super) fn given(&self, application: usize) -> (Vec<Given>, Vec<Mistake>) {
        let (mut given, mut mistakes) = (Vec::<Given>::new(), Vec::new());
        for (name, value, place) in &self.values {
            let Some(row) = row(name) else {
                mistakes.push(Mistake::unknown(place, "setting", name, ROWS.iter().map(|row| row.name)));
                continue;
            };
            let origin = Origin::Attribute(place.clone());
            match given.iter_mut().find(|given| row.repeatable() && given.row.name == row.name) {
                Some(earlier) => earlier.values.push((value.clone(), origin)),
                None => given.push(Given::at(application, row, origin, [value.clone()])),
            }
        }
        (given, mistakes)
    }
}

/// A setting of an application under one of its names.
#[derive(Clone, Copy)]
pub(super) struct Setting<'a> {
    pub(super) application: usize,
    /// The application's name, where it is part of the setting's.
    pub(super) prefix: Option<&'a str>,
    pub(super) row: &'static Row,
}

impl Setting<'_> {
    /// The flag without `--`.
    pub(super) fn flag(self) -> String {
        self.name().replace('_', "-")
    }

    pub(super) fn variable(self) -> String {
        format!("{VARIABLES}{}", self.name().to_ascii_uppercase())
    }

    fn name(self) -> String {
        match self.prefix {
            Some(prefix) => format!("{}_{}", normal(prefix), self.row.name),
            None => self.row.name.into(),
        }
    }
}

/// Every name under which a program with these applications knows a setting.
pub(super) fn settings(applications: &[Application]) -> Vec<Setting<'_>> {
    let plain = ROWS.iter().map(|row| Setting { application: 0, prefix: None, row });
    // A single application needs no name to be told apart.
    let named = applications.iter().enumerate().filter(|_| applications.len() > 1);
    plain
        .chain(named.flat_map(|(application, app)| {
            ROWS.iter().filter(|row| row.scope == Scope::Application).map(move |row| Setting {
                application,
                prefix: Some(app.name()),
                row,
            })
        }))
        .collect()
}

/// The form in which names of applications are compared, since `my-app` and `my_app` have the same flags and variables.
pub(super) fn normal(name: &str) -> String {
    name.to_ascii_lowercase().replace('-', "_")
}

/// What is wrong with the names of the applications: mistakes of who wrote the program.
pub(super) fn check(applications: &[Application]) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for (at, app) in applications.iter().enumerate() {
        let place = place(at, app);
        let mut letters = app.name.chars();
        let well_formed = letters.next().is_some_and(|first| first.is_ascii_alphabetic())
            && letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        if !well_formed {
            let message = format!("`{}` cannot be the name of an application", app.name);
            mistakes.push(
                Mistake::new(place, message)
                    .with_help("use letters, digits, `-` and `_`, the first a letter"),
            );
        } else if let Some(first) =
            applications[..at].iter().position(|other| normal(&other.name) == normal(&app.name))
        {
            let message = format!("more than one application is named `{}`", app.name);
            let places = match &applications[first].place {
                Some(first) => format!("{first} and {place}"),
                None => place,
            };
            mistakes.push(Mistake::new(places, message).with_help("give each a name of its own"));
        }
    }
    if mistakes.is_empty() {
        let mut taken: HashMap<String, Setting<'_>> = HashMap::new();
        for setting in settings(applications) {
            let flag = setting.flag();
            let Some(prefix) = setting.prefix else {
                taken.insert(flag, setting);
                continue;
            };
            let other = taken.insert(flag.clone(), setting);
            if other.is_some() || SWITCHES.contains(&flag.as_str()) {
                let owner = other.and_then(|other| other.prefix);
                let message = match owner {
                    Some(owner) => {
                        format!("`--{flag}` would set two things, for `{owner}` and for `{prefix}`")
                    }
                    None => {
                        format!("`--{flag}` of the application `{prefix}` is already a flag of the program")
                    }
                };
                let place = place(setting.application, &applications[setting.application]);
                mistakes.push(Mistake::new(place, message).with_help("give the application another name"));
            }
        }
    }
    mistakes
}

/// Where an application is described, else which one it is.
fn place(number: usize, app: &Application) -> String {
    app.place.clone().unwrap_or_else(|| format!("the name of application {}", number + 1))
}

/// What the names of all variables start with.
pub(super) const VARIABLES: &str = "PULSAR_";

/// Flags of the program that are no settings.
const SWITCHES: &[&str] = &["check-config", "print-config", "help", "version", "json", "wait"];

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(names: &[&str]) -> Vec<String> {
        let applications: Vec<_> = names.iter().copied().map(Application::new).collect();
        check(&applications).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn names_that_can_be_told_apart() {
        for names in [&["shop"][..], &["thread"], &["shop", "admin"], &["wsgi1", "wsgi-2", "Three_3"], &[]] {
            assert_eq!(mistakes(names), Vec::<String>::new(), "{names:?}");
        }
    }

    #[test]
    fn names_that_cannot() {
        let rows: &[(&[&str], &str)] = &[
            (
                &["shop", "2nd"],
                "error: `2nd` cannot be the name of an application\n   in: the name of application 2\n help: use \
                 letters, digits, `-` and `_`, the first a letter\n",
            ),
            (
                &["shop", ""],
                "error: `` cannot be the name of an application\n   in: the name of application 2\n help: use \
                 letters, digits, `-` and `_`, the first a letter\n",
            ),
            (
                &["my-shop", "My_Shop"],
                "error: more than one application is named `My_Shop`\n   in: the name of application 2\n help: \
                 give each a name of its own\n",
            ),
            (
                &["shop", "thread"],
                "error: `--thread-workers` of the application `thread` is already a flag of the program\n   in: \
                 the name of application 2\n help: give the application another name\n",
            ),
            (
                &["a", "a-thread"],
                "error: `--a-thread-workers` would set two things, for `a` and for `a-thread`\n   in: the name of \
                 application 2\n help: give the application another name\n",
            ),
        ];
        for (names, expected) in rows {
            assert_eq!(mistakes(names), [*expected], "{names:?}");
        }
    }

    #[test]
    fn two_of_one_name_are_told_with_both_places() {
        let [one, two] =
            ["src/main.rs:7", "src/admin.rs:9"].map(|place| Application::new("shop").described_at(place));
        assert_eq!(
            check(&[one, two]).iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "error: more than one application is named `shop`\n   in: src/main.rs:7 and src/admin.rs:9\n help: give each \
              a name of its own\n"
            ]
        );
    }

    #[test]
    fn one_setting_has_one_name_in_each_source() {
        let applications = [Application::new("shop"), Application::new("my-admin")];
        let names: Vec<_> = settings(&applications)
            .into_iter()
            .filter(|setting| ["keep_alive", "log_level"].contains(&setting.row.name))
            .map(|setting| (setting.application, setting.flag(), setting.variable()))
            .collect();
        let expected = [
            (0, "keep-alive", "PULSAR_KEEP_ALIVE"),
            (0, "log-level", "PULSAR_LOG_LEVEL"),
            (0, "shop-keep-alive", "PULSAR_SHOP_KEEP_ALIVE"),
            (1, "my-admin-keep-alive", "PULSAR_MY_ADMIN_KEEP_ALIVE"),
        ];
        assert_eq!(names, expected.map(|(app, flag, variable)| (app, flag.to_owned(), variable.to_owned())));
    }
}
