//! From what the sources gave to the settings that count.
//!
//! It is handed the sources in the order of their rank and reads no source itself. The rule it keeps: a value is checked even
//! if a higher source replaces it, so that a mistake does not lie in wait for the day the flag is left out.

use std::path::Path;

use crate::settings::{
    applications::Application,
    given::{Given, Origin},
    mistake::Mistake,
    row::{Row, Scope},
    rows::{ROWS, index, row},
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
/// assert!(settings.print_config().contains("threads                  4               command line (--threads)"));
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

    /// The settings of applications by their names, at least one, as another process has found them: nobody knows any more
    /// where each value came from.
    pub(crate) fn from_parts(applications: Vec<(String, Settings)>) -> Resolved {
        assert!(!applications.is_empty(), "a program has an application");
        let applications = applications
            .into_iter()
            .map(|(name, settings)| ApplicationSettings { settings, ..ApplicationSettings::new(&name) })
            .collect();
        Resolved { applications, file_found: false }
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
        self.origins.get(index(row(setting)?))
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
    (resolved, mistakes)
}

fn apply(applications: &mut [ApplicationSettings], given: &Given, mistakes: &mut Vec<Mistake>) {
    let row = given.row;
    let mut scratch = applications[given.application].settings.clone();
    if let Some(several) = row.several {
        (several.clear)(&mut scratch);
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
            if let Some(several) = row.several {
                (several.clear)(&mut app.settings);
            }
            for (text, _) in &given.values {
                (row.set)(&mut app.settings, text).expect("the same values were just read without a mistake");
            }
            app.origins[index(row)] = given.origin.clone();
        }
    }
}

impl Settings {
    /// What differs from the defaults, as the names and texts of settings. One with several values has an entry for each.
    pub(crate) fn changed(&self) -> Vec<(&'static str, String)> {
        let defaults = Settings::default();
        let changed = ROWS.iter().filter(|row| (row.show)(self) != (row.show)(&defaults));
        changed
            .flat_map(|row| {
                let values = match row.several {
                    Some(several) if !(several.texts)(self).is_empty() => (several.texts)(self),
                    _ => vec![(row.show)(self)],
                };
                values.into_iter().map(|value| (row.name, value))
            })
            .collect()
    }

    /// The settings of which [`changed`](Settings::changed) says these names and texts, perhaps in another process.
    pub(crate) fn from_changed(changed: &[(String, String)]) -> Result<Settings, String> {
        let mut settings = Settings::default();
        for (at, (name, text)) in changed.iter().enumerate() {
            let row = row(name).ok_or_else(|| format!("there is no setting `{name}`"))?;
            let first = changed[..at].iter().all(|(earlier, _)| earlier != name);
            match row.several {
                Some(several) if first => (several.clear)(&mut settings),
                Some(_) => {}
                None if first => {}
                None => return Err(format!("{name}: there are two values")),
            }
            (row.set)(&mut settings, text).map_err(|invalid| format!("{name}: {invalid}"))?;
        }
        Ok(settings)
    }
}

const CONFIG: &str = "config";
