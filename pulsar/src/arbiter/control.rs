//! The control socket: where commands reach a running instance.
//!
//! Only the user who runs the instance, and root, are heard; a client that is slow, silent or wrong costs the loop nothing. The rule
//! it keeps: whatever is the matter with the socket, the instance serves.

use std::{
    fs::{self, Permissions},
    io,
    os::{
        fd::AsFd,
        unix::{
            fs::{DirBuilderExt, MetadataExt, PermissionsExt},
            net::{UnixListener as StdListener, UnixStream as StdStream},
        },
    },
    path::{Path, PathBuf},
    process,
    sync::Arc,
    time::Duration,
};

use tokio::{
    net::UnixListener,
    sync::{Semaphore, mpsc},
    time::timeout,
};

use crate::{
    arbiter::{
        frame::{Channel, Inbox, encode},
        message::{Request, Response},
        process as system,
    },
    settings::ControlSocket,
    task,
};

/// A command of a client, and where the answers go.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) request: Request,
    pub(super) answers: mpsc::Sender<Response>,
}

/// How long a client has to say what it wants.
const PATIENCE: Duration = Duration::from_secs(5);
/// Clients that are heard at a time.
const CLIENTS: usize = 32;
/// Answers that may wait until a client reads them.
pub(super) const ANSWERS: usize = 32;

/// The socket of an instance. Its file is removed when this is dropped, if it still is ours.
#[derive(Debug)]
pub(super) struct Control {
    listener: StdListener,
    path: PathBuf,
    inode: (u64, u64),
}

impl Control {
    /// Opens the socket of the program of this name; none if that is switched off.
    ///
    /// # Errors
    ///
    /// When it cannot be opened: a reason to tell, and none to stop.
    pub(super) fn open(name: &str, setting: &ControlSocket) -> Result<Option<Self>, String> {
        let (path, folder) = match setting {
            ControlSocket::Off => return Ok(None),
            ControlSocket::Path(path) => (path.clone(), None),
            ControlSocket::Auto => {
                let folder = runtime_folder();
                (folder.join(format!("{name}-{}.ctl", process::id())), Some(folder))
            }
        };
        let prepared = folder.map_or(Ok(()), |folder| {
            make_private(&folder)?;
            sweep(&folder, name);
            Ok(())
        });
        let opened = prepared.and_then(|()| Self::open_at(path.clone()));
        opened.map(Some).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn open_at(path: PathBuf) -> io::Result<Self> {
        match StdStream::connect(&path) {
            Ok(_) => return Err(io::Error::new(io::ErrorKind::AddrInUse, "another instance listens there")),
            // What nobody listens at was left behind.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(&path)?,
            Err(_) => {}
        }
        let listener = StdListener::bind(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Self::inherit(listener, path)
    }

    /// A socket that is open already.
    pub(super) fn inherit(listener: StdListener, path: PathBuf) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let metadata = fs::symlink_metadata(&path)?;
        Ok(Self { listener, path, inode: (metadata.dev(), metadata.ino()) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.listener.as_fd()
    }

    /// Hears clients from now on, on the current runtime.
    pub(super) fn listen(&self, commands: mpsc::Sender<Command>) -> io::Result<()> {
        let listener = UnixListener::from_std(self.listener.try_clone()?)?;
        let places = Arc::new(Semaphore::new(CLIENTS));
        task::spawn(async move {
            loop {
                let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
                match listener.accept().await {
                    Ok((stream, _)) => {
                        let commands = commands.clone();
                        task::spawn(async move {
                            if let Err(error) = hear(Channel::from_tokio(stream), commands).await {
                                tracing::debug!(%error, "a client of the control socket went away");
                            }
                            drop(place);
                        });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the control socket cannot accept");
                        tokio::time::sleep(Duration::from_secs(1)).await;
                    }
                }
            }
        });
        Ok(())
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        let ours =
            fs::symlink_metadata(&self.path).is_ok_and(|there| (there.dev(), there.ino()) == self.inode);
        if ours {
            let _ = fs::remove_file(&self.path);
        }
    }
}

async fn hear(channel: Channel, commands: mpsc::Sender<Command>) -> io::Result<()> {
    let user = system::peer(channel.as_fd()).map_or(0, |(_, user)| user);
    let (answers, mut to_send) = mpsc::channel(ANSWERS);
    let refuse = |why: &str| Response::Failed { why: why.to_owned() };
    if user != 0 && user != system::user_id() {
        return channel
            .send(&encode(&refuse("only the user who runs the instance may command it"))?, &[])
            .await;
    }
    let mut inbox = Inbox::default();
    let request = match timeout(PATIENCE, inbox.next::<Request>(&channel)).await {
        Ok(Ok(Some(request))) => request,
        Ok(Ok(None)) | Err(_) => return Ok(()),
        Ok(Err(error)) => return channel.send(&encode(&refuse(&error.to_string()))?, &[]).await,
    };
    if commands.send(Command { request, answers }).await.is_err() {
        return Ok(());
    }
    loop {
        tokio::select! {
            answer = to_send.recv() => match answer {
                Some(answer) => timeout(PATIENCE, channel.send(&encode(&answer)?, &[])).await??,
                None => return Ok(()),
            },
            // Who asks a second time on one connection, or leaves, is not answered any more.
            _ = inbox.next::<Request>(&channel) => return Ok(()),
        }
    }
}

/// Where the sockets of this user's instances are.
pub(super) fn runtime_folder() -> PathBuf {
    let user = system::user_id();
    match std::env::var_os("XDG_RUNTIME_DIR") {
        Some(folder) if !folder.is_empty() => PathBuf::from(folder).join("pulsar"),
        _ if user == 0 => PathBuf::from("/run/pulsar"),
        _ => std::env::temp_dir().join(format!("pulsar-{user}")),
    }
}

/// Creates the folder for this user alone, and refuses one that others may write to.
fn make_private(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let metadata = fs::symlink_metadata(folder)?;
    if !metadata.is_dir() || metadata.uid() != system::user_id() || metadata.mode() & 0o022 != 0 {
        return Err(io::Error::other(format!("{} is not a folder of this user alone", folder.display())));
    }
    Ok(())
}

/// The sockets of the instances of a program.
pub(super) fn instances(name: &str) -> Vec<PathBuf> {
    in_folder(&runtime_folder(), name).filter(|path| StdStream::connect(path).is_ok()).collect()
}

fn in_folder(folder: &Path, name: &str) -> impl Iterator<Item = PathBuf> {
    let prefix = format!("{name}-");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(move |path| {
        let number =
            path.file_name().and_then(|file| file.to_str()?.strip_prefix(&prefix)?.strip_suffix(".ctl"));
        number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// Removes what instances left that were killed.
fn sweep(folder: &Path, name: &str) {
    for path in in_folder(folder, name) {
        if StdStream::connect(&path).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused) {
            let _ = fs::remove_file(path);
        }
    }
}
