//! Binding: from the addresses of a [`ServerConfig`] to listening sockets, all of them or none.
//!
//! Nothing is accepted here. Every failure names the address and the way out, and all failures of one
//! configuration are reported together.

use std::{
    fmt,
    fs::{self, File, Permissions},
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::{
            fs::{FileTypeExt, MetadataExt, PermissionsExt},
            net::UnixListener,
        },
    },
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use socket2::{Domain, SockAddr, Socket, Type};

use crate::server::{
    access_log::{AccessLogWriter, LogFile},
    config::{Address, ServerConfig},
    tls::Encryption,
};

/// The server: where everything begins.
///
/// ```
/// use pulsar::server::{Address, Server, ServerConfig};
///
/// let binds = vec![Address::Tcp("127.0.0.1".into(), 0)];
/// let bound = Server::bind(ServerConfig { binds, ..ServerConfig::default() })?;
/// assert!(bound.addresses()[0].to_string().starts_with("http://127.0.0.1:"));
/// # Ok::<(), pulsar::server::BindError>(())
/// ```
#[derive(Debug)]
pub struct Server;

impl Server {
    /// Opens every address of the configuration, and the file of the access log. Connections queue from here on,
    /// and are accepted once the result is [served](Bound::serve).
    ///
    /// # Errors
    ///
    /// When any of them cannot be opened; the error tells about all that cannot, and none stays open.
    ///
    /// ```
    /// use pulsar::server::{Address, Server, ServerConfig};
    /// let binds = vec![Address::Tcp("127.0.0.1".into(), 0), Address::Tcp("127.0.0.1".into(), 0)];
    /// let bound = Server::bind(ServerConfig { binds, ..ServerConfig::default() })?;
    /// assert_eq!(bound.addresses().len(), 2);
    /// # Ok::<(), pulsar::server::BindError>(())
    /// ```
    pub fn bind(config: ServerConfig) -> Result<Bound, BindError> {
        let (mut sockets, mut failures) = (Vec::new(), Vec::new());
        if config.binds.is_empty() {
            failures.push("there is no address to listen on: name one, such as 127.0.0.1:8060".to_owned());
        }
        for (n, address) in config.binds.iter().enumerate() {
            if config.binds[..n].contains(address) && !matches!(address, Address::Tcp(_, 0)) {
                failures.push(format!(
                    "cannot listen on {address}: the address is given twice. Drop one of them"
                ));
                continue;
            }
            match bind(address, config.backlog, None) {
                Ok(opened) => sockets.extend(opened),
                Err(failure) => failures.push(failure),
            }
        }
        let tls = match config.tls.as_ref().map(|tls| Encryption::read(tls, config.http2)) {
            None => None,
            Some(Ok((tls, warnings))) => {
                for warning in warnings {
                    tracing::warn!("{warning}");
                }
                Some(Arc::new(tls))
            }
            Some(Err(problems)) => {
                failures.extend(problems);
                None
            }
        };
        match AccessLogWriter::open(&config.access_log, config.access_log_format) {
            Ok(log) if failures.is_empty() => Ok(Bound::new(config, sockets, log, tls)),
            Ok(_) => Err(BindError { failures }),
            Err(failure) => {
                failures.push(failure);
                Err(BindError { failures })
            }
        }
    }
}

/// Opens the sockets of an address. The error is a line that names the address, the reason and the way out.
pub(crate) fn bind(address: &Address, backlog: u32, mode: Option<u32>) -> Result<Vec<BoundSocket>, String> {
    let opened = match address {
        Address::Tcp(host, port) => open_tcp(host, *port, backlog),
        Address::Unix(path) => open_unix(path, backlog, mode).map(|socket| vec![socket]),
    };
    opened.map_err(|reason| format!("cannot listen on {address}: {reason}"))
}

/// Listening sockets that are ready to be served. Dropping it closes them and removes the files of unix sockets.
///
/// ```
/// use pulsar::server::{Address, BoundAddress, Server, ServerConfig};
/// let binds = vec![Address::Tcp("127.0.0.1".into(), 0)];
/// let bound = Server::bind(ServerConfig { binds, ..ServerConfig::default() })?;
/// let BoundAddress::Tcp(address) = &bound.addresses()[0] else { unreachable!() };
/// assert_ne!(address.port(), 0);
/// # Ok::<(), pulsar::server::BindError>(())
/// ```
#[derive(Debug)]
pub struct Bound {
    pub(super) config: ServerConfig,
    pub(super) sockets: Vec<BoundSocket>,
    pub(super) log: Option<AccessLogWriter>,
    pub(super) tls: Option<Arc<Encryption>>,
    addresses: Vec<BoundAddress>,
}

impl Bound {
    fn new(
        config: ServerConfig,
        sockets: Vec<BoundSocket>,
        log: Option<AccessLogWriter>,
        tls: Option<Arc<Encryption>>,
    ) -> Self {
        if let Some(Err(error)) = tls.as_ref().map(Encryption::watch) {
            tracing::warn!("nobody looks for new certificates, since the system refuses a thread: {error}");
        }
        let addresses = sockets.iter().map(|socket| socket.address(tls.is_some())).collect();
        Self { config, sockets, log, tls, addresses }
    }

    /// Sockets that are open already, the file of the access log, if that is one, and the certificates, if there are any.
    pub(crate) fn inherited(
        config: ServerConfig,
        sockets: Vec<BoundSocket>,
        log: Option<File>,
        tls: Option<Arc<Encryption>>,
    ) -> Result<Self, String> {
        let log = match log {
            Some(file) => {
                let writer = AccessLogWriter::of(file, config.access_log_format);
                Some(writer.map_err(|error| format!("the access log has no thread: {error}"))?)
            }
            None => AccessLogWriter::open(&config.access_log, config.access_log_format)?,
        };
        Ok(Self::new(config, sockets, log, tls))
    }

    /// What has the access log go on in another file.
    pub(crate) fn log_file(&self) -> Option<LogFile> {
        self.log.as_ref().map(AccessLogWriter::file)
    }

    /// The addresses in the order of the configuration, with the ports that the system chose. A host name may
    /// stand for several.
    pub fn addresses(&self) -> &[BoundAddress] {
        &self.addresses
    }
}

/// An address that a server listens on. Prints as `http://127.0.0.1:8060`, `https://127.0.0.1:8443` or `unix:/run/app.sock`.
///
/// ```
/// use pulsar::server::BoundAddress;
/// assert_eq!(BoundAddress::Tcp(([127, 0, 0, 1], 8060).into()).to_string(), "http://127.0.0.1:8060");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BoundAddress {
    /// An IP address and the actual port.
    Tcp(SocketAddr),
    /// The same, with TLS.
    Https(SocketAddr),
    /// The path of a unix socket.
    Unix(PathBuf),
}

impl fmt::Display for BoundAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "http://{address}"),
            Self::Https(address) => write!(f, "https://{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Why a server could not listen: one message per thing that failed. The operator's to solve.
///
/// ```
/// use pulsar::server::{Address, Server, ServerConfig};
/// let binds = vec![Address::Unix("/no/such/folder/shop.sock".into())];
/// let error = Server::bind(ServerConfig { binds, ..ServerConfig::default() }).unwrap_err();
/// assert!(error.failures()[0].contains("its directory does not exist"));
/// ```
#[derive(Debug)]
pub struct BindError {
    failures: Vec<String>,
}

impl BindError {
    /// The messages, each a line that names the address, the reason and the way out.
    pub fn failures(&self) -> &[String] {
        &self.failures
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.failures.join("\n"))
    }
}

impl std::error::Error for BindError {}

/// One bound address: its socket, and for a unix socket of our own its file.
#[derive(Debug)]
pub(crate) enum BoundSocket {
    Tcp { listener: TcpListener, local: SocketAddr },
    Unix { listener: UnixListener, path: Arc<Path>, file: Option<Arc<SocketFile>> },
}

impl BoundSocket {
    /// A socket that somebody else has opened, and whose file, if it has one, that one removes.
    pub(crate) fn adopt(fd: OwnedFd) -> Result<Self, String> {
        let socket = Socket::from(fd);
        if !socket.is_listener().map_err(|_| "it is no socket".to_owned())? {
            return Err("it is a socket that does not listen".to_owned());
        }
        socket.set_nonblocking(true).map_err(|error| error.to_string())?;
        let local = socket.local_addr().map_err(|error| error.to_string())?;
        if let Some(address) = local.as_socket() {
            return Ok(Self::Tcp { listener: socket.into(), local: address });
        }
        if !local.is_unix() {
            return Err("it is a socket of a kind that HTTP does not run on".to_owned());
        }
        let path: Arc<Path> = local.as_pathname().unwrap_or(Path::new("")).into();
        Ok(Self::Unix { listener: socket.into(), path, file: None })
    }

    /// Makes it the owner of the file that its address names.
    pub(crate) fn own_file(&mut self) {
        if let Self::Unix { path, file, .. } = self {
            *file = SocketFile::of(path).ok().map(Arc::new);
        }
    }

    /// Whether its file is to be removed by us.
    pub(crate) fn owns_file(&self) -> bool {
        matches!(self, Self::Unix { file: Some(_), .. })
    }

    /// Removes its file, if that is ours.
    pub(crate) fn remove_file(&self) {
        if let Self::Unix { file: Some(file), .. } = self {
            file.remove();
        }
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp { listener, .. } => listener.as_fd(),
            Self::Unix { listener, .. } => listener.as_fd(),
        }
    }

    /// What it is bound to; `secure` if its application speaks HTTPS.
    pub(crate) fn address(&self, secure: bool) -> BoundAddress {
        match self {
            Self::Tcp { local, .. } if secure => BoundAddress::Https(*local),
            Self::Tcp { local, .. } => BoundAddress::Tcp(*local),
            Self::Unix { path, .. } => BoundAddress::Unix(path.to_path_buf()),
        }
    }
}

/// The file of a unix socket, removed once: when the server stops listening or was never started.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: Arc<Path>,
    inode: (u64, u64),
    removed: AtomicBool,
}

impl SocketFile {
    fn of(path: &Arc<Path>) -> io::Result<Self> {
        let metadata = fs::symlink_metadata(path)?;
        let inode = (metadata.dev(), metadata.ino());
        Ok(Self { path: Arc::clone(path), inode, removed: AtomicBool::new(false) })
    }

    /// Removes the file, if it still is ours: another server may have replaced it since.
    pub(super) fn remove(&self) {
        if self.removed.swap(true, Ordering::Relaxed) {
            return;
        }
        let ours =
            fs::symlink_metadata(&self.path).is_ok_and(|found| (found.dev(), found.ino()) == self.inode);
        if ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "cannot remove the unix socket");
        }
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        self.remove();
    }
}

fn open_tcp(host: &str, port: u16, backlog: u32) -> Result<Vec<BoundSocket>, String> {
    let explain = |error: io::Error| explain_tcp(&error, port);
    if host.is_empty() {
        // Dual stack; a system without IPv6 gets IPv4 alone.
        let any = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
        let opened = open_address(any, false, backlog).or_else(|error| match error.kind() {
            io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied => Err(error),
            _ => open_address((Ipv4Addr::UNSPECIFIED, port).into(), false, backlog),
        });
        return opened.map(|socket| vec![socket]).map_err(explain);
    }
    let addresses = (host, port).to_socket_addrs().map_err(|error| {
        format!("the host name has no address ({error}). Check its spelling, or give an IP address")
    })?;
    let literal = host.parse::<IpAddr>().is_ok();
    let mut port = port;
    let mut opened = Vec::new();
    let mut absent = None;
    for mut address in addresses {
        // A name with several addresses has one port on all of them, also when the system chooses it.
        address.set_port(port);
        if opened.iter().any(|socket| matches!(socket, BoundSocket::Tcp { local, .. } if *local == address)) {
            continue;
        }
        match open_address(address, true, backlog) {
            Ok(socket) => {
                if let BoundSocket::Tcp { local, .. } = &socket {
                    port = local.port();
                }
                opened.push(socket);
            }
            // `localhost` often names ::1 on systems that have no IPv6.
            Err(error) if !literal && error.kind() == io::ErrorKind::AddrNotAvailable => absent = Some(error),
            Err(error) => return Err(explain(error)),
        }
    }
    match absent {
        Some(error) if opened.is_empty() => Err(explain(error)),
        _ => Ok(opened),
    }
}

fn open_address(address: SocketAddr, only_v6: bool, backlog: u32) -> io::Result<BoundSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // Without it the address stays closed to us for a minute after a restart.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(only_v6)?;
    }
    socket.bind(&address.into())?;
    let local = socket.local_addr()?.as_socket().ok_or(io::ErrorKind::AddrNotAvailable)?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    socket.set_nonblocking(true)?;
    Ok(BoundSocket::Tcp { listener: socket.into(), local })
}

fn open_unix(path: &Path, backlog: u32, mode: Option<u32>) -> Result<BoundSocket, String> {
    make_room(path)?;
    let open = || {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.bind(&SockAddr::unix(path)?)?;
        if let Some(mode) = mode {
            fs::set_permissions(path, Permissions::from_mode(mode))?;
        }
        socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        socket.set_nonblocking(true)?;
        let path: Arc<Path> = path.into();
        let file = SocketFile::of(&path)?;
        Ok(BoundSocket::Unix { listener: socket.into(), path, file: Some(Arc::new(file)) })
    };
    open().map_err(|error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => {
            "its directory does not exist. Create it, or choose another path".to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            "permission denied. Make its directory writable for this user, or choose another path".to_owned()
        }
        io::ErrorKind::InvalidInput => {
            format!(
                "{error}. The system allows about 100 bytes for the path of a socket: choose a shorter one"
            )
        }
        _ => format!("{error}"),
    })
}

/// Removes the socket that a dead server left behind, and nothing else.
fn make_room(path: &Path) -> Result<(), String> {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return Ok(()); // Either it is absent, or binding will tell what is wrong.
    };
    if !metadata.file_type().is_socket() {
        return Err("a file that is no socket stands there. Remove it, or choose another path".to_owned());
    }
    let connected = (|| {
        let probe = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        // A live server with a full queue would hold up a blocking connect.
        probe.set_nonblocking(true)?;
        probe.connect(&SockAddr::unix(path)?)
    })();
    match connected {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            tracing::info!(path = %path.display(), "replacing the unix socket of a server that is gone");
            fs::remove_file(path).map_err(|error| {
                format!("cannot remove the socket of a server that is gone: {error}. Remove it, or choose another path")
            })
        }
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err("a socket of another user stands there. Choose another path".to_owned())
        }
        _ => Err("another server is listening there. Stop it, or choose another path".to_owned()),
    }
}

fn explain_tcp(error: &io::Error, port: u16) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "the address is in use. Stop the program that listens there, or choose another port".to_owned()
        }
        io::ErrorKind::PermissionDenied if port < 1024 => {
            "permission denied: ports below 1024 need a privilege. Choose a port from 1024 on, or grant the program \
             CAP_NET_BIND_SERVICE"
                .to_owned()
        }
        io::ErrorKind::AddrNotAvailable => {
            "this machine has no such address. Choose one of its own, 127.0.0.1, or none for all interfaces".to_owned()
        }
        _ => format!("{error}"),
    }
}
