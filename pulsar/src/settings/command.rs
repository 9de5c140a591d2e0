//! The commands of a program.
//!
//! Only their names and switches; what they do stands where the program is put together. The rule it keeps: to add a command
//! is to add a variant and a row.

/// What the command line asks for.
///
/// # Examples
///
/// ```
/// use pulsar::settings::{Command, Loader};
///
/// let invocation = Loader::new("shop", "1.0.0").load(
///     ["shop", "routes", "--json"],
///     [],
///     |_| Err(std::io::ErrorKind::NotFound.into()),
/// )?;
/// assert_eq!(invocation.command, Command::Routes { json: true });
/// # Ok::<(), pulsar::settings::Exit>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// Serve the applications; also without any command.
    Serve,
    /// Print the routes.
    Routes {
        /// As JSON instead of a table.
        json: bool,
    },
    /// Look for everything that would go wrong, without serving.
    Check {
        /// As JSON instead of text.
        json: bool,
    },
    /// Print the settings and where each comes from: `config` or `--print-config`.
    Config,
    /// `--check-config`: nothing is left to do, since settings that are wrong end in an [`Exit`](super::Exit).
    CheckConfig,
}

/// One command of the command line.
pub(super) struct CommandRow {
    pub(super) name: &'static str,
    /// One sentence without its full stop.
    pub(super) help: &'static str,
    /// The help of `--json`, if the command has it.
    pub(super) json: Option<&'static str>,
    pub(super) command: fn(json: bool) -> Command,
}

/// Every command, in the order of the help.
pub(super) static COMMANDS: &[CommandRow] = &[
    CommandRow {
        name: "serve",
        help: "Serve the applications of this program (the default)",
        json: None,
        command: |_| Command::Serve,
    },
    CommandRow {
        name: "routes",
        help: "Print the table of routes",
        json: Some("Print JSON instead of a table"),
        command: |json| Command::Routes { json },
    },
    CommandRow {
        name: "check",
        help: "Look for conflicts, missing providers and dead registrations; for CI",
        json: Some("Print JSON instead of text"),
        command: |json| Command::Check { json },
    },
    CommandRow {
        name: "config",
        help: "Print the settings and where each comes from",
        json: None,
        command: |_| Command::Config,
    },
];
