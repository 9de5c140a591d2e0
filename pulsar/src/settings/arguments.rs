//! The command line as a source: what it asks for, and what it sets.
//!
//! How arguments are told apart is said in `line`. The rule it keeps: a flag of a setting means the same before and after the command.

use std::ffi::OsString;

use crate::settings::{
    applications::{Application, normal, settings},
    command::{COMMANDS, Command},
    given::{Given, Origin},
    help::{help, usage},
    line::{DEFAULT_COMMAND, Line, Refused, SWITCHES, Stop, used_twice},
    mistake::{InvalidValue, nearest},
};

/// What a program says instead of running.
pub(super) enum Said {
    /// Something that was asked for.
    Text(String),
    /// What is wrong with the command line.
    Refusal(String),
}

/// What the arguments ask for and what they set.
pub(super) fn read(
    program: &str,
    version: &str,
    applications: &[Application],
    arguments: Vec<OsString>,
) -> Result<(Command, Vec<Given>), Said> {
    let read = Line::read(applications, arguments).and_then(|line| understood(applications, &line));
    read.map_err(|stop| match stop {
        Stop::Help { command, is_long } => Said::Text(help(program, applications, command, is_long)),
        Stop::Version => Said::Text(format!("{program} {version}\n")),
        Stop::Refused(Refused { message, tip, command }) => {
            let tip = tip.map(|tip| format!("  tip: {tip}\n\n")).unwrap_or_default();
            let usage = usage(program, command);
            Said::Refusal(format!(
                "error: {message}\n\n{tip}Usage: {usage}\n\nFor more information, try '--help'.\n"
            ))
        }
    })
}

fn understood(applications: &[Application], line: &Line) -> Result<(Command, Vec<Given>), Stop> {
    let mut command = command(line)?;
    if let Command::Workers { app: Some(app), .. } = &mut command {
        *app = application(applications, app).map_err(|invalid| told(line, "workers", &invalid))?;
    }
    let mut given = Vec::new();
    for setting in settings(applications) {
        let flag = setting.flag();
        let values = line.texts(&flag);
        if values.len() > 1 && !setting.row.repeatable() {
            return Err(line.refused(used_twice(&format!("--{flag} <{}>", setting.row.value_name)), None));
        }
        if !values.is_empty() {
            let origin = Origin::CommandLine(format!("--{flag}"));
            given.push(Given::at(setting.application, setting.row, origin, values));
        }
    }
    Ok((command, given))
}

/// The command that is meant.
fn command(line: &Line) -> Result<Command, Stop> {
    let name = line.command.map_or(DEFAULT_COMMAND, |row| row.name);
    let switches: Vec<_> = SWITCHES.iter().filter(|(switch, ..)| line.has(switch)).collect();
    match switches[..] {
        [] => {
            let row =
                COMMANDS.iter().find(|row| row.name == name).expect("the default command is in the table");
            let switch = row.switch.is_some_and(|(switch, _)| line.has(switch));
            let values: Vec<&str> = line.values.iter().map(String::as_str).collect();
            (row.command)(switch, &values).map_err(|invalid| told(line, name, &invalid))
        }
        [(_, _, command)] if name == DEFAULT_COMMAND => Ok(command.clone()),
        [(switch, ..)] => {
            Err(line
                .refused(format!("the argument '--{switch}' cannot be used with the command '{name}'"), None))
        }
        [(one, ..), (other, ..), ..] => {
            Err(line.refused(format!("the argument '--{one}' cannot be used with '--{other}'"), None))
        }
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

/// A mistake in the values of a command.
fn told(line: &Line, command: &str, invalid: &InvalidValue) -> Stop {
    line.refused(format!("{command}: {}", invalid.message()), invalid.help())
}
