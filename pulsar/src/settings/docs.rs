//! The page `docs/settings.md`, written from the rows.
//!
//! It exists for the test that holds the page against the table; `UPDATE_DOCS=1 cargo test -p pulsar settings` writes the
//! page anew. The rule it keeps: what the page says of a setting stands in its row and nowhere else.

use std::{env, fmt::Write as _, fs, path::Path};

use crate::settings::{
    applications::Setting,
    command::COMMANDS,
    row::{Row, Scope},
    rows::ROWS,
};

#[test]
fn the_page_is_in_step_with_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/settings.md");
    if env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1") {
        fs::write(&path, page()).expect("the page can be written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == page(),
        "docs/settings.md is out of step with the table of settings; write it anew with\n\n    \
         UPDATE_DOCS=1 cargo test -p pulsar settings\n"
    );
}

fn page() -> String {
    let mut page = String::from(HEAD);
    page.push_str("\n## Commands\n\n| command | what it does |\n|---|---|\n");
    for row in COMMANDS {
        let switch = row.switch.map(|(name, _)| format!(" [--{name}]")).unwrap_or_default();
        let values: String = row
            .values
            .iter()
            .map(
                |value| {
                    if value.required { format!(" {}", value.name) } else { format!(" [{}]", value.name) }
                },
            )
            .collect();
        // A bar would end the cell.
        let form = format!("{}{values}{switch}", row.name).replace('|', "\\|");
        line(&mut page, format_args!("| `{form}` | {} |", row.help));
    }
    page.push_str(COMMANDS_TO_AN_INSTANCE);
    page.push_str("\n## All settings\n\n| setting | default | what it is |\n|---|---|---|\n");
    for row in ROWS.iter() {
        line(
            &mut page,
            format_args!("| [`{}`](#{}) | `{}` | {} |", row.name, row.name, row.default, row.help),
        );
    }
    let mut section = "";
    for row in ROWS.iter() {
        if row.section != section {
            section = row.section;
            line(&mut page, format_args!("\n## {section}"));
        }
        one(&mut page, row);
    }
    page
}

fn one(page: &mut String, row: &'static Row) {
    let setting = Setting { application: 0, prefix: None, row };
    let (flag, variable) = (setting.flag(), setting.variable());
    let short = row.short.map(|short| format!("`-{short}`, ")).unwrap_or_default();
    let repeatable = if row.repeatable() { ", repeatable" } else { "" };
    let types = row.types.iter().map(|wanted| wanted.name()).collect::<Vec<_>>().join(" or ");
    let array = if row.repeatable() { ", or an array of them" } else { "" };
    line(page, format_args!("\n### {}\n\n{}. {}\n", row.name, row.help, row.details));
    let value = if row.is_switch() { format!("[{}]", row.value_name) } else { row.value_name.to_owned() };
    line(page, format_args!("* flag: {short}`--{flag} {value}`{repeatable}"));
    line(page, format_args!("* variable: `{variable}`"));
    match row.types {
        [] => line(page, format_args!("* file: cannot stand there")),
        _ => line(page, format_args!("* file: `{}`, {types}{array}", row.name)),
    }
    line(page, format_args!("* default: `{}`", row.default));
    match row.scope {
        Scope::Program => line(page, format_args!("* belongs to the whole program")),
        Scope::Application => line(page, format_args!("* belongs to an application: `--NAME-{flag}`")),
    }
}

fn line(page: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(page, "{line}").expect("a string can be written to");
}

const COMMANDS_TO_AN_INSTANCE: &str = "
Those from `info` on are commands to a running instance of the program, found by the setting `control_socket`. They are refused
for a mistake on the command line alone; of the settings file and the environment they take what can be read.
";

const HEAD: &str = "\
<!-- Written from the table of settings by: UPDATE_DOCS=1 cargo test -p pulsar settings -->

# Settings

Every program built with pulsar takes these settings. A value comes from, lowest first:

1. the default,
2. the program's own code: an attribute or a builder,
3. the settings file, `pulsar.toml` in the working directory or the one that `--config` names,
4. the environment: `PULSAR_` and the name in capitals, such as `PULSAR_KEEP_ALIVE=5`,
5. the command line: `--` and the name with dashes, such as `--keep-alive 5`, before or after the command.

The highest source that has a setting gives all of its value: addresses on the command line replace those of the file, they
are not added to them. `--print-config` shows each value and where it comes from; `--check-config` only looks for mistakes.
Unknown names and wrong values of all sources are reported together, an unknown flag or command before all others, and the
program ends with exit code 2. A variable that starts with `PULSAR_` and is like none of these is reported, and ignored.

## The file

    bind = [\":8060\", \"unix:/run/shop.sock\"]
    threads = 2
    max_body = \"1MiB\"

    [apps.admin]
    bind = \"127.0.0.1:8061\"

## Several applications

In a program with several applications a setting without a name belongs to the first of them or, if it is one of the whole
program, to all. The others take their own with their name in front: `--admin-bind :9000`, `PULSAR_ADMIN_BIND=:9000`, or the
table `[apps.admin]` of the file. What is set for the first application does not reach the others. The first may be named
as well, but not be set in both ways in one source.
";
