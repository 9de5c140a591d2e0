//! What can be wrong with settings that are right one by one.
//!
//! It is handed the settings that count and changes none. The rule it keeps: a mistake is told in the place of the value that
//! is easier to change, with a way out.

use std::{fmt, time::Duration};

use crate::settings::{
    applications::Setting,
    bind::Bind,
    mistake::Mistake,
    resolve::{ApplicationSettings, Resolved},
    rows::row,
};

/// Everything that does not fit together.
pub(super) fn check(resolved: &Resolved) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    shared_addresses(resolved, &mut mistakes);
    workers(resolved, &mut mistakes);
    for (at, app) in resolved.applications().iter().enumerate() {
        let settings = &app.settings;
        if settings.max_requests == 0 && settings.max_requests_jitter > 0 {
            mistakes.push(jitter(resolved, at, MAX_REQUESTS, MAX_REQUESTS_JITTER));
        }
        if settings.max_lifetime == Duration::ZERO && settings.max_lifetime_jitter > Duration::ZERO {
            mistakes.push(jitter(resolved, at, MAX_LIFETIME, MAX_LIFETIME_JITTER));
        }
    }
    mistakes
}

/// Two applications on one address: the second would fail to bind it, or worse, share it.
fn shared_addresses(resolved: &Resolved, mistakes: &mut Vec<Mistake>) {
    for (at, app) in resolved.applications().iter().enumerate() {
        let taken = |address: &&Bind| !address.is_repeatable() && app.settings.bind.contains(address);
        for other in &resolved.applications()[..at] {
            for address in other.settings.bind.iter().filter(taken) {
                let message = format!("`{}` and `{}` both listen on {address}", other.name, app.name);
                mistakes.push(Mistake::new(place(app, BIND), message).with_help(format!(
                    "give one of them another address, such as {} :8061",
                    flag(resolved, at, BIND)
                )));
            }
        }
    }
}

/// Without an arbiter all applications are served in one process, and with one each has workers.
fn workers(resolved: &Resolved, mistakes: &mut Vec<Mistake>) {
    let first = resolved.first();
    if first.settings.workers == 0 {
        return;
    }
    for (at, app) in resolved.applications().iter().enumerate() {
        if app.settings.workers == 0 {
            let message = format!("`{}` has no workers, but `{}` has", app.name, first.name);
            mistakes.push(Mistake::new(place(app, WORKERS), message).with_help(format!(
                "{} 1 gives it one; --workers 0 serves all applications in one process",
                flag(resolved, at, WORKERS)
            )));
        }
    }
}

/// What is added at random to nothing.
fn jitter(resolved: &Resolved, at: usize, of: &str, jitter: &str) -> Mistake {
    let app = &resolved.applications()[at];
    Mistake::new(place(app, jitter), format!("`{jitter}` of `{}` has no `{of}` to be added to", app.name))
        .with_help(format!("set {} too, or leave the other out", flag(resolved, at, of)))
}

/// Where the value of this setting comes from.
fn place(app: &ApplicationSettings, setting: &str) -> impl fmt::Display + use<> {
    app.origin(setting).expect("the names below are those of rows").place()
}

/// The flag of this setting, as the application at `at` has it.
fn flag(resolved: &Resolved, at: usize, setting: &str) -> String {
    let row = row(setting).expect("the names below are those of rows");
    let prefix = (at > 0).then(|| resolved.applications()[at].name.as_str());
    format!("--{}", Setting { application: at, prefix, row }.flag())
}

const BIND: &str = "bind";
const WORKERS: &str = "workers";
const MAX_REQUESTS: &str = "max_requests";
const MAX_REQUESTS_JITTER: &str = "max_requests_jitter";
const MAX_LIFETIME: &str = "max_lifetime";
const MAX_LIFETIME_JITTER: &str = "max_lifetime_jitter";
