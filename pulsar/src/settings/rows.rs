//! The table: everything that a user can set, one row per setting.
//!
//! Command line, environment, file, `--help`, `--print-config` and `docs/settings.md` are made from these rows. Beyond
//! them only two settings are known by name: `config`, which says where a source is, and `bind`, of which two applications
//! cannot have the same value. The rule it keeps: to add a setting is to add a field and a row.

use crate::settings::{
    mistake::InvalidValue,
    typed::Settings,
    values::{boolean, path, seconds, whole},
};

/// One setting.
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
    /// For a setting with several values: empties the list before the first value of a source is set.
    pub(super) clear: Option<fn(&mut Settings)>,
    /// Parses one value into its field; a setting with several values gains one.
    pub(super) set: fn(&mut Settings, &str) -> Result<(), InvalidValue>,
    /// The typed value as text that `set` reads back; several values are joined by `, `.
    pub(super) show: fn(&Settings) -> String,
}

impl Row {
    pub(super) fn repeatable(&self) -> bool {
        self.clear.is_some()
    }

    pub(super) fn index(&self) -> usize {
        ROWS.iter().position(|row| row.name == self.name).expect("rows are made nowhere but in the table")
    }
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

/// The row of this name.
pub(super) fn row(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}

/// Every setting, in the order of the help.
pub(super) static ROWS: &[Row] = &[
    Row {
        name: "bind",
        short: Some('b'),
        value_name: "ADDR",
        section: SOCKETS,
        scope: Scope::Application,
        default: "127.0.0.1:8060",
        help: "Address to listen on; may be given several times",
        details: "HOST:PORT, :PORT for all addresses of the machine, [IPV6]:PORT, or unix:PATH for a unix domain \
                  socket. Port 0 takes a free port and prints it. The variable takes several addresses separated by \
                  commas, the file an array of strings.",
        types: &[Type::String],
        clear: Some(|settings| settings.bind.clear()),
        set: |settings, text| {
            let bind = text.parse()?;
            if settings.bind.contains(&bind) && !bind.is_repeatable() {
                return Err(InvalidValue::new(format!("`{bind}` is given twice")).with_help("give it once"));
            }
            settings.bind.push(bind);
            Ok(())
        },
        show: |settings| settings.bind.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    },
    Row {
        name: "backlog",
        short: None,
        value_name: "N",
        section: SOCKETS,
        scope: Scope::Application,
        default: "2048",
        help: "Connections that may wait until they are accepted",
        details: "From 1 to 65535, for each address; the system may have a lower limit (net.core.somaxconn on Linux).",
        types: &[Type::Integer],
        clear: None,
        set: |settings, text| whole(text, 1, 65_535).map(|number| settings.backlog = number),
        show: |settings| settings.backlog.to_string(),
    },
    Row {
        name: "workers",
        short: Some('w'),
        value_name: "N",
        section: WORK,
        scope: Scope::Application,
        default: "1",
        help: "Workers",
        details: "From 0 to 1024; 0 counts as 1. The workers of this version share one process: each is as many threads \
                  as `threads` says.",
        types: &[Type::Integer],
        clear: None,
        set: |settings, text| whole(text, 0, 1024).map(|number| settings.workers = number as usize),
        show: |settings| settings.workers.to_string(),
    },
    Row {
        name: "threads",
        short: None,
        value_name: "N",
        section: WORK,
        scope: Scope::Application,
        default: "1",
        help: "Threads that accept connections and run async handlers",
        details: "From 1 to 1024. A connection stays on the thread that accepted it; one thread for each core is the \
                  most that helps. Several applications in one process share the threads of the one that wants most.",
        types: &[Type::Integer],
        clear: None,
        set: |settings, text| whole(text, 1, 1024).map(|number| settings.threads = number as usize),
        show: |settings| settings.threads.to_string(),
    },
    Row {
        name: "thread_workers",
        short: None,
        value_name: "N",
        section: WORK,
        scope: Scope::Application,
        default: "auto",
        help: "Threads that run the handlers that are not async",
        details: "From 1 to 4096, or auto: two for each processor, at least 4.",
        types: &[Type::Integer, Type::String],
        clear: None,
        set: |settings, text| text.parse().map(|size| settings.thread_workers = size),
        show: |settings| settings.thread_workers.to_string(),
    },
    Row {
        name: "thread_queue",
        short: None,
        value_name: "N",
        section: WORK,
        scope: Scope::Application,
        default: "1024",
        help: "Requests that may wait for one of these threads",
        details: "From 1 to 1000000. A request that finds the queue full is answered with 503 and Retry-After.",
        types: &[Type::Integer],
        clear: None,
        set: |settings, text| whole(text, 1, 1_000_000).map(|number| settings.thread_queue = number as usize),
        show: |settings| settings.thread_queue.to_string(),
    },
    Row {
        name: "keep_alive",
        short: None,
        value_name: "SECONDS",
        section: REQUESTS,
        scope: Scope::Application,
        default: "30",
        help: "How long a connection may be idle between two requests",
        details: "In seconds, fractions allowed. It is also how long a request head may take. 0 closes a connection after \
                  its answer; a head may then take 30 s.",
        types: &[Type::Integer, Type::Float],
        clear: None,
        set: |settings, text| seconds(text).map(|time| settings.keep_alive = time),
        show: |settings| settings.keep_alive.as_secs_f64().to_string(),
    },
    Row {
        name: "graceful_timeout",
        short: None,
        value_name: "SECONDS",
        section: REQUESTS,
        scope: Scope::Application,
        default: "25",
        help: "How long requests in flight may take to finish at a stop",
        details: "In seconds, fractions allowed. 0 does not wait. Keep it below the time after which the supervisor \
                  kills the program (30 s in Kubernetes). Several applications in one process have the longest of theirs.",
        types: &[Type::Integer, Type::Float],
        clear: None,
        set: |settings, text| seconds(text).map(|time| settings.graceful_timeout = time),
        show: |settings| settings.graceful_timeout.as_secs_f64().to_string(),
    },
    Row {
        name: "max_body",
        short: None,
        value_name: "BYTES",
        section: REQUESTS,
        scope: Scope::Application,
        default: "8MiB",
        help: "Longest request body that is read",
        details: "In bytes, or with k, m, g (or KiB, MiB, GiB) for steps of 1024; unlimited removes the limit. A \
                  longer body is answered with 413. A layer DefaultBodyLimit sets a lower limit for what extractors read.",
        types: &[Type::Integer, Type::String],
        clear: None,
        set: |settings, text| text.parse().map(|limit| settings.max_body = limit),
        show: |settings| settings.max_body.to_string(),
    },
    Row {
        name: "strict_slashes",
        short: None,
        value_name: "BOOL",
        section: REQUESTS,
        scope: Scope::Application,
        default: "true",
        help: "Redirect /users/ to /users, or the reverse, if only that exists",
        details: "true or false. With false such a path is served as if it were spelt like the rule.",
        types: &[Type::Boolean],
        clear: None,
        set: |settings, text| boolean(text).map(|strict| settings.strict_slashes = strict),
        show: |settings| settings.strict_slashes.to_string(),
    },
    Row {
        name: "log_level",
        short: None,
        value_name: "LEVEL",
        section: LOGS,
        scope: Scope::Program,
        default: "info",
        help: "What is logged",
        details: "error, warn, info, debug, trace or off, or directives for single modules such as info,hyper=warn.",
        types: &[Type::String],
        clear: None,
        set: |settings, text| text.parse().map(|level| settings.log_level = level),
        show: |settings| settings.log_level.to_string(),
    },
    Row {
        name: "log_format",
        short: None,
        value_name: "FORMAT",
        section: LOGS,
        scope: Scope::Program,
        default: "text",
        help: "How lines of the log are written",
        details: "text for people, json for one JSON object per line.",
        types: &[Type::String],
        clear: None,
        set: |settings, text| text.parse().map(|format| settings.log_format = format),
        show: |settings| settings.log_format.to_string(),
    },
    Row {
        name: "access_log",
        short: None,
        value_name: "PATH",
        section: LOGS,
        scope: Scope::Program,
        default: "off",
        help: "Where one line per request is written",
        details: "The path of a file, - for the standard output, or off.",
        types: &[Type::String],
        clear: None,
        set: |settings, text| text.parse().map(|log| settings.access_log = log),
        show: |settings| settings.access_log.to_string(),
    },
    Row {
        name: "config",
        short: Some('c'),
        value_name: "FILE",
        section: FILES,
        scope: Scope::Program,
        default: "pulsar.toml",
        help: "File to read settings from",
        details: "TOML, with the names of this list in underscore form as keys. The default is read if it exists in \
                  the working directory; a file that is named must exist.",
        types: &[],
        clear: None,
        set: |settings, text| path(text).map(|path| settings.config = path),
        show: |settings| settings.config.display().to_string(),
    },
];

const SOCKETS: &str = "Addresses";
const WORK: &str = "Processes and threads";
const REQUESTS: &str = "Requests";
const LOGS: &str = "Logs";
const FILES: &str = "Files";

#[cfg(test)]
mod tests;
