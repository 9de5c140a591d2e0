//! The loader: all sources in their order, one answer.
//!
//! It prints nothing, ends no process and reads neither the environment nor a file behind its caller's back: all of that is
//! handed in, so that its tests are tables. The rule it keeps: whoever starts the program sees every mistake at once.

use std::{
    ffi::OsString,
    fmt, io,
    path::{Path, PathBuf},
    slice,
};

use crate::settings::{
    applications::{Application, check},
    arguments::{self, Said},
    checks,
    command::Command,
    environment::{self, Environment},
    file::{self, Torn},
    given::Given,
    mistake::Mistake,
    resolve::{Resolved, resolve},
    rows::row,
    typed::Settings,
};

/// Finds the settings of a program.
///
/// From low to high: the defaults, what the program's code sets ([`Application::with`]), the settings file, the environment
/// (`PULSAR_*`), the command line.
///
/// # Examples
///
/// ```
/// use pulsar::settings::{Application, Loader};
///
/// // A program passes `std::env::args_os()`, `std::env::vars_os()` and `|path| std::fs::read_to_string(path)`.
/// let invocation = Loader::new("shop", "1.0.0")
///     .application(Application::new("shop"))
///     .application(Application::new("admin").with("bind", "127.0.0.1:8061", "src/main.rs:3"))
///     .load(
///         ["shop", "--admin-keep-alive", "5"],
///         [("PULSAR_THREADS".into(), "2".into())],
///         |_| Ok("log_format = 'json'".into()),
///     )?;
/// let admin = invocation.settings.application("admin").unwrap();
/// assert_eq!(admin.settings.keep_alive.as_secs(), 5);
/// assert_eq!(invocation.settings.first().settings.threads, 2);
/// # Ok::<(), pulsar::settings::Exit>(())
/// ```
#[derive(Debug, Clone)]
pub struct Loader {
    program: String,
    version: String,
    applications: Vec<Application>,
}

impl Loader {
    /// A loader for the program of this name and version, which the help and `--version` show.
    pub fn new(program: impl Into<String>, version: impl Into<String>) -> Self {
        Loader { program: program.into(), version: version.into(), applications: Vec::new() }
    }

    /// Adds an application. Settings without a name in front belong to the first; without any there is one, named like
    /// the program.
    #[must_use]
    pub fn application(mut self, application: Application) -> Self {
        self.applications.push(application);
        self
    }

    /// Finds out what is asked for and with which settings.
    ///
    /// `arguments` start with the name of the program, as `std::env::args_os()` does. Of `variables` those count that
    /// start with `PULSAR_`. `read` is asked for the text of the settings file, at most once.
    ///
    /// # Errors
    ///
    /// An [`Exit`] if there is nothing to run: `--help` and `--version` were asked for, or something is wrong. Of the
    /// command line the first unknown flag or command is named; all other mistakes are named together.
    ///
    /// A command to a running instance, such as `reload`, fails for mistakes of the command line alone. The settings of the
    /// instance are known to the instance, and a mistake in the settings file must not keep anybody from stopping it: of
    /// the other sources such a command has what can be read.
    ///
    /// A program that reads its settings anew calls this again with the same arguments and variables.
    pub fn load(
        &self,
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        read: impl FnOnce(&Path) -> io::Result<String>,
    ) -> Result<Invocation, Exit> {
        let arguments = arguments.into_iter().map(Into::into).collect();
        self.load_all(arguments, variables.into_iter().collect(), Box::new(read))
    }

    /// What does not depend on the kinds of iterators, and so is compiled once.
    fn load_all(
        &self,
        arguments: Vec<OsString>,
        variables: Vec<(OsString, OsString)>,
        read: Read<'_>,
    ) -> Result<Invocation, Exit> {
        let unnamed = [Application::new(&self.program)];
        let applications = if self.applications.is_empty() { &unnamed[..] } else { &self.applications };
        // The name of a program is whatever its package is called, and with one application it is never part of another.
        if self.applications.len() > 1 {
            Exit::unless_empty(&check(applications))?;
        }

        let (command, arguments) = arguments::read(&self.program, &self.version, applications, arguments)?;
        let Environment { given: variables, mut mistakes, ignored } =
            environment::read(variables, applications);
        let mut attributes = Vec::new();
        for (at, app) in applications.iter().enumerate() {
            let (given, wrong) = app.given(at);
            attributes.extend(given);
            mistakes.extend(wrong);
        }
        let (from_file, wrong) = match read_file(read, [&arguments, &variables, &attributes]) {
            Ok(Some((path, text))) => {
                let torn = if command.is_for_instance() { Torn::Salvage } else { Torn::Drop };
                let (given, wrong) = file::read(&path, &text, applications, torn);
                (Some(given), wrong)
            }
            Ok(None) => (None, Vec::new()),
            Err(mistake) => (None, vec![mistake]),
        };
        let file_found = from_file.is_some();
        if command.is_for_instance() {
            // A file that the command line names and that is not there is a mistake of the command line.
            let named = arguments.iter().any(|given| given.row.name == CONFIG) && !file_found;
            mistakes = if named { wrong } else { Vec::new() };
            mistakes.extend(resolve(applications, slice::from_ref(&arguments), file_found).1);
        } else {
            mistakes.splice(0..0, wrong);
        }
        let sources = [attributes, from_file.unwrap_or_default(), variables, arguments];
        let (settings, wrong) = resolve(applications, &sources, file_found);
        if !command.is_for_instance() {
            mistakes.extend(if wrong.is_empty() { checks::check(&settings) } else { wrong });
        }
        Exit::unless_empty(&mistakes)?;
        Ok(Invocation { command, settings, ignored })
    }
}

/// What a program was started for, with which settings.
///
/// # Examples
///
/// ```
/// use pulsar::settings::{Command, Loader};
///
/// let invocation = Loader::new("shop", "1.0.0")
///     .load(["shop", "-b", ":80"], [], |_| Err(std::io::ErrorKind::NotFound.into()))?;
/// assert_eq!(invocation.command, Command::Serve);
/// assert_eq!(invocation.settings.first().settings.bind, [":80".parse()?]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// The command.
    pub command: Command,
    /// The settings of all applications.
    pub settings: Resolved,
    /// Variables that start with `PULSAR_` and are no settings, nor like one. Worth a warning.
    pub ignored: Vec<String>,
}

/// Why a program ends before it starts.
///
/// # Examples
///
/// ```
/// use pulsar::settings::Loader;
///
/// let exit = Loader::new("shop", "1.0.0")
///     .load(["shop", "--version"], [], |_| Err(std::io::ErrorKind::NotFound.into()))
///     .unwrap_err();
/// assert_eq!((exit.code, exit.message.as_str()), (0, "shop 1.0.0\n"));
/// assert!(exit.is_success());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// The exit code: 0 after help and version, 2 when something is wrong.
    pub code: u8,
    /// The text for the standard output if it [is a success](Exit::is_success), else for the standard error. It ends with
    /// a newline.
    pub message: String,
}

impl Exit {
    /// Whether the user got what was asked for.
    pub fn is_success(&self) -> bool {
        self.code == 0
    }

    fn unless_empty(mistakes: &[Mistake]) -> Result<(), Exit> {
        match mistakes {
            [] => Ok(()),
            _ => Err(Exit {
                code: WRONG_SETTINGS,
                message: mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            }),
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Exit {}

impl From<Said> for Exit {
    fn from(said: Said) -> Self {
        match said {
            Said::Text(message) => Exit { code: 0, message },
            Said::Refusal(message) => Exit { code: WRONG_SETTINGS, message },
        }
    }
}

/// What gives the text of the settings file.
type Read<'a> = Box<dyn FnOnce(&Path) -> io::Result<String> + 'a>;

/// The settings file, if there is one; `sources` name it, the highest first.
fn read_file(read: Read<'_>, sources: [&Vec<Given>; 3]) -> Result<Option<(PathBuf, String)>, Mistake> {
    let config = row(CONFIG).expect("the table has it");
    let named = sources.into_iter().flatten().find(|given| given.row.name == CONFIG);
    let mut settings = Settings::default();
    let mut place = String::from("the working directory");
    if let Some(Given { origin, values, .. }) = named {
        place = origin.place();
        if values.iter().any(|(path, _)| (config.set)(&mut settings, path).is_err()) {
            // No path at all; that is told when the sources are put together.
            return Ok(None);
        }
    }
    let path = settings.config;
    match read(&path) {
        Ok(text) => Ok(Some((path, text))),
        Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let message = format!("cannot read the settings file `{}`: {error}", path.display());
            Err(Mistake::new(place, message))
        }
    }
}

const CONFIG: &str = "config";

/// The exit code of a program whose settings are wrong.
const WRONG_SETTINGS: u8 = 2;
