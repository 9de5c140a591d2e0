//! What can be wrong with settings that are right one by one.
//!
//! It is handed the settings that count and changes none. The rule it keeps: a mistake is told in the place of the value that
//! is easier to change, with a way out.

use std::{fmt, time::Duration};

use crate::settings::{
    applications::Setting,
    bind::Bind,
    mistake::Mistake,
    processes::Concurrency,
    resolve::{ApplicationSettings, Resolved},
    rows::row,
    tls::ClientVerify,
    typed::Settings,
};

/// Everything that does not fit together.
pub(super) fn check(resolved: &Resolved) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    shared_addresses(resolved, &mut mistakes);
    workers(resolved, &mut mistakes);
    mistakes.extend(reload(resolved));
    for (at, app) in resolved.applications().iter().enumerate() {
        let settings = &app.settings;
        if settings.max_requests == 0 && settings.max_requests_jitter > 0 {
            mistakes.push(jitter(resolved, at, MAX_REQUESTS, MAX_REQUESTS_JITTER));
        }
        if settings.max_lifetime == Duration::ZERO && settings.max_lifetime_jitter > Duration::ZERO {
            mistakes.push(jitter(resolved, at, MAX_LIFETIME, MAX_LIFETIME_JITTER));
        }
        mistakes.extend(tls(resolved, at));
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

/// Who watches files is the arbiter, and who is replaced is a process.
fn reload(resolved: &Resolved) -> Option<Mistake> {
    let first = resolved.first();
    let Settings { reload, workers, concurrency, .. } = first.settings;
    let why = match () {
        () if !reload => return None,
        () if !cfg!(unix) => "there are none on this system",
        () if workers == 0 => "`workers` is 0",
        () if concurrency == Concurrency::Thread => "`concurrency` is thread",
        () => return None,
    };
    let message = format!("`{RELOAD}` replaces worker processes, and {why}");
    Some(Mistake::new(place(first, RELOAD), message).with_help(format!(
        "set {} to 1 and {} to process, or leave {} out",
        flag(resolved, 0, WORKERS),
        flag(resolved, 0, CONCURRENCY),
        flag(resolved, 0, RELOAD)
    )))
}

/// What is added at random to nothing.
fn jitter(resolved: &Resolved, at: usize, of: &str, jitter: &str) -> Mistake {
    let app = &resolved.applications()[at];
    Mistake::new(place(app, jitter), format!("`{jitter}` of `{}` has no `{of}` to be added to", app.name))
        .with_help(format!("set {} too, or leave the other out", flag(resolved, at, of)))
}

/// Certificates, keys and authorities that do not go together, the first mistake: it may be the reason of the others.
fn tls(resolved: &Resolved, at: usize) -> Option<Mistake> {
    let app = &resolved.applications()[at];
    let settings = &app.settings;
    let (name, flag) = (&app.name, |setting| flag(resolved, at, setting));
    let (certs, keys) = (settings.cert_file.len(), settings.key_file.len());
    let verifies = settings.client_verify != ClientVerify::Off;
    let (wrong, message, help) = match () {
        () if certs == 0 && keys > 0 => {
            let message = format!("`{KEY_FILE}` of `{name}` has no certificate that it belongs to");
            (KEY_FILE, message, format!("set {} too, or leave the other out", flag(CERT_FILE)))
        }
        () if certs == 0 && (verifies || settings.ca_file.is_some()) => {
            let wrong = if verifies { CLIENT_VERIFY } else { CA_FILE };
            let message = format!("`{wrong}` of `{name}` has no effect, since it does not speak HTTPS");
            (wrong, message, format!("set {} too, or leave the other out", flag(CERT_FILE)))
        }
        () if keys > 0 && keys != certs => {
            let (certificates, keys) = (count(certs, "certificate"), count(keys, "key"));
            let help = format!(
                "give {} as often as {} and in the same order, or not at all if the files of the certificates have \
                 the keys in them",
                flag(KEY_FILE),
                flag(CERT_FILE)
            );
            (KEY_FILE, format!("`{name}` has {certificates}, but {keys}"), help)
        }
        () if verifies && settings.ca_file.is_none() => {
            let message =
                format!("`{CLIENT_VERIFY}` of `{name}` has nothing to verify certificates of clients with");
            (CLIENT_VERIFY, message, format!("set {} to the file of whoever issues them", flag(CA_FILE)))
        }
        () if !verifies && settings.ca_file.is_some() => {
            let message =
                format!("`{CA_FILE}` of `{name}` has no effect, since no client is asked for a certificate");
            (
                CA_FILE,
                message,
                format!("set {} to required or optional, or leave the other out", flag(CLIENT_VERIFY)),
            )
        }
        () if certs > 0 && settings.bind.iter().all(|bind| matches!(bind, Bind::Unix(_))) => {
            let message = format!("`{CERT_FILE}` of `{name}` has no effect, since unix sockets stay plain");
            (CERT_FILE, message, format!("give {} an address of TCP, or leave the other out", flag(BIND)))
        }
        () => return None,
    };
    Some(Mistake::new(place(app, wrong), message).with_help(help))
}

/// `1 key`, `2 keys`.
fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
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
const CONCURRENCY: &str = "concurrency";
const RELOAD: &str = "reload";
const MAX_REQUESTS: &str = "max_requests";
const MAX_REQUESTS_JITTER: &str = "max_requests_jitter";
const MAX_LIFETIME: &str = "max_lifetime";
const MAX_LIFETIME_JITTER: &str = "max_lifetime_jitter";
const CERT_FILE: &str = "cert_file";
const KEY_FILE: &str = "key_file";
const CA_FILE: &str = "ca_file";
const CLIENT_VERIFY: &str = "client_verify";
