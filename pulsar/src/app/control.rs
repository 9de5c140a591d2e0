//! The commands to a running instance: `info`, `top`, `ping`, `reload`, `workers`, `stop`, `quit`.
//!
//! The instance has settings of its own; those of the command only say where it is to be found.

use super::{
    commands::{complain, print},
    program::Program,
    report::tree,
    top,
};
use crate::{
    arbiter::{Client, Request, Response},
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
        return top::run(program.name(), client);
    }
    let mut code = 0;
    let asked = client.ask(&request, |response| match response {
        Response::Pong { pid } => print(&format!("process {pid} at {} answers\n", client.socket().display())),
        Response::Info(info) if as_json => {
            // Written as the message that it was, so that no second writer is compiled for it. Plain data, which serde can write.
            let text = serde_json::to_vec(&info).unwrap_or_default();
            let value: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
            print(&format!("{value:#}\n"));
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
