//! The command line as a source: flags, commands and their help, made from the rows for clap.
//!
//! clap finds out which flags and commands are there and refuses what it does not know; values stay text here, so that those
//! of all sources are read by the same code and their mistakes told together. The rule it keeps: a flag of a setting means
//! the same before and after the command. Each command has every flag, so that making all of them would be most of the start of a
//! program, in time and in memory: flags and texts that this command line cannot lead to are left out.

use std::ffi::OsString;

use clap::{
    Arg, ArgAction, ArgMatches,
    error::{Error, ErrorKind},
};

use crate::settings::{
    applications::{Application, Setting, normal, settings},
    command::{COMMANDS, Command, Value},
    given::{Given, Origin},
    mistake::{InvalidValue, nearest},
    row::{Row, Scope},
    rows::ROWS,
};

/// What the arguments ask for and what they set.
pub(super) fn read(
    program: &str,
    version: &str,
    applications: &[Application],
    arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
) -> Result<(Command, Vec<Given>), Error> {
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    let mut parser = parser(program, version, applications, &Asked(&arguments));
    let matches = parser.try_get_matches_from_mut(arguments)?;
    let (mut command, inner) = command(&mut parser, &matches)?;
    if let Command::Workers { app: Some(app), .. } = &mut command {
        *app = application(applications, app)
            .map_err(|invalid| parser.error(ErrorKind::ValueValidation, told("workers", &invalid)))?;
    }
    let mut given = Vec::new();
    for setting in settings(applications) {
        let flag = setting.flag();
        let values: Vec<String> = [Some(&matches), inner]
            .into_iter()
            .flatten()
            .filter_map(|matches| matches.get_many(&flag))
            .flatten()
            .cloned()
            .collect();
        if values.len() > 1 && !setting.row.repeatable() {
            // clap says this itself unless one stands before the command and one after it.
            let message =
                format!("the argument '--{flag} <{}>' cannot be used multiple times", setting.row.value_name);
            return Err(parser.error(ErrorKind::ArgumentConflict, message));
        }
        if !values.is_empty() {
            let origin = Origin::CommandLine(format!("--{flag}"));
            given.push(Given::at(setting.application, setting.row, origin, values));
        }
    }
    Ok((command, given))
}

/// The arguments, as far as they say what the parser needs.
struct Asked<'a>(&'a [OsString]);

impl Asked<'_> {
    /// Whether this command may be meant, or its help.
    fn names(&self, command: &str) -> bool {
        self.0.iter().any(|argument| argument == command)
    }

    /// Whether help may be asked for: by its flag, its short flag, also among others, or its command.
    fn helps(&self) -> bool {
        self.0.iter().any(|argument| {
            let argument = argument.to_string_lossy();
            let is_short = argument.starts_with('-') && !argument.starts_with("--");
            is_short && argument.contains('h') || argument == "--help" || argument == "help"
        })
    }
}

/// The parser of the command line: of all of it that is asked for.
fn parser(program: &str, version: &str, applications: &[Application], asked: &Asked<'_>) -> clap::Command {
    let helps = asked.helps();
    let after = if helps { after_help(applications) } else { String::new() };
    let settings = settings(applications);
    let base = |name: &str, is_meant: bool| {
        let flags = if is_meant { &settings[..] } else { &[] };
        clap::Command::new(name.to_owned())
            .version(version.to_owned())
            .args(flags.iter().map(|setting| flag(*setting, helps)))
            .after_help(after.clone())
    };
    let with_switches = |parser: clap::Command| {
        SWITCHES.iter().fold(parser, |parser, (name, help, _)| parser.arg(switch(name, help)))
    };
    let commands = COMMANDS.iter().map(|row| {
        let parser = base(row.name, asked.names(row.name)).about(row.help);
        let parser = if row.name == DEFAULT_COMMAND { with_switches(parser) } else { parser };
        parser
            .args(row.switch.map(|(name, help)| switch(name, help)))
            .args(row.values.iter().map(value))
            .allow_missing_positional(true)
    });
    with_switches(base(program, true)).subcommands(commands)
}

/// The command that is meant, and what stands behind its name.
fn command<'a>(
    parser: &mut clap::Command,
    matches: &'a ArgMatches,
) -> Result<(Command, Option<&'a ArgMatches>), Error> {
    let (name, inner) = match matches.subcommand() {
        Some((name, inner)) => (name, Some(inner)),
        None => (DEFAULT_COMMAND, None),
    };
    let given = |switch: &str| {
        let set = |matches: &ArgMatches| matches.try_get_one(switch).ok().flatten() == Some(&true);
        set(matches) || inner.is_some_and(set)
    };
    let switches: Vec<_> = SWITCHES.iter().filter(|(switch, ..)| given(switch)).collect();
    let row =
        COMMANDS.iter().find(|row| row.name == name).expect("clap knows only the commands of the table");
    match switches[..] {
        [] => {
            let switch = row.switch.is_some_and(|(switch, _)| given(switch));
            let values = row.values.iter().filter_map(|value| inner?.get_one(value.name));
            let values: Vec<&str> = values.map(String::as_str).collect();
            let command = (row.command)(switch, &values);
            let command =
                command.map_err(|invalid| parser.error(ErrorKind::ValueValidation, told(name, &invalid)))?;
            Ok((command, inner))
        }
        [(_, _, command)] if name == DEFAULT_COMMAND => Ok((command.clone(), inner)),
        [(switch, ..)] => Err(parser.error(
            ErrorKind::ArgumentConflict,
            format!("the argument '--{switch}' cannot be used with the command '{name}'"),
        )),
        [(one, ..), (other, ..), ..] => Err(parser.error(
            ErrorKind::ArgumentConflict,
            format!("the argument '--{one}' cannot be used with '--{other}'"),
        )),
    }
}

/// The name, as the program writes it, of the application that is meant.
fn application(applications: &[Application], typed: &str) -> Result<String, InvalidValue> {
    let known = || applications.iter().map(Application::name);
    match known().find(|name| normal(name) == normal(typed)) {
        Some(name) => Ok(name.into()),
        None => Err(InvalidValue::new(format!("unknown application `{typed}`")).with_help(
            match nearest(typed, known()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", known().collect::<Vec<_>>().join(", ")),
            },
        )),
    }
}

fn flag(setting: Setting<'_>, helps: bool) -> Arg {
    let Setting { prefix, row, .. } = setting;
    let arg = Arg::new(setting.flag())
        .long(setting.flag())
        .value_name(row.value_name)
        .action(if row.repeatable() { ArgAction::Append } else { ArgAction::Set })
        // `--workers -1` is told that it is no number of workers, not that there is no flag -1.
        .allow_negative_numbers(true);
    let arg = if row.is_switch() { arg.num_args(0..=1).default_missing_value("true") } else { arg };
    if prefix.is_some() {
        // Listed, they would hide the settings among their repetitions; the end of the help tells of them.
        return arg.hide(true);
    }
    let arg = match row.short {
        Some(short) => arg.short(short),
        None => arg,
    };
    if !helps {
        return arg;
    }
    arg.help_heading(row.section)
        .help(format!("{} [default: {}]", row.help, row.default))
        .long_help(long_help(setting))
}

fn switch(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).help(help).action(ArgAction::SetTrue)
}

fn value(value: &Value) -> Arg {
    Arg::new(value.name)
        .value_name(value.name)
        .required(value.required)
        // `-1` is a value, not an unknown flag.
        .allow_negative_numbers(true)
        .help(value.help)
}

/// The mistake in the values of a command, as clap tells its own.
fn told(command: &str, invalid: &InvalidValue) -> String {
    let tip = invalid.help().map(|help| format!("\n\n  tip: {help}")).unwrap_or_default();
    format!("{command}: {}{tip}", invalid.message())
}

fn long_help(setting: Setting<'_>) -> String {
    let Row { help, details, default, name, types, .. } = setting.row;
    let mut end = format!("[default: {default}] [variable: {}]", setting.variable());
    if !types.is_empty() {
        end = format!("{end} [file: {name}]");
    }
    format!("{help}\n\n{}\n\n{end}", wrapped(details))
}

fn after_help(applications: &[Application]) -> String {
    let mut text = wrapped(
        "A setting may also stand in the file (pulsar.toml) or in the environment (PULSAR_KEEP_ALIVE=5). The command \
         line wins over the environment, the environment over the file, the file over what the program sets itself. \
         --print-config shows every value and where it comes from.",
    );
    if let [first, .., last] = applications {
        let rows = ROWS.iter().filter(|row| row.scope == Scope::Application);
        let rows: Vec<_> = rows.map(|row| row.name.replace('_', "-")).collect();
        let names: Vec<_> = applications.iter().map(Application::name).collect();
        let last = Setting { application: applications.len() - 1, prefix: Some(last.name()), row: &ROWS[0] };
        text.push_str("\n\n");
        text.push_str(&wrapped(&format!(
            "Applications: {}. Each takes settings of its own with its name in front, such as --{} ADDR: {}. Without a \
             name they belong to {}.",
            names.join(", "),
            last.flag(),
            rows.join(", "),
            first.name(),
        )));
    }
    text
}

/// Broken into lines, which clap does only with a feature that asks the terminal for its width.
fn wrapped(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.into()),
        }
    }
    lines.join("\n")
}

/// Flags that stand for a command: name, help, command.
const SWITCHES: &[(&str, &str, Command)] = &[
    ("check-config", "Only check the settings", Command::CheckConfig),
    ("print-config", "Only print the settings and where each comes from", Command::Config),
];

const DEFAULT_COMMAND: &str = "serve";

/// Characters in a line of the long help, to which clap adds 10 of its own.
const WIDTH: usize = 88;
