//! The commands of a program.
//!
//! Only their names, switches and values; what they do stands where the program is put together. The rule it keeps: to add a
//! command is to add a variant and a row.

use std::{fmt, str::FromStr};

use crate::settings::{mistake::InvalidValue, values::whole};

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
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Show the running instance.
    Info {
        /// As JSON instead of text.
        json: bool,
    },
    /// Show the running instance again and again.
    Top,
    /// Ask whether the running instance answers.
    Ping,
    /// Have the running instance read its settings anew and replace its workers.
    Reload {
        /// End when the new workers serve and the old are gone, not before.
        wait: bool,
    },
    /// Change the number of workers of the running instance.
    Workers {
        /// Of the application of this name; `None` is the first.
        app: Option<String>,
        /// By or to how many.
        change: Change,
    },
    /// Stop the running instance when the requests in flight are answered.
    Stop,
    /// Stop the running instance at once.
    Quit,
}

impl Command {
    /// Whether it is for a running instance, which has settings of its own.
    pub(super) fn is_for_instance(&self) -> bool {
        match self {
            Command::Serve
            | Command::Routes { .. }
            | Command::Check { .. }
            | Command::Config
            | Command::CheckConfig => false,
            Command::Info { .. }
            | Command::Top
            | Command::Ping
            | Command::Reload { .. }
            | Command::Workers { .. }
            | Command::Stop
            | Command::Quit => true,
        }
    }
}

/// How the number of workers changes.
///
/// # Examples
///
/// ```
/// use pulsar::settings::Change;
///
/// assert_eq!("4".parse(), Ok(Change::Set(4)));
/// assert_eq!("+1".parse(), Ok(Change::Add(1)));
/// assert_eq!(Change::Remove(2).to_string(), "-2");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Change {
    /// To as many; written as the number.
    Set(usize),
    /// By so many more; written with `+`.
    Add(usize),
    /// By so many fewer; written with `-`.
    Remove(usize),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Set(workers) => write!(f, "{workers}"),
            Change::Add(workers) => write!(f, "+{workers}"),
            Change::Remove(workers) => write!(f, "-{workers}"),
        }
    }
}

impl FromStr for Change {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let signed = |digits| whole(digits, 1, MOST_WORKERS);
        let change = if let Some(digits) = text.strip_prefix('+') {
            signed(digits).map(Change::Add)
        } else if let Some(digits) = text.strip_prefix('-') {
            signed(digits).map(Change::Remove)
        } else {
            whole(text, 1, MOST_WORKERS).map(Change::Set)
        };
        change.map_err(|_| {
            InvalidValue::new(format!("`{text}` is no number of workers")).with_help(format!(
                "write a number from 1 to {MOST_WORKERS} such as `4`, or `+1` or `-1` for more or fewer"
            ))
        })
    }
}

/// One command of the command line.
pub(super) struct CommandRow {
    pub(super) name: &'static str,
    /// One sentence without its full stop.
    pub(super) help: &'static str,
    /// The switch that the command has, without `--`, and the help of it.
    pub(super) switch: Option<(&'static str, &'static str)>,
    /// The values that stand behind the command. Of two the first may be left out.
    pub(super) values: &'static [Value],
    /// The command with its switch set or not, and with those of its values that are given.
    pub(super) command: fn(switch: bool, values: &[&str]) -> Result<Command, InvalidValue>,
}

/// A value that stands behind a command.
pub(super) struct Value {
    /// What stands for it in the help.
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) required: bool,
}

/// Every command, in the order of the help; those to a running instance are the last.
pub(super) static COMMANDS: &[CommandRow] = &[
    CommandRow {
        name: "serve",
        help: "Serve the applications of this program (the default)",
        switch: None,
        values: &[],
        command: |_, _| Ok(Command::Serve),
    },
    CommandRow {
        name: "routes",
        help: "Print the table of routes",
        switch: Some(("json", "Print JSON instead of a table")),
        values: &[],
        command: |json, _| Ok(Command::Routes { json }),
    },
    CommandRow {
        name: "check",
        help: "Look for conflicts, missing providers and dead registrations; for CI",
        switch: Some(("json", "Print JSON instead of text")),
        values: &[],
        command: |json, _| Ok(Command::Check { json }),
    },
    CommandRow {
        name: "config",
        help: "Print the settings and where each comes from",
        switch: None,
        values: &[],
        command: |_, _| Ok(Command::Config),
    },
    CommandRow {
        name: "info",
        help: "Show the running instance",
        switch: Some(("json", "Print JSON instead of text")),
        values: &[],
        command: |json, _| Ok(Command::Info { json }),
    },
    CommandRow {
        name: "top",
        help: "Show the running instance again and again",
        switch: None,
        values: &[],
        command: |_, _| Ok(Command::Top),
    },
    CommandRow {
        name: "ping",
        help: "Ask whether the running instance answers",
        switch: None,
        values: &[],
        command: |_, _| Ok(Command::Ping),
    },
    CommandRow {
        name: "reload",
        help: "Have the running instance read its settings and replace its workers",
        switch: Some(("wait", "End when the new workers serve and the old are gone, not before")),
        values: &[],
        command: |wait, _| Ok(Command::Reload { wait }),
    },
    CommandRow {
        name: "workers",
        help: "Change the number of workers of the running instance",
        switch: None,
        values: &[
            Value { name: "APP", help: "The application; the first one unless it is named", required: false },
            Value {
                name: "N|+N|-N",
                help: "The new number of workers, or how many more or fewer",
                required: true,
            },
        ],
        command: |_, values| {
            let (change, app) = values
                .split_last()
                .expect("the command line is refused without the last value of this command");
            Ok(Command::Workers { app: app.first().map(ToString::to_string), change: change.parse()? })
        },
    },
    CommandRow {
        name: "stop",
        help: "Stop the running instance when the requests in flight are answered",
        switch: None,
        values: &[],
        command: |_, _| Ok(Command::Stop),
    },
    CommandRow {
        name: "quit",
        help: "Stop the running instance at once",
        switch: None,
        values: &[],
        command: |_, _| Ok(Command::Quit),
    },
];

/// As many as the setting `workers` may be.
const MOST_WORKERS: usize = 1024;
