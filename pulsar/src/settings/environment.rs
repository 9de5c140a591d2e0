//! The environment as a source: `PULSAR_` and the name of a setting in capitals.
//!
//! It reads the variables it is handed and never the process's own. The rule it keeps: a misspelt variable is a mistake, since it
//! would otherwise be silently without effect. One that is like none of ours is only reported: others use the prefix too, such
//! as Kubernetes for the address of a service of that name (`PULSAR_SERVICE_HOST`).

use std::ffi::OsString;

use crate::settings::{
    applications::{Application, Setting, VARIABLES, normal, settings},
    given::{Given, Origin},
    mistake::{Mistake, nearest},
    row::Scope,
    rows::row,
};

/// What an environment says.
#[derive(Default)]
pub(super) struct Environment {
    /// What its variables set, in the order of their names.
    pub(super) given: Vec<Given>,
    pub(super) mistakes: Vec<Mistake>,
    /// The variables that start like ours and are like none of ours.
    pub(super) ignored: Vec<String>,
}

pub(super) fn read(variables: Vec<(OsString, OsString)>, applications: &[Application]) -> Environment {
    let known: Vec<(String, Setting<'_>)> =
        settings(applications).into_iter().map(|setting| (setting.variable(), setting)).collect();
    let Environment { mut given, mut mistakes, mut ignored } = Environment::default();
    let mut sorted: Vec<(String, OsString)> = Vec::new();
    for (name, value) in variables {
        if let Ok(name) = name.into_string()
            && name.starts_with(VARIABLES)
        {
            let place = sorted.partition_point(|(other, _)| *other <= name);
            sorted.insert(place, (name, value));
        }
    }
    for (name, value) in sorted {
        let origin = Origin::Environment(name.clone());
        let Some((_, setting)) = known.iter().find(|(variable, _)| *variable == name) else {
            match misspelt(&origin, &name, &known, applications) {
                Some(mistake) => mistakes.push(mistake),
                None => ignored.push(name),
            }
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
    Environment { given, mistakes, ignored }
}

/// What is wrong with a variable that is none of ours but meant to be.
fn misspelt(
    origin: &Origin,
    name: &str,
    known: &[(String, Setting<'_>)],
    applications: &[Application],
) -> Option<Mistake> {
    let rest = name[VARIABLES.len()..].to_ascii_lowercase();
    let of_program = applications
        .iter()
        .filter_map(|app| row(rest.strip_prefix(&normal(app.name()))?.strip_prefix('_')?))
        .find(|row| row.scope == Scope::Program);
    if let Some(row) = of_program {
        let mistake =
            Mistake::new(origin.place(), format!("`{}` is a setting of the whole program", row.name));
        return Some(mistake.with_help(format!("write `{VARIABLES}{}`", row.name.to_ascii_uppercase())));
    }
    // Compared without what all of them start with, which would make any two alike.
    let near = nearest(&rest, known.iter().map(|(variable, _)| &variable[VARIABLES.len()..]))?;
    let mistake = Mistake::new(origin.place(), format!("unknown variable `{name}`"));
    Some(mistake.with_help(format!("did you mean `{VARIABLES}{near}`?")))
}
