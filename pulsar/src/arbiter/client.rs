//! The other end of the control socket: how a command finds an instance and hears its answers.

use std::{
    fmt, io,
    io::Write,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
};

use crate::{
    arbiter::{
        control::instances,
        frame::{Inbox, encode},
        message::{Request, Response},
    },
    order::sort_by,
    settings::ControlSocket,
};

/// Why no instance answers.
#[derive(Debug)]
pub(crate) enum ClientError {
    /// There is none of this program.
    NoInstance { name: String },
    /// There are several, and no word about which is meant.
    Several { name: String, sockets: Vec<PathBuf> },
    /// The one that is meant cannot be reached, or broke off.
    Unreachable { socket: PathBuf, error: io::Error },
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoInstance { name } => write!(
                f,
                "no running instance of {name} found; if it runs with a control socket of its own, name that with \
                 --control-socket"
            ),
            Self::Several { name, sockets } => {
                write!(f, "several instances of {name} are running; choose one with --control-socket:")?;
                sockets.iter().try_for_each(|socket| write!(f, "\n    {}", socket.display()))
            }
            Self::Unreachable { socket, error } => {
                write!(f, "no instance answers at {}: {error}", socket.display())
            }
        }
    }
}

/// The connection to an instance.
#[derive(Debug)]
pub(crate) struct Client {
    socket: PathBuf,
}

impl Client {
    /// The instance that the setting names, else the only one of this program.
    pub(crate) fn find(name: &str, setting: &ControlSocket) -> Result<Self, ClientError> {
        let socket = match setting {
            ControlSocket::Path(path) => path.clone(),
            ControlSocket::Auto | ControlSocket::Off => {
                let mut sockets = instances(name);
                match sockets.len() {
                    0 => return Err(ClientError::NoInstance { name: name.to_owned() }),
                    1 => sockets.remove(0),
                    _ => {
                        sort_by(&mut sockets, Ord::cmp);
                        return Err(ClientError::Several { name: name.to_owned(), sockets });
                    }
                }
            }
        };
        Ok(Self { socket })
    }

    /// Where it is.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Asks for something, and hands every answer to `each` until the last one.
    ///
    /// The arbiter's connections end when it becomes the new program of an upgrade, while its socket stays. So a question that
    /// changes nothing is asked again; whether a command was heard, nobody can know.
    pub(crate) fn ask(&self, request: &Request, mut each: impl FnMut(Response)) -> Result<(), ClientError> {
        const ATTEMPTS: usize = 3;
        let harmless = matches!(request, Request::Ping | Request::Info);
        let mut attempts = if harmless { ATTEMPTS } else { 1 };
        loop {
            attempts -= 1;
            match self.attempt(request, &mut each) {
                Err(error) if attempts > 0 && broke_off(&error) => {}
                result => {
                    return result
                        .map_err(|error| ClientError::Unreachable { socket: self.socket.clone(), error });
                }
            }
        }
    }

    fn attempt(&self, request: &Request, each: &mut impl FnMut(Response)) -> io::Result<()> {
        let stream = UnixStream::connect(&self.socket)?;
        (&stream).write_all(&encode(request)?)?;
        let mut inbox = Inbox::default();
        loop {
            let answer = inbox.read::<Response>(&stream)?;
            let answer =
                answer.ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "it broke off"))?;
            let last = !matches!(answer, Response::Progress { .. });
            each(answer);
            if last {
                return Ok(());
            }
        }
    }
}

/// Whether somebody listened and then went away.
fn broke_off(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof)
}

#[cfg(test)]
mod tests {
    use std::{os::unix::net::UnixListener, thread};

    use super::*;
    use crate::settings::Change;

    #[test]
    fn what_broke_off_at_an_upgrade_is_asked_again_if_it_changes_nothing() {
        let workers = || Request::Workers { app: None, change: Change::Add(1) };
        for (request, breaks, expected) in [
            (Request::Ping, 2, None),
            (Request::Info, 3, Some("it broke off")),
            (workers(), 0, None),
            (workers(), 1, Some("it broke off")),
        ] {
            let name = format!("pulsar-client-{}-{breaks}-{}", std::process::id(), expected.is_some());
            let socket = std::env::temp_dir().join(name);
            let listener = UnixListener::bind(&socket).unwrap();
            let server = thread::spawn(move || {
                for stream in listener.incoming().take(breaks) {
                    // Read, as an arbiter does: else the client may be told of a reset.
                    Inbox::default().read::<Request>(&stream.unwrap()).unwrap();
                }
                if expected.is_none() {
                    let (stream, _) = listener.accept().unwrap();
                    Inbox::default().read::<Request>(&stream).unwrap();
                    (&stream).write_all(&encode(&Response::Pong { pid: 7 }).unwrap()).unwrap();
                }
            });
            let mut answers = 0;
            let client = Client { socket: socket.clone() };
            let asked = client.ask(&request, |_| answers += 1).map_err(|error| error.to_string());
            let _ = std::fs::remove_file(&socket);
            assert_eq!(answers, usize::from(expected.is_none()), "{request:?}: {asked:?}");
            match expected {
                None => asked.unwrap(),
                Some(expected) => assert!(asked.unwrap_err().ends_with(expected), "{request:?}"),
            }
            server.join().unwrap();
        }
    }
}
