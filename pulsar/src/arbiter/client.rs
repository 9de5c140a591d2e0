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
                        sockets.sort();
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
    pub(crate) fn ask(&self, request: &Request, mut each: impl FnMut(Response)) -> Result<(), ClientError> {
        let unreachable = |error| ClientError::Unreachable { socket: self.socket.clone(), error };
        let mut attempt = || -> io::Result<()> {
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
        };
        attempt().map_err(unreachable)
    }
}
