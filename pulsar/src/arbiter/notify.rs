//! What a service manager is told, in the protocol of `sd_notify(3)`.
//!
//! Whoever was not started by one tells nobody. The rule it keeps: each message is one datagram, and none waits.

use std::{
    env,
    ffi::OsString,
    os::unix::net::{SocketAddr, UnixDatagram},
    time::Duration,
};

/// The way to the service manager.
#[derive(Debug)]
pub(super) struct Notifier {
    socket: Option<(UnixDatagram, SocketAddr)>,
    /// How often it wants to hear of us.
    watchdog: Option<Duration>,
}

impl Notifier {
    /// The service manager that the environment names, if it does.
    pub(super) fn from_environment() -> Self {
        let socket = env::var_os("NOTIFY_SOCKET").and_then(|path| match open(path) {
            Ok(socket) => Some(socket),
            Err(error) => {
                tracing::warn!("the service manager is not told anything: NOTIFY_SOCKET: {error}");
                None
            }
        });
        let own = env::var("WATCHDOG_PID").map_or(true, |pid| pid == std::process::id().to_string());
        let micros = env::var("WATCHDOG_USEC").ok().and_then(|micros| micros.parse().ok());
        let watchdog = micros.filter(|micros| own && *micros > 0).map(Duration::from_micros);
        Self { watchdog: watchdog.filter(|_| socket.is_some()), socket }
    }

    /// How often [`alive`](Self::alive) has to be said, if at all.
    pub(super) fn watchdog(&self) -> Option<Duration> {
        self.watchdog.map(|period| period / 2)
    }

    pub(super) fn ready(&self, generation: u64) {
        let pid = std::process::id();
        self.tell(&format!("READY=1\nMAINPID={pid}\nSTATUS=serving, generation {generation}"));
    }

    pub(super) fn reloading(&self) {
        // In one datagram with the time, as `Type=notify-reload` asks for.
        let now =
            nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC).map_or(Duration::ZERO, Into::into);
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={}\nSTATUS=reloading", now.as_micros()));
    }

    pub(super) fn stopping(&self, most: Duration) {
        self.tell(&format!(
            "STOPPING=1\nSTATUS=finishing requests in flight\nEXTEND_TIMEOUT_USEC={}",
            most.as_micros()
        ));
    }

    pub(super) fn alive(&self) {
        if self.watchdog.is_some() {
            self.tell("WATCHDOG=1");
        }
    }

    fn tell(&self, text: &str) {
        if let Some((socket, to)) = &self.socket
            && let Err(error) = socket.send_to_addr(text.as_bytes(), to)
        {
            tracing::debug!(%error, "the service manager did not take a message");
        }
    }
}

fn open(path: OsString) -> std::io::Result<(UnixDatagram, SocketAddr)> {
    use std::os::unix::ffi::OsStrExt;
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    let address = match path.as_bytes().strip_prefix(b"@") {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        Some(name) => {
            use std::os::linux::net::SocketAddrExt;
            SocketAddr::from_abstract_name(name)?
        }
        _ => SocketAddr::from_pathname(&path)?,
    };
    Ok((socket, address))
}
