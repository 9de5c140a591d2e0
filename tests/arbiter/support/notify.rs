//! The other end of `NOTIFY_SOCKET`: what systemd would be told, in order.

use std::{
    ffi::OsString,
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixDatagram},
    },
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use pulsar_tests::{Folder, until};

/// A socket that keeps what it is sent.
#[derive(Debug)]
pub(crate) struct Notify {
    /// What the variable `NOTIFY_SOCKET` has to be.
    pub(crate) variable: OsString,
    came: Arc<Mutex<Vec<String>>>,
}

impl Notify {
    /// A socket with a path.
    pub(crate) fn path(folder: &Folder) -> Self {
        let path = folder.join("notify");
        Self::of(UnixDatagram::bind(&path).expect("a new folder has room for a socket"), path.into())
    }

    /// A socket with an abstract name.
    pub(crate) fn named(folder: &Folder) -> Self {
        let name = folder.join("notify").display().to_string();
        let address = SocketAddr::from_abstract_name(&name).expect("the name is short");
        Self::of(UnixDatagram::bind_addr(&address).expect("the name is new"), format!("@{name}").into())
    }

    fn of(socket: UnixDatagram, variable: OsString) -> Self {
        let came: Arc<Mutex<Vec<String>>> = Arc::default();
        let writer = Arc::clone(&came);
        // It ends with the test program: a datagram socket has no end of its own.
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length) = socket.recv(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                writer.lock().unwrap_or_else(PoisonError::into_inner).push(text);
            }
        });
        Self { variable, came }
    }

    /// The datagrams so far.
    pub(crate) fn so_far(&self) -> Vec<String> {
        self.came.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many datagrams have a line like this.
    pub(crate) fn count(&self, line: &str) -> usize {
        self.so_far().iter().filter(|datagram| has(datagram, line)).count()
    }

    /// Waits until the `n`th datagram with a line like this has come; it.
    pub(crate) fn wait_for(&self, line: &str, n: usize) -> String {
        until(&format!("{line} comes {n} times"), || self.count(line) >= n);
        let all = self.so_far();
        all.into_iter().filter(|datagram| has(datagram, line)).nth(n - 1).expect("they have been counted")
    }

    /// Where the first datagram with a line like this stands.
    pub(crate) fn position(&self, line: &str) -> Option<usize> {
        self.so_far().iter().position(|datagram| has(datagram, line))
    }
}

/// Whether a datagram has this line, or one that begins so if it ends in `=`.
fn has(datagram: &str, line: &str) -> bool {
    datagram.lines().any(|each| each == line || (line.ends_with('=') && each.starts_with(line)))
}
