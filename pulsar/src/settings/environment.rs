//! The environment as a source: `PULSAR_` and the name of a setting in capitals.
//!
//! It reads the variables it is handed and never the process's own. The rule it keeps: a variable that starts like ours and
//! is none of ours is a mistake, since a misspelt one would otherwise be silently without effect.

use std::ffi::OsString;

use crate::settings::{
    applications::{Application, Setting, VARIABLES, normal, settings},
    given::{Given, Origin},
    mistake::{Mistake, nearest},
    rows::{Scope, row},
};

/// What `variables` set, in the order of their names.
pub(super) fn read(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    applications: &[Application],
) -> (Vec<Given>, Vec<Mistake>) {
    let known: Vec<(String, Setting<'_>)> =
        settings(applications).into_iter().map(|setting| (setting.variable(), setting)).collect();
    let (mut given, mut mistakes) = (Vec::new(), Vec::new());
    let mut variables: Vec<(String, OsString)> = variables
        .into_iter()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, _)| name.starts_with(VARIABLES))
        .collect();
    variables.sort();
    for (name, value) in variables {
        let origin = Origin::Environment(name.clone());
        let Some((_, setting)) = known.iter().find(|(variable, _)| *variable == name) else {
            mistakes.push(unknown(&origin, &name, &known, applications));
            continue;
        };
        let Ok(value) = value.into_string() else {
            mistakes.push(Mistake::new(origin.place(), "the value is not valid UTF-8"));
            continue;
        };
        if value.is_empty() {
            let mistake = Mistake::new(origin.place(), "the variable is empty");
            mistakes.push(mistake.with_help("give it a value, or unset it"));
            continue;
        }
        let values: Vec<String> = if setting.row.repeatable() {
            value.split(',').map(|part| part.trim().into()).collect()
        } else {
            vec![value]
        };
        given.push(Given::at(setting.application, setting.row, origin, values));
    }
    (given, mistakes)
}

fn unknown(
    origin: &Origin,
    name: &str,
    known: &[(String, Setting<'_>)],
    applications: &[Application],
) -> Mistake {
    let rest = name[VARIABLES.len()..].to_ascii_lowercase();
    let of_program = applications
        .iter()
        .filter_map(|app| row(rest.strip_prefix(&normal(app.name()))?.strip_prefix('_')?))
        .find(|row| row.scope == Scope::Program);
    if let Some(row) = of_program {
        return Mistake::new(origin.place(), format!("`{}` is a setting of the whole program", row.name))
            .with_help(format!("write `{VARIABLES}{}`", row.name.to_ascii_uppercase()));
    }
    // Compared without what all of them start with, which would make any two alike.
    let near = nearest(&rest, known.iter().map(|(variable, _)| &variable[VARIABLES.len()..]));
    Mistake::new(origin.place(), format!("unknown variable `{name}`")).with_help(match near {
        Some(near) => format!("did you mean `{VARIABLES}{near}`?"),
        None => format!("--help names all variables that start with {VARIABLES}"),
    })
}
