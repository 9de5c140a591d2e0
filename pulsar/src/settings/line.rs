//! The command line as it was typed: which command, which flags with which texts, which values behind the command.
//!
//! `lexopt` takes arguments apart; here is known which flags there are, and the others are refused. Values stay text, so that
//! those of all sources are read by the same code and their mistakes told together. The rules it keeps: what starts with `-` is a flag,
//! unless a digit follows or `--` stood before it; a flag of a setting may stand before the command and after it.

use std::ffi::{OsStr, OsString};

use lexopt::{Arg, Parser};

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

/// What stands behind a flag of a setting.
#[derive(Clone, Copy)]
enum Takes {
    /// A value, which may be left out.
    Perhaps,
    Value(&'static str),
}

/// A flag of a setting.
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
        let flags = settings(applications).into_iter().map(Flag::of_setting).collect();
        Reader { flags, arguments: Parser::from_iter(arguments), typed: String::new(), line: Self::default() }
            .read()
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
    arguments: Parser,
    /// The argument that the flag stands in, as it was typed.
    typed: String,
    line: Line,
}

impl Reader {
    fn read(mut self) -> Result<Line, Stop> {
        loop {
            if let Some(text) = self.take(is_value)? {
                self.value(text, false)?;
                continue;
            }
            self.typed = self.following();
            match self.arguments.next().map_err(|error| refused_value(&self.line, error))? {
                Some(Arg::Long(name)) => {
                    let name = name.to_owned();
                    self.long(&name)?;
                }
                Some(Arg::Short(letter)) => self.short(letter)?,
                // What is no flag is taken above, until `--` stands before it.
                Some(Arg::Value(text)) => {
                    let text = self.text(text)?;
                    self.value(text, true)?;
                }
                None => break,
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

    /// The next argument, if it is wanted and not joined to the flag before.
    fn take(&mut self, is_wanted: impl FnOnce(&OsStr) -> bool) -> Result<Option<String>, Stop> {
        let argument = self.arguments.try_raw_args().and_then(|mut rest| rest.next_if(is_wanted));
        argument.map(|argument| self.text(argument)).transpose()
    }

    /// The next argument as it was typed, or nothing in the middle of one.
    fn following(&mut self) -> String {
        let next = self.arguments.try_raw_args().and_then(|rest| rest.peek().map(OsStr::to_os_string));
        next.unwrap_or_default().to_string_lossy().into_owned()
    }

    fn text(&self, argument: OsString) -> Result<String, Stop> {
        argument.into_string().map_err(|argument| self.no_text(&argument.to_string_lossy()))
    }

    fn no_text(&self, argument: &str) -> Stop {
        let tip = "\u{fffd} stands for invalid UTF-8; a file or folder of such a name has to be renamed";
        self.line.refused(format!("the argument '{argument}' is not valid UTF-8"), Some(tip))
    }

    /// The command, or a value behind it.
    fn value(&mut self, text: String, is_no_command: bool) -> Result<(), Stop> {
        match self.line.command {
            Some(row) if self.line.values.len() < row.values.len() => {
                self.line.values.push(text);
                Ok(())
            }
            _ if text.is_empty() => {
                let tip = "leave it out, or give the variable that it comes from a value";
                Err(self.line.refused("an argument is empty".into(), Some(tip)))
            }
            None if !is_no_command => match command(&text) {
                Some(row) => {
                    self.line.command = Some(row);
                    Ok(())
                }
                // Who asks for help is given it, whatever else stands there.
                None if text == HELP => match self.take(is_value)?.as_deref() {
                    None | Some(HELP) => Err(Stop::Help { command: None, is_long: true }),
                    Some(name) => match command(name) {
                        Some(row) => Err(Stop::Help { command: Some(row), is_long: true }),
                        None => Err(self.unknown_command(name)),
                    },
                },
                None => Err(self.unknown_command(&text)),
            },
            _ => Err(self.line.refused(format!("unexpected argument '{text}' found"), None)),
        }
    }

    fn unknown_command(&self, text: &str) -> Stop {
        let known = || COMMANDS.iter().map(|row| row.name).chain([HELP]);
        let tip = match nearest(text, known()) {
            Some(near) => format!("a similar subcommand exists: '{near}'"),
            None => format!("known here: {}", known().collect::<Vec<_>>().join(", ")),
        };
        self.line.refused(format!("unrecognized subcommand '{text}'"), Some(&tip))
    }

    /// A flag that began with `--`.
    fn long(&mut self, name: &str) -> Result<(), Stop> {
        let stop = match name {
            HELP => Some(Stop::Help { command: self.line.command, is_long: true }),
            VERSION => Some(Stop::Version),
            _ => None,
        };
        if let Some(stop) = stop {
            // Fails if a value is joined to it.
            self.arguments.raw_args().map_err(|error| refused_value(&self.line, error))?;
            return Err(stop);
        }
        if switches(self.line.command).any(|(switch, _)| switch == name) {
            if self.line.has(name) {
                return Err(self.line.refused(used_twice(&format!("--{name}")), None));
            }
            self.line.flags.push((name.to_owned(), String::new()));
            return Ok(());
        }
        match self.flags.iter().position(|flag| flag.name == name) {
            Some(at) => self.flag(at),
            None if name.is_empty() => {
                let message = format!("unexpected argument '{}' found", self.typed);
                Err(self.line.refused(message, Some("write the name of a flag behind '--'")))
            }
            None => Err(self.unknown_flag(name)),
        }
    }

    /// A flag of one letter. All that is joined to it is its value, since those without value stop.
    fn short(&mut self, letter: char) -> Result<(), Stop> {
        match letter {
            'h' => return Err(Stop::Help { command: self.line.command, is_long: false }),
            'V' => return Err(Stop::Version),
            _ => {}
        }
        let at = self.flags.iter().position(|flag| flag.short == Some(letter));
        // `-threads 2` would be the flag -t with the value `hreads`.
        let name = self.typed.trim_start_matches('-').split('=').next().unwrap_or_default();
        let near = self.nearest_flag(name).filter(|near| name.len() > 1 && (at.is_none() || *near == name));
        match (at, near) {
            (Some(at), None) => self.flag(at),
            (None, None) => Err(self.line.refused(format!("unexpected argument '-{letter}' found"), None)),
            (_, Some(near)) => {
                let tip = format!("a similar argument exists: '--{near}'");
                Err(self.line.refused(format!("unexpected argument '-{name}' found"), Some(&tip)))
            }
        }
    }

    /// A flag of a setting.
    fn flag(&mut self, at: usize) -> Result<(), Stop> {
        let Flag { name, takes, .. } = &self.flags[at];
        let (name, takes) = (name.clone(), *takes);
        let text = match (self.arguments.optional_value(), takes) {
            (Some(value), _) => value.into_string().map_err(|_| self.no_text(&self.typed))?,
            (None, Takes::Perhaps) => {
                // The command of `--reload serve` is no value, since no value is the name of a command.
                let may_be_command = self.line.command.is_none();
                let next = self.take(|next| is_value(next) && !(may_be_command && is_command(next)))?;
                next.unwrap_or_else(|| String::from("true"))
            }
            (None, Takes::Value(value)) => {
                self.take(is_value)?.ok_or_else(|| self.without_value(&name, value))?
            }
        };
        self.line.flags.push((name, text));
        Ok(())
    }

    fn without_value(&mut self, name: &str, value: &str) -> Stop {
        let message = format!("a value is required for '--{name} <{value}>' but none was supplied");
        let next = self.following();
        let tip = format!("if '{next}' is the value, write '--{name}={next}'");
        self.line.refused(message, (!next.is_empty()).then_some(&tip))
    }

    fn nearest_flag(&self, name: &str) -> Option<&str> {
        let switches = switches(self.line.command).map(|(name, _)| name);
        nearest(name, self.flags.iter().map(|flag| &*flag.name).chain([HELP, VERSION]).chain(switches))
    }

    fn unknown_flag(&self, name: &str) -> Stop {
        let elsewhere = COMMANDS.iter().find(|row| row.switch.is_some_and(|(switch, _)| switch == name));
        let tip = match elsewhere {
            Some(row) => Some(format!("'{} --{name}' exists", row.name)),
            None => self.nearest_flag(name).map(|near| format!("a similar argument exists: '--{near}'")),
        };
        self.line.refused(format!("unexpected argument '--{name}' found"), tip.as_deref())
    }
}

/// What is said of a flag that takes no value and has one.
fn refused_value(line: &Line, error: lexopt::Error) -> Stop {
    let message = match error {
        lexopt::Error::UnexpectedValue { option, value } => {
            format!("unexpected value '{}' for '{option}' found; no more were expected", value.display())
        }
        // Those of values that lexopt is asked to parse, which nobody does.
        other => other.to_string(),
    };
    line.refused(message, None)
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

fn is_command(argument: &OsStr) -> bool {
    argument == HELP || argument.to_str().is_some_and(|name| command(name).is_some())
}

/// `-1` is a value, so that `--workers -1` is told that it is no number of workers, not that there is no flag -1.
fn is_value(argument: &OsStr) -> bool {
    !matches!(argument.as_encoded_bytes(), [b'-', next, ..] if !next.is_ascii_digit())
}

/// Flags that stand for a command: name, help, command.
pub(super) const SWITCHES: &[(&str, &str, Command)] = &[
    ("check-config", "Only check the settings", Command::CheckConfig),
    ("print-config", "Only print the settings and where each comes from", Command::Config),
];

pub(super) const DEFAULT_COMMAND: &str = "serve";

const HELP: &str = "help";

const VERSION: &str = "version";
