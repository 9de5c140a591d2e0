//! Sockets that a service manager has opened, in the protocol of `sd_listen_fds(3)`.
//!
//! They stand in for the addresses of the settings: a socket that has the name of an application is that one's, all others are the
//! first one's.

use std::{env, os::fd::RawFd, sync::Arc};

use crate::{arbiter::process, server::BoundSocket};

/// The sockets of each application that has some.
pub(super) type Activated = Vec<(String, Vec<Arc<BoundSocket>>)>;

/// The number of the first of them.
const FIRST: RawFd = 3;

/// The sockets for each application that has some.
///
/// # Errors
///
/// A line for each descriptor that is no listening socket.
pub(super) fn sockets(apps: &[String]) -> Result<Activated, Vec<String>> {
    let own = env::var("LISTEN_PID").is_ok_and(|pid| pid == std::process::id().to_string());
    let count = env::var("LISTEN_FDS").ok().and_then(|count| count.parse::<RawFd>().ok()).filter(|_| own);
    let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
    let names: Vec<&str> = names.split(':').collect();
    let mut found = Activated::new();
    let mut failures = Vec::new();
    for at in 0..count.unwrap_or(0) {
        let number = FIRST + at;
        let name = usize::try_from(at).ok().and_then(|at| names.get(at)).copied().unwrap_or_default();
        let app = apps.iter().find(|app| *app == name).or(apps.first());
        let Some(app) = app else { break };
        let socket = process::adopt(number).ok_or_else(|| "nothing is open there".to_owned());
        match socket.and_then(BoundSocket::adopt) {
            Ok(socket) => match found.iter_mut().find(|(name, _)| name == app) {
                Some((_, sockets)) => sockets.push(Arc::new(socket)),
                None => found.push((app.clone(), vec![Arc::new(socket)])),
            },
            Err(why) => {
                let named = if name.is_empty() { String::new() } else { format!(" (`{name}`)") };
                failures.push(format!(
                    "the service manager passes descriptor {number}{named}: {why}. Give the unit of the socket \
                     ListenStream= and Accept=no"
                ));
            }
        }
    }
    if failures.is_empty() { Ok(found) } else { Err(failures) }
}
