//! The commands to a running instance: `info`, `top`, `ping`, `reload`, `workers`, `stop`, `quit`.
//!
//! The instance has settings of its own; those of the command only say where it is to be found.

use super::{
    commands::{complain, print},
    program::Program,
};
use crate::{
    arbiter::{Client, Info, Request, Response},
    settings::{Command, Resolved},
};

/// No instance could be asked, or it could not do what was asked.
const FAILED: u8 = 1;

/// Hands the command to the instance of this program and prints what it answers.
pub(super) fn run(program: &Program, command: &Command, resolved: &Resolved) -> u8 {
    let (request, as_json) = match command {
        Command::Ping => (Request::Ping, false),
        Command::Info { json } => (Request::Info, *json),
        Command::Reload { wait } => (Request::Reload { wait: *wait }, false),
        Command::Workers { app, change } => (Request::Workers { app: app.clone(), change: *change }, false),
        Command::Stop => (Request::Stop, false),
        _ => (Request::Quit, false),
    };
    let client = match Client::find(program.name(), &resolved.first().settings.control_socket) {
        Ok(client) => client,
        Err(error) => {
            complain(format_args!("pulsar: {error}"));
            return FAILED;
        }
    };
    if matches!(command, Command::Top) {
        return super::top::run(&client);
    }
    let mut code = 0;
    let asked = client.ask(&request, |response| match response {
        Response::Pong { pid } => print(&format!("process {pid} at {} answers\n", client.socket().display())),
        Response::Info(info) if as_json => {
            // Plain data, which serde can write.
            print(&format!("{:#}\n", serde_json::to_value(&info).unwrap_or_default()));
        }
        Response::Info(info) => print(&tree(&info)),
        Response::Progress { text } | Response::Done { text } => print(&format!("{text}\n")),
        Response::Failed { why } => {
            complain(format_args!("pulsar: {why}"));
            code = FAILED;
        }
    });
    if let Err(error) = asked {
        complain(format_args!("pulsar: {error}"));
        return FAILED;
    }
    code
}

/// The instance as a tree: the arbiter, its applications, their workers.
fn tree(info: &Info) -> String {
    let Info { arbiter, apps } = info;
    let mut text = format!(
        "arbiter {}  version {}  generation {}  {}  up {}  {}\n",
        arbiter.pid,
        arbiter.version,
        arbiter.generation,
        arbiter.state,
        time(arbiter.uptime),
        memory(arbiter.rss)
    );
    for (number, app) in apps.iter().enumerate() {
        let last = number + 1 == apps.len();
        let (branch, line) = if last { ("└─", "  ") } else { ("├─", "│ ") };
        text.push_str(&format!(
            "{branch} {}  {}  {} workers wanted  {} requests  {}\n",
            app.name,
            app.state,
            app.target,
            app.requests,
            app.binds.join(" ")
        ));
        for (number, worker) in app.workers.iter().enumerate() {
            let branch = if number + 1 == app.workers.len() { "└─" } else { "├─" };
            text.push_str(&format!(
                "{line} {branch} worker {}  process {}  generation {}  {}  up {}  {} requests  {} in flight  {} \
                 connections  {}\n",
                worker.slot,
                worker.pid,
                worker.generation,
                worker.state,
                time(worker.uptime),
                worker.requests,
                worker.in_flight,
                worker.connections,
                memory(worker.rss)
            ));
        }
    }
    text
}

/// Seconds as people write them: `7 s`, `3 m 7 s`, `2 h 3 m`, `5 d 2 h`.
pub(super) fn time(seconds: f64) -> String {
    // Nothing runs so long that it would not fit.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let seconds = seconds as u64;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match () {
        () if days > 0 => format!("{days} d {} h", hours % 24),
        () if hours > 0 => format!("{hours} h {} m", minutes % 60),
        () if minutes > 0 => format!("{minutes} m {} s", seconds % 60),
        () => format!("{seconds} s"),
    }
}

/// Bytes as people write them.
pub(super) fn memory(bytes: u64) -> String {
    #[allow(clippy::cast_precision_loss)] // One decimal is shown.
    let mebibytes = bytes as f64 / f64::from(1 << 20);
    format!("{mebibytes:.1} MiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_two_units_at_most() {
        for (seconds, expected) in
            [(0.9, "0 s"), (67.0, "1 m 7 s"), (7380.0, "2 h 3 m"), (439_200.0, "5 d 2 h")]
        {
            assert_eq!(time(seconds), expected);
        }
        assert_eq!(memory(1_572_864), "1.5 MiB");
    }
}
