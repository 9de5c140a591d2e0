//! The command line as it was typed: which command, which flags with which texts, which values behind the command.
//!
//! It knows which flags there are and refuses the others; values stay text, so that those of all sources are read by the same code and
//! their mistakes told together. The rules it keeps: what starts with `-` is a flag, unless a digit follows or `--` stood before it;
//! a flag of a setting may stand before the command and after it.

use std::{collections::VecDeque, ffi::OsString};

use crate::settings::{
    applications::{Application, Setting, settings},
    command::{COMMANDS, Command, CommandRow},
    mistake::nearest,
};

/// What the arguments say.
#[derive(Default)]
pub(super) struct Line {
    pub(super) command: Option<&'static CommandRow>,
    /// The flags in their order, without `--`, each with its text. That of a flag without value is empty.
    pub(super) flags: Vec<(String, String)>,
    /// What stands behind the command.
    pub(super) values: Vec<String>,
}

/// Why there is nothing to run.
pub(super) enum Stop {
    /// Help was asked for, of a command if one is named.
    Help {
        command: Option<&'static CommandRow>,
        is_long: bool,
    },
    Version,
    Refused(Refused),
}

/// What is wrong with the command line.
pub(super) struct Refused {
    pub(super) message: String,
    /// What to do about it.
    pub(super) tip: Option<String>,
    /// The command whose usage is told with it.
    pub(super) command: Option<&'static CommandRow>,
}

/// What stands behind a flag.
#[derive(Clone, Copy)]
enum Takes {
    Nothing,
    /// A value, which may be left out.
    Perhaps,
    Value(&'static str),
}

/// A flag that may stand where the line is read.
struct Flag {
    name: String,
    short: Option<char>,
    takes: Takes,
}

impl Flag {
    fn of_setting(setting: Setting<'_>) -> Self {
        let Setting { prefix, row, .. } = setting;
        let takes = if row.is_switch() { Takes::Perhaps } else { Takes::Value(row.value_name) };
        Self { name: setting.flag(), short: row.short.filter(|_| prefix.is_none()), takes }
    }
}

impl Line {
    /// Reads arguments, of which the first is the name of the program.
    pub(super) fn read(applications: &[Application], arguments: Vec<OsString>) -> Result<Self, Stop> {
        let texts: Result<Vec<String>, _> =
            arguments.into_iter().skip(1).map(OsString::into_string).collect();
        let texts = texts.map_err(|text| {
            let shown = text.to_string_lossy().into_owned();
            Stop::Refused(Refused {
                message: format!("the argument '{shown}' is not valid UTF-8"),
                tip: None,
                command: None,
            })
        })?;
        let flags = settings(applications).into_iter().map(Flag::of_setting).collect();
        Reader { flags, rest: texts.into(), line: Self::default() }.read()
    }

    /// Whether a flag without value is there.
    pub(super) fn has(&self, switch: &str) -> bool {
        self.flags.iter().any(|(name, _)| name == switch)
    }

    /// The texts of a flag, in their order.
    pub(super) fn texts(&self, flag: &str) -> Vec<String> {
        self.flags.iter().filter(|(name, _)| name == flag).map(|(_, text)| text.clone()).collect()
    }

    /// A mistake that was found in what this line says.
    pub(super) fn refused(&self, message: String, tip: Option<&str>) -> Stop {
        Stop::Refused(Refused { message, tip: tip.map(str::to_owned), command: self.command })
    }
}

struct Reader {
    /// Those of the settings.
    flags: Vec<Flag>,
    rest: VecDeque<String>,
    line: Line,
}

impl Reader {
    fn read(mut self) -> Result<Line, Stop> {
        let mut are_values = false;
        while let Some(argument) = self.rest.pop_front() {
            if are_values || !is_flag(&argument) {
                self.value(argument, are_values)?;
            } else if argument == "--" {
                are_values = true;
            } else if let Some(long) = argument.strip_prefix("--") {
                self.long(long)?;
            } else {
                self.shorts(&argument[1..])?;
            }
        }
        let needed =
            self.line.command.map_or(&[][..], |row| row.values).iter().filter(|value| value.required);
        let missing: Vec<_> =
            needed.skip(self.line.values.len()).map(|value| format!("\n  <{}>", value.name)).collect();
        if missing.is_empty() {
            return Ok(self.line);
        }
        let message = format!("the following required arguments were not provided:{}", missing.concat());
        Err(self.line.refused(message, None))
    }

    /// The command, or a value behind it.
    fn value(&mut self, text: String, is_value: bool) -> Result<(), Stop> {
        match self.line.command {
            Some(row) if self.line.values.len() < row.values.len() => {
                self.line.values.push(text);
                Ok(())
            }
            None if !is_value => match command(&text) {
                Some(row) => {
                    self.line.command = Some(row);
                    Ok(())
                }
                None if text == HELP => match self.rest.pop_front() {
                    None => Err(Stop::Help { command: None, is_long: true }),
                    Some(name) if name == HELP => Err(Stop::Help { command: None, is_long: true }),
                    Some(name) => match command(&name) {
                        Some(row) => Err(Stop::Help { command: Some(row), is_long: true }),
                        None => Err(self.unknown_command(&name)),
                    },
                },
                None => Err(self.unknown_command(&text)),
            },
            _ => Err(self.line.refused(format!("unexpected argument '{text}' found"), None)),
        }
    }

    fn unknown_command(&self, text: &str) -> Stop {
        let near = nearest(text, COMMANDS.iter().map(|row| row.name).chain([HELP]));
        let tip = near.map(|near| format!("a similar subcommand exists: '{near}'"));
        self.line.refused(format!("unrecognized subcommand '{text}'"), tip.as_deref())
    }

    /// A flag that began with `--`.
    fn long(&mut self, text: &str) -> Result<(), Stop> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let wanted = match name {
            HELP if value.is_none() => {
                return Err(Stop::Help { command: self.line.command, is_long: true });
            }
            "version" if value.is_none() => return Err(Stop::Version),
            _ if self.switches().any(|switch| switch == name) => Some(Takes::Nothing),
            _ => self.flags.iter().find(|flag| flag.name == name).map(|flag| flag.takes),
        };
        match wanted {
            Some(takes) => self.flag(name.to_owned(), takes, value.map(str::to_owned)),
            None => Err(self.unknown_flag(name)),
        }
    }

    /// One or more flags of one letter each, behind their `-`.
    fn shorts(&mut self, text: &str) -> Result<(), Stop> {
        for (at, letter) in text.char_indices() {
            let rest = &text[at + letter.len_utf8()..];
            match letter {
                'h' => return Err(Stop::Help { command: self.line.command, is_long: false }),
                'V' => return Err(Stop::Version),
                _ => {}
            }
            let Some(flag) = self.flags.iter().find(|flag| flag.short == Some(letter)) else {
                return Err(self.line.refused(format!("unexpected argument '-{letter}' found"), None));
            };
            let (name, takes) = (flag.name.clone(), flag.takes);
            if matches!(takes, Takes::Nothing) {
                self.flag(name, takes, None)?;
                continue;
            }
            let value = (!rest.is_empty()).then(|| rest.strip_prefix('=').unwrap_or(rest).to_owned());
            return self.flag(name, takes, value);
        }
        Ok(())
    }

    /// A flag that there is, with what was joined to it.
    fn flag(&mut self, name: String, takes: Takes, joined: Option<String>) -> Result<(), Stop> {
        let text = match (takes, joined) {
            (Takes::Nothing, Some(value)) => {
                let message =
                    format!("unexpected value '{value}' for '--{name}' found; no more were expected");
                return Err(self.line.refused(message, None));
            }
            (Takes::Nothing, None) if self.line.has(&name) => return Err(self.twice(&format!("--{name}"))),
            (Takes::Nothing, None) => String::new(),
            (_, Some(value)) => value,
            (Takes::Perhaps, None) => {
                // The command of `--reload serve` is no value, since no value is the name of a command.
                let is_command = self.line.command.is_none()
                    && self.rest.front().is_some_and(|next| command(next).is_some());
                let next = if is_command { None } else { self.separate() };
                next.unwrap_or_else(|| String::from("true"))
            }
            (Takes::Value(value), None) => self.separate().ok_or_else(|| {
                let message = format!("a value is required for '--{name} <{value}>' but none was supplied");
                self.line.refused(message, None)
            })?,
        };
        self.line.flags.push((name, text));
        Ok(())
    }

    /// The value of a flag that stands in an argument of its own.
    fn separate(&mut self) -> Option<String> {
        if self.rest.front().is_some_and(|next| is_flag(next)) { None } else { self.rest.pop_front() }
    }

    fn twice(&self, flag: &str) -> Stop {
        self.line.refused(used_twice(flag), None)
    }

    /// The flags without value that may stand here.
    fn switches(&self) -> impl Iterator<Item = &'static str> {
        switches(self.line.command).map(|(name, _)| name)
    }

    fn unknown_flag(&self, name: &str) -> Stop {
        let elsewhere = COMMANDS.iter().find(|row| row.switch.is_some_and(|(switch, _)| switch == name));
        let mut known = vec![HELP, "version"];
        known.extend(self.switches());
        let known =
            self.flags.iter().map(|flag| flag.name.as_str()).chain(known.iter().map(|name| -> &str { name }));
        let tip = match elsewhere {
            Some(row) => Some(format!("'{} --{name}' exists", row.name)),
            None => nearest(name, known).map(|near| format!("a similar argument exists: '--{near}'")),
        };
        self.line.refused(format!("unexpected argument '--{name}' found"), tip.as_deref())
    }
}

/// What is said of a flag that may be there only once.
pub(super) fn used_twice(flag: &str) -> String {
    format!("the argument '{flag}' cannot be used multiple times")
}

/// The flags without value that may stand before a command, or behind this one, with their help.
pub(super) fn switches(
    command: Option<&'static CommandRow>,
) -> impl Iterator<Item = (&'static str, &'static str)> {
    let stand_for_commands = command.is_none_or(|row| row.name == DEFAULT_COMMAND);
    let switches = SWITCHES.iter().filter(move |_| stand_for_commands).map(|(name, help, _)| (*name, *help));
    switches.chain(command.and_then(|row| row.switch))
}

fn command(name: &str) -> Option<&'static CommandRow> {
    COMMANDS.iter().find(|row| row.name == name)
}

/// `-1` is a value, so that `--workers -1` is told that it is no number of workers, not that there is no flag -1.
fn is_flag(argument: &str) -> bool {
    let behind = argument.strip_prefix('-').unwrap_or_default();
    behind.starts_with(|first: char| !first.is_ascii_digit())
}

/// Flags that stand for a command: name, help, command.
pub(super) const SWITCHES: &[(&str, &str, Command)] = &[
    ("check-config", "Only check the settings", Command::CheckConfig),
    ("print-config", "Only print the settings and where each comes from", Command::Config),
];

pub(super) const DEFAULT_COMMAND: &str = "serve";

const HELP: &str = "help";
