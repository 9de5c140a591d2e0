//! The help of the command line, made from the rows.
//!
//! It only writes. The rule it keeps: `-h` has a line for each flag, `--help` all that is known of it, and both have the same flags
//! under the same headings.

use std::fmt::Write as _;

use crate::settings::{
    applications::{Application, Setting, settings},
    command::{COMMANDS, CommandRow},
    line::switches,
    row::{Row, Scope},
    rows::ROWS,
};

/// The help of a program, or of one of its commands.
pub(super) fn help(
    program: &str,
    applications: &[Application],
    command: Option<&'static CommandRow>,
    is_long: bool,
) -> String {
    let mut text = String::new();
    if let Some(row) = command {
        text = format!("{}\n\n", row.help);
    }
    text += &format!("Usage: {}\n\n", usage(program, command));
    match command {
        None => {
            let help = ("help", "Print this message or the help of the given subcommand(s)");
            let lines = COMMANDS.iter().map(|row| (row.name, row.help)).chain([help]);
            write_group(
                &mut text,
                "Commands",
                lines.map(|(name, help)| Entry::new(name, help)).collect(),
                false,
            );
        }
        Some(row) => {
            let values = row
                .values
                .iter()
                .map(|value| Entry::new(placeholder(value.name, value.required), value.help));
            write_group(&mut text, "Arguments", values.collect(), is_long);
        }
    }
    let more = if is_long { "a summary with '-h'" } else { "more with '--help'" };
    let mut options: Vec<_> =
        switches(command).map(|(name, help)| Entry::new(format!("    --{name}"), help)).collect();
    options.push(Entry::new("-h, --help", format!("Print help (see {more})")));
    options.push(Entry::new("-V, --version", "Print version"));
    write_group(&mut text, "Options", options, is_long);
    // Those with a name in front would hide the settings among their repetitions; the end of the help tells of them.
    let own: Vec<_> = settings(applications).into_iter().filter(|setting| setting.prefix.is_none()).collect();
    let mut sections: Vec<&str> = Vec::new();
    for section in own.iter().map(|setting| setting.row.section) {
        if !sections.contains(&section) {
            sections.push(section);
        }
    }
    for section in sections {
        let flags = own.iter().filter(|setting| setting.row.section == section);
        write_group(&mut text, section, flags.map(|setting| flag(*setting, is_long)).collect(), is_long);
    }
    text + &after(applications) + "\n"
}

/// How a program, or one of its commands, is called.
pub(super) fn usage(program: &str, command: Option<&CommandRow>) -> String {
    let Some(row) = command else { return format!("{program} [OPTIONS] [COMMAND]") };
    let mut text = format!("{program} {} [OPTIONS]", row.name);
    for value in row.values {
        let _ = write!(text, " {}", placeholder(value.name, value.required));
    }
    text
}

/// One thing that the help explains.
struct Entry {
    name: String,
    help: String,
}

impl Entry {
    fn new(name: impl Into<String>, help: impl Into<String>) -> Self {
        Self { name: name.into(), help: help.into() }
    }
}

fn placeholder(name: &str, is_required: bool) -> String {
    if is_required { format!("<{name}>") } else { format!("[{name}]") }
}

fn flag(setting: Setting<'_>, is_long: bool) -> Entry {
    let Row { help, default, value_name, .. } = setting.row;
    let short = setting.row.short.map_or_else(|| String::from("    "), |short| format!("-{short}, "));
    let value = if setting.row.is_switch() { format!("[<{value_name}>]") } else { format!("<{value_name}>") };
    let help = if is_long { long_help(setting) } else { format!("{help} [default: {default}]") };
    Entry::new(format!("{short}--{} {value}", setting.flag()), help)
}

fn long_help(setting: Setting<'_>) -> String {
    let Row { help, details, default, name, types, .. } = setting.row;
    let mut end = format!("[default: {default}] [variable: {}]", setting.variable());
    if !types.is_empty() {
        end = format!("{end} [file: {name}]");
    }
    format!("{help}\n\n{}\n\n{end}", wrapped(details))
}

/// A heading and what belongs below it, each help beside its name, or below it if it is long or there is no room.
fn write_group(text: &mut String, heading: &str, entries: Vec<Entry>, is_long: bool) {
    if entries.is_empty() {
        return;
    }
    let width = |text: &str| text.chars().count();
    let widest = entries.iter().map(|entry| width(&entry.name)).max().unwrap_or(0);
    let is_below = is_long || entries.iter().any(|entry| 2 + widest + 2 + width(&entry.help) > LONGEST);
    let _ = writeln!(text, "{heading}:");
    for Entry { name, help } in entries {
        if is_below {
            let _ = writeln!(text, "  {name}");
            for line in help.lines() {
                text.push_str(if line.is_empty() { "" } else { INDENT });
                text.push_str(line);
                text.push('\n');
            }
        } else {
            let _ = writeln!(text, "  {name:widest$}  {help}");
        }
        if is_long {
            text.push('\n');
        }
    }
    if !is_long {
        text.push('\n');
    }
}

/// What stands below all flags.
fn after(applications: &[Application]) -> String {
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
            "Applications: {}. Each takes settings of its own with its name in front, such as --{} {}: {}. Without \
             a name they belong to {}.",
            names.join(", "),
            last.flag(),
            last.row.value_name,
            rows.join(", "),
            first.name(),
        )));
    }
    text
}

/// Broken into lines.
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

/// Characters in a line of text that is wrapped, without what indents it.
const WIDTH: usize = 88;

/// Characters in a line of `-h`.
const LONGEST: usize = 116;

/// What stands before a help below its name.
const INDENT: &str = "          ";
