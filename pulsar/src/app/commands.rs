//! The commands that print: `routes` and `check`.

use std::{
    fmt,
    io::{self, Write},
};

use serde_json::json;

use super::{
    plan::{Plan, Planned},
    verdict::Verdict,
};
use crate::{arbiter::say, registry::Requirement};

/// Prints to standard output. Somebody who closes it, as `head` does, has seen enough.
pub(super) fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Tells a person on standard error, where nobody may be listening either: `eprintln!` would panic then.
pub(super) fn complain(line: impl fmt::Display) {
    say(line);
}

/// Tells each of these lines, as an error or a warning.
pub(super) fn complain_of(kind: &str, lines: &[String]) {
    for line in lines {
        complain(format_args!("{kind}: {line}"));
    }
}

/// Prints the table of routes of every application. The exit code is 1 if the routes are wrong.
pub(super) fn routes(plan: &Plan, as_json: bool) -> u8 {
    if as_json {
        let lines: Vec<_> = plan.applications.iter().flat_map(json_lines).collect();
        print(&format!("{:#}\n", json!(lines)));
    } else {
        print(&table(plan, true));
    }
    for problem in plan.problems() {
        complain(format_args!("error: {problem}"));
    }
    u8::from(plan.problems().next().is_some())
}

/// Prints everything that was found. The exit code is 1 if any of it is more than a hint.
pub(super) fn check(verdict: &Verdict, as_json: bool) -> u8 {
    if as_json {
        print(&format!("{:#}\n", verdict.to_json()));
    } else {
        let report = verdict.to_string();
        if !report.is_empty() {
            complain(report);
        }
        if !verdict.has_failed() {
            print(&format!("{}\n", verdict.all_is_well()));
        }
    }
    u8::from(verdict.has_failed())
}

fn json_lines(planned: &Planned) -> impl Iterator<Item = serde_json::Value> {
    planned.routes.iter().map(|(line, listed)| {
        json!({
            "app": planned.app.name,
            "methods": line.methods,
            "rule": line.rule,
            "name": line.name,
            "handler": line.function,
            "place": line.place,
            "only_in_tests": line.only_in_tests,
            "doc": listed.map(|listed| listed.doc_comment()).unwrap_or_default(),
            "pool": listed.is_some_and(|listed| listed.is_blocking()),
            "state": listed.map(|listed| listed.requirements()).unwrap_or_default().iter().map(Requirement::short_name).collect::<Vec<_>>(),
        })
    })
}

/// The table of routes of every application, each with its place or not.
pub(super) fn table(plan: &Plan, with_places: bool) -> String {
    let mut text = String::new();
    for planned in &plan.applications {
        if plan.applications.len() > 1 {
            text.push_str(&format!("{}{}:\n", if text.is_empty() { "" } else { "\n" }, planned.app.name));
        }
        let rows: Vec<[String; 4]> = planned
            .routes
            .iter()
            .map(|(line, _)| {
                let handler = line.function.clone().unwrap_or_else(|| "(closure)".to_owned());
                let mark = if line.only_in_tests { "  (only in tests)" } else { "" };
                [line.methods.join(","), line.rule.clone(), handler, format!("{}{mark}", line.place)]
            })
            .collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let (methods, rules, handlers) = (width(0), width(1), width(2));
        for [method, rule, handler, place] in &rows {
            let place = if with_places { place } else { "" };
            let line = format!("{method:methods$}  {rule:rules$}  {handler:handlers$}  {place}");
            text.extend([line.trim_end(), "\n"]);
        }
    }
    text
}
