//! From what the sources gave to the settings that count.
//!
//! It is handed the sources in the order of their rank and reads no source itself. The rule it keeps: a value is checked even
//! if a higher source replaces it, so that a mistake does not lie in wait for the day the flag is left out.

use std::path::Path;

use crate::settings::{
    applications::{Application, Setting},
    bind::Bind,
    given::{Given, Origin},
    mistake::Mistake,
    rows::{ROWS, Row, Scope, row},
    typed::Settings,
};

/// The settings of every application of a program, and where each value comes from.
///
/// # Examples
///
/// ```
/// use pulsar::settings::{Loader, Origin};
///
/// let settings = Loader::new("shop", "1.0.0")
///     .load(["shop", "--threads", "4"], [], |_| Err(std::io::ErrorKind::NotFound.into()))?
///     .settings;
/// assert_eq!(settings.first().settings.threads, 4);
/// assert_eq!(settings.first().origin("threads"), Some(&Origin::CommandLine("--threads".into())));
/// assert!(settings.print_config().contains("threads           4               command line (--threads)"));
/// # Ok::<(), pulsar::settings::Exit>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    applications: Vec<ApplicationSettings>,
    file_found: bool,
}

impl Resolved {
    /// The first application, whose settings are those without a name in front.
    pub fn first(&self) -> &ApplicationSettings {
        &self.applications[0]
    }

    /// All applications in their order, at least one.
    pub fn applications(&self) -> &[ApplicationSettings] {
        &self.applications
    }

    /// The application of this name.
    pub fn application(&self, name: &str) -> Option<&ApplicationSettings> {
        self.applications.iter().find(|app| app.name == name)
    }

    /// The settings file that was read, if there was one.
    pub fn file(&self) -> Option<&Path> {
        self.file_found.then_some(self.first().settings.config.as_path())
    }

    /// Every setting with its value and its origin, aligned: what `--print-config` prints.
    pub fn print_config(&self) -> String {
        // One row of cells per line; a single cell is a heading.
        let mut lines: Vec<Vec<String>> = Vec::new();
        for (at, app) in self.applications.iter().enumerate() {
            if at > 0 {
                lines.extend([vec![], vec![format!("[apps.{}]", app.name)]]);
            }
            for (row, origin) in ROWS.iter().zip(&app.origins) {
                if at == 0 || row.scope == Scope::Application {
                    lines.push(vec![
                        row.name.into(),
                        (row.show)(&app.settings),
                        self.origin_text(row, origin),
                    ]);
                }
            }
        }
        let width = |cell: usize| {
            let rows = lines.iter().filter(|line| line.len() == 3);
            rows.map(|line| line[cell].chars().count()).max().unwrap_or_default()
        };
        let (names, values) = (width(0), width(1));
        lines
            .iter()
            .map(|line| match &line[..] {
                [name, value, origin] => format!("{name:names$}  {value:values$}  {origin}\n"),
                heading => format!("{}\n", heading.concat()),
            })
            .collect()
    }

    fn origin_text(&self, row: &Row, origin: &Origin) -> String {
        if row.name == CONFIG && !self.file_found {
            format!("{origin}, no such file")
        } else {
            origin.to_string()
        }
    }
}

/// The settings of one application.
///
/// # Examples
///
/// ```
/// use pulsar::settings::{Loader, Origin};
///
/// let resolved = Loader::new("shop", "1.0.0")
///     .load(["shop"], [], |_| Err(std::io::ErrorKind::NotFound.into()))?
///     .settings;
/// let shop = resolved.application("shop").unwrap();
/// assert_eq!(shop.origin("bind"), Some(&Origin::Default));
/// assert_eq!(shop.origin("colour"), None);
/// # Ok::<(), pulsar::settings::Exit>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ApplicationSettings {
    /// The name of the application.
    pub name: String,
    /// Its settings, with those of the whole program.
    pub settings: Settings,
    /// One for each row of the table.
    origins: Vec<Origin>,
}

impl ApplicationSettings {
    /// Where the value of this setting (underscore form) comes from, or `None` if there is no such setting.
    pub fn origin(&self, setting: &str) -> Option<&Origin> {
        self.origins.get(row(setting)?.index())
    }

    fn new(name: &str) -> Self {
        ApplicationSettings {
            name: name.into(),
            settings: Settings::default(),
            origins: vec![Origin::Default; ROWS.len()],
        }
    }
}

/// Applies the sources, the lowest first.
pub(super) fn resolve(
    applications: &[Application],
    sources: &[Vec<Given>],
    file_found: bool,
) -> (Resolved, Vec<Mistake>) {
    let mut resolved = Resolved {
        applications: applications.iter().map(|app| ApplicationSettings::new(app.name())).collect(),
        file_found,
    };
    let mut mistakes = Vec::new();
    for source in sources {
        for (at, given) in source.iter().enumerate() {
            let same = |other: &&Given| {
                other.row.name == given.row.name
                    && (other.application == given.application || given.row.scope == Scope::Program)
            };
            if let Some(earlier) = source[..at].iter().find(same) {
                let name = given.row.name;
                mistakes.push(
                    Mistake::new(given.origin.place(), format!("`{name}` is set twice"))
                        .with_help(format!("it is also set in {}; remove one", earlier.origin.place())),
                );
                continue;
            }
            apply(&mut resolved.applications, given, &mut mistakes);
        }
    }
    if mistakes.is_empty() {
        shared_addresses(&resolved.applications, &mut mistakes);
    }
    (resolved, mistakes)
}

fn apply(applications: &mut [ApplicationSettings], given: &Given, mistakes: &mut Vec<Mistake>) {
    let row = given.row;
    let mut scratch = applications[given.application].settings.clone();
    if let Some(clear) = row.clear {
        clear(&mut scratch);
    }
    let mut good = true;
    for (text, origin) in &given.values {
        if let Err(invalid) = (row.set)(&mut scratch, text) {
            good = false;
            let mistake = Mistake::new(origin.place(), format!("{}: {}", row.name, invalid.message()));
            mistakes.push(Mistake { help: invalid.help().map(Into::into), ..mistake });
        }
    }
    if !good {
        return;
    }
    for (at, app) in applications.iter_mut().enumerate() {
        if at == given.application || row.scope == Scope::Program {
            if let Some(clear) = row.clear {
                clear(&mut app.settings);
            }
            for (text, _) in &given.values {
                (row.set)(&mut app.settings, text).expect("the same values were just read without a mistake");
            }
            app.origins[row.index()] = given.origin.clone();
        }
    }
}

/// Two applications on one address: the second would fail to bind it, or worse, share it.
fn shared_addresses(applications: &[ApplicationSettings], mistakes: &mut Vec<Mistake>) {
    let bind = row(BIND).expect("the table has it");
    for (at, app) in applications.iter().enumerate() {
        let taken = |address: &&Bind| !address.is_repeatable() && app.settings.bind.contains(address);
        for other in &applications[..at] {
            for address in other.settings.bind.iter().filter(taken) {
                let setting = Setting { application: at, prefix: Some(&app.name), row: bind };
                let message = format!("`{}` and `{}` both listen on {address}", other.name, app.name);
                mistakes.push(Mistake::new(app.origins[bind.index()].place(), message).with_help(format!(
                    "give one of them another address, such as --{} :8061",
                    setting.flag()
                )));
            }
        }
    }
}

const BIND: &str = "bind";
const CONFIG: &str = "config";

impl Settings {
    /// What differs from the defaults, as the names and texts of settings. One with several values has an entry for each.
    pub(crate) fn changed(&self) -> Vec<(&'static str, String)> {
        let defaults = Settings::default();
        let rows = ROWS.iter().map(|row| (row, (row.show)(self)));
        let changed = rows.filter(|(row, value)| *value != (row.show)(&defaults));
        changed
            .flat_map(|(row, value)| {
                let values = if row.repeatable() {
                    value.split(", ").map(str::to_owned).collect()
                } else {
                    vec![value]
                };
                values.into_iter().map(|value| (row.name, value))
            })
            .collect()
    }
}
