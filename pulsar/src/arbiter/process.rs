//! The system calls that the arbiter and its workers need and `std` does not have.
//!
//! The only file of pulsar with `unsafe`: each use says why it is sound. It decides nothing; who is started, signalled and killed
//! is said elsewhere. The rule it keeps: every descriptor that it makes closes when another program is executed, unless it is
//! [kept](keep_open) on purpose.

#![allow(unsafe_code)]

use std::{
    ffi::{CString, OsStr, OsString},
    fs::{File, Metadata},
    io::{self, IoSlice, IoSliceMut},
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
        unix::{ffi::OsStrExt, net::UnixStream, process::CommandExt},
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use nix::{
    cmsg_space,
    errno::Errno,
    fcntl::{FcntlArg, FdFlag, fcntl},
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        signal::{self, SigSet, Signal},
        socket::{self, ControlMessage, ControlMessageOwned, MsgFlags},
        stat::{Mode, umask},
        wait::{Id as WaitId, WaitPidFlag, WaitStatus, waitid, waitpid},
    },
    unistd::{self, Gid, Group, Pid, Uid, User},
};

use crate::{
    arbiter::monitor::Ended,
    board::{Board, Line},
};

/// Says to a process that it is a child of an arbiter, whose id is the value.
pub(super) const CHILD: &str = "_PULSAR_ARBITER";
/// Says to an arbiter that it goes on with the state in this descriptor.
pub(super) const HANDOVER: &str = "_PULSAR_HANDOVER";
/// What service managers tell the arbiter, and no child.
const NOT_FOR_CHILDREN: [&str; 6] =
    ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"];
/// The most descriptors in one message.
const MOST_FDS: usize = 128;

/// A program file that is executed.
#[derive(Clone, Debug)]
pub(super) enum Image {
    /// The one that this process runs, whatever stands at its path by now.
    Running,
    /// The file that stood at a path when it was opened.
    Opened(Arc<File>),
}

impl Image {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is no file"));
        }
        Ok(Self::Opened(Arc::new(file)))
    }

    /// What the system knows of the file.
    pub(super) fn metadata(&self) -> io::Result<Metadata> {
        match self {
            Self::Running => self.path()?.metadata(),
            Self::Opened(file) => file.metadata(),
        }
    }

    fn path(&self) -> io::Result<PathBuf> {
        match self {
            Self::Running if cfg!(target_os = "linux") => Ok("/proc/self/exe".into()),
            Self::Running => std::env::current_exe(),
            // Ours, not the child's: the interpreter of a script opens it once more, when the child's are closed.
            Self::Opened(file) if cfg!(target_os = "linux") => {
                Ok(format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd()).into())
            }
            Self::Opened(file) => Ok(format!("/dev/fd/{}", file.as_raw_fd()).into()),
        }
    }
}

/// A child that has just been started.
pub(super) struct Child {
    pub(super) pid: u32,
    /// Our end of the channel.
    pub(super) channel: UnixStream,
    /// What it writes to its standard error.
    pub(super) stderr: OwnedFd,
}

/// Starts this program again as a child: the channel is its standard input, and it sees the same arguments.
pub(super) fn spawn(image: &Image, title: &str, arguments: &[OsString]) -> io::Result<Child> {
    let (ours, theirs) = UnixStream::pair()?;
    let mut command = Command::new(image.path()?);
    command
        .arg0(title)
        .args(arguments)
        .env(CHILD, std::process::id().to_string())
        .env_remove(HANDOVER)
        .stdin(OwnedFd::from(theirs))
        .stderr(Stdio::piped())
        // A key that interrupts the foreground group is for the arbiter to judge.
        .process_group(0);
    for name in NOT_FOR_CHILDREN {
        command.env_remove(name);
    }
    let mut child = command.spawn()?;
    let stderr = child.stderr.take().ok_or_else(|| io::Error::other("the pipe is missing"))?;
    ours.set_nonblocking(true)?;
    // Reaped by its id; `std` forgets it here, and waits for nobody.
    Ok(Child { pid: child.id(), channel: ours, stderr: stderr.into() })
}

/// The channel of this process to its arbiter, if it was started by one.
pub(super) fn channel_to_arbiter() -> Option<UnixStream> {
    let arbiter: i32 = std::env::var(CHILD).ok()?.parse().ok()?;
    let stdin = io::stdin();
    // A program that a worker starts inherits the variable, but not the channel.
    let kind = socket::getsockopt(&stdin, socket::sockopt::SockType).ok()?;
    if kind != socket::SockType::Stream || peer(stdin.as_fd()).is_some_and(|(pid, _)| pid != arbiter) {
        return None;
    }
    let channel = stdin.as_fd().try_clone_to_owned().ok()?;
    let null = File::open("/dev/null").ok()?;
    unistd::dup2_stdin(null).ok()?;
    Some(channel.into())
}

/// The process and the user at the other end of a unix socket, as far as the system tells.
pub(super) fn peer(socket: BorrowedFd<'_>) -> Option<(i32, u32)> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let credentials = socket::getsockopt(&socket, socket::sockopt::PeerCredentials).ok()?;
        Some((credentials.pid(), credentials.uid()))
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = socket;
        None
    }
}

/// Has the standard error go somewhere else.
pub(super) fn set_stderr(to: OwnedFd) -> io::Result<()> {
    Ok(unistd::dup2_stderr(to)?)
}

/// A copy of the standard error.
pub(super) fn stderr() -> io::Result<OwnedFd> {
    io::stderr().as_fd().try_clone_to_owned()
}

/// A pipe once more, with a description of its own that does not block; none if it is no pipe, or may not be opened.
pub(super) fn without_waiting(pipe: BorrowedFd<'_>) -> Option<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let kind = nix::sys::stat::fstat(pipe).ok()?.st_mode & nix::libc::S_IFMT;
    if kind != nix::libc::S_IFIFO {
        return None;
    }
    let flags = nix::fcntl::OFlag::O_NONBLOCK.bits();
    File::options().append(true).custom_flags(flags).open(format!("/dev/fd/{}", pipe.as_raw_fd())).ok()
}

/// Writes all of this, if that is possible at once.
pub(super) fn write_now(to: BorrowedFd<'_>, bytes: &[u8]) -> bool {
    if bytes.is_empty() {
        return true;
    }
    match socket::send(to.as_raw_fd(), bytes, MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL) {
        Ok(sent) => sent == bytes.len(),
        Err(Errno::ENOTSOCK) if is_writable(to) => {
            let mut rest = bytes;
            while let Ok(written @ 1..) = unistd::write(to, rest) {
                rest = &rest[written..];
                if rest.is_empty() {
                    return true;
                }
            }
            false
        }
        Err(_) => false,
    }
}

/// Whether something could be written at once.
pub(super) fn is_writable(to: BorrowedFd<'_>) -> bool {
    let mut polled = [PollFd::new(to, PollFlags::POLLOUT)];
    !matches!(poll(&mut polled, PollTimeout::ZERO), Ok(0) | Err(Errno::EAGAIN))
}

// Messages with descriptors.

/// Sends bytes, and descriptors with the first of them. The number of bytes sent.
pub(super) fn send(socket: BorrowedFd<'_>, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
    let raw: Vec<RawFd> = fds.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&raw)];
    let control = if raw.is_empty() { &[][..] } else { &rights[..] };
    let sent = socket::sendmsg::<()>(
        socket.as_raw_fd(),
        &[IoSlice::new(bytes)],
        control,
        MsgFlags::MSG_NOSIGNAL,
        None,
    );
    Ok(sent?)
}

/// Receives bytes, and the descriptors that came with them. No bytes are the end.
pub(super) fn receive(
    socket: BorrowedFd<'_>,
    buffer: &mut [u8],
    fds: &mut Vec<OwnedFd>,
) -> io::Result<usize> {
    let mut space = cmsg_space!([RawFd; MOST_FDS]);
    let mut slices = [IoSliceMut::new(buffer)];
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let flags = MsgFlags::empty();
    let received = socket::recvmsg::<()>(socket.as_raw_fd(), &mut slices, Some(&mut space), flags)?;
    for message in received.cmsgs()? {
        if let ControlMessageOwned::ScmRights(rights) = message {
            for fd in rights {
                // SAFETY: the kernel has just made this descriptor for this process, and nobody else knows of it.
                let fd = unsafe { OwnedFd::from_raw_fd(fd) };
                #[cfg(not(any(target_os = "linux", target_os = "android")))]
                fcntl(&fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
                fds.push(fd);
            }
        }
    }
    Ok(received.bytes)
}

// Descriptors that come from outside.

/// Takes over a descriptor by its number. None if nothing is open there, or it is one of the standard streams.
///
/// To be called once for a number: it is for what whoever started this program left open for it.
pub(super) fn adopt(number: RawFd) -> Option<OwnedFd> {
    if number <= 2 {
        return None;
    }
    // SAFETY: it lives only for this call, in which nothing closes descriptors; a number that is not open is an error of `fcntl`.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    fcntl(borrowed, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).ok()?;
    // SAFETY: it is open, was open before this program ran its first line, and by the caller's promise is taken once.
    Some(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Leaves a descriptor open for the program that is executed next in this process. Its number.
pub(super) fn keep_open(fd: BorrowedFd<'_>) -> io::Result<RawFd> {
    fcntl(fd, FcntlArg::F_SETFD(FdFlag::empty()))?;
    Ok(fd.as_raw_fd())
}

// Memory.

/// A file without a name, as large as this and sealed against changes of its size.
pub(super) fn memory_file(size: usize) -> io::Result<OwnedFd> {
    let length = i64::try_from(size).map_err(|_| io::ErrorKind::InvalidInput)?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use nix::{
            fcntl::SealFlag,
            sys::memfd::{MFdFlags, memfd_create},
        };
        let fd = memfd_create(c"pulsar", MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)?;
        unistd::ftruncate(&fd, length)?;
        let seals = SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SEAL;
        fcntl(&fd, FcntlArg::F_ADD_SEALS(seals))?;
        Ok(fd)
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let path = std::env::temp_dir().join(format!("pulsar-{}-{length}", std::process::id()));
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        std::fs::remove_file(&path)?;
        unistd::ftruncate(&file, length)?;
        Ok(file.into())
    }
}

/// How many bytes a board takes.
pub(super) fn board_size(seats: usize, loops: usize) -> usize {
    Board::lines(seats, loops) * size_of::<Line>()
}

/// The board in a file that [`memory_file`] made for so many seats and loops. It stays mapped for the rest of the process.
pub(super) fn map_board(file: BorrowedFd<'_>, seats: usize, loops: usize) -> io::Result<Arc<Board>> {
    use nix::sys::mman::{MapFlags, ProtFlags, mmap};
    let lines = Board::lines(seats, loops);
    let size = board_size(seats, loops);
    let there = nix::sys::stat::fstat(file)?.st_size;
    if usize::try_from(there).ok() != Some(size) {
        return Err(io::Error::other(format!("a board of {size} bytes has {there}")));
    }
    let length = size.try_into().map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: a new mapping at an address of the kernel's choice touches no memory that is in use.
    let start = unsafe {
        mmap(None, length, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_SHARED, file, 0)?
    };
    // SAFETY: the mapping is `size` bytes long, which is `lines` times the size of a `Line`; pages are aligned more strictly than
    // lines; a `Line` is nothing but atomic integers, for which any bytes are valid and which other processes may change; the
    // mapping is never undone, and the file cannot shrink under it.
    let lines = unsafe { std::slice::from_raw_parts(start.cast::<Line>().as_ptr(), lines) };
    Ok(Board::shared(lines, loops))
}

// Children.

/// The end of a child, if it has ended.
pub(super) fn reap(pid: u32) -> Option<Ended> {
    waitpid(Pid::from_raw(pid.cast_signed()), Some(WaitPidFlag::WNOHANG)).ok().and_then(ended)
}

/// Reaps what is no child of ours that we know: what process 1 inherits. Those in `known` are left alone.
pub(super) fn reap_strangers(known: impl Fn(u32) -> bool) {
    let flags = WaitPidFlag::WNOHANG | WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
    while let Ok(status) = waitid(WaitId::All, flags) {
        let Some(pid) = status.pid() else { return };
        if known(pid.as_raw().cast_unsigned()) {
            return;
        }
        let _ = waitpid(pid, Some(WaitPidFlag::WNOHANG));
    }
}

fn ended(status: WaitStatus) -> Option<Ended> {
    match status {
        WaitStatus::Exited(_, code) => Some(Ended::Exit(code)),
        WaitStatus::Signaled(_, signal, _) => {
            Some(Ended::Signal { name: signal.as_str().to_owned(), by_oom: false })
        }
        _ => None,
    }
}

/// Sends a signal to a child that has not been reaped, so that its id is still its own.
pub(super) fn kill(pid: u32, signal: Signal) {
    // One that has ended by itself is reaped soon.
    let _ = signal::kill(Pid::from_raw(pid.cast_signed()), signal);
}

/// Whether this process has to reap what others leave behind.
pub(super) fn is_init() -> bool {
    std::process::id() == 1
}

/// Holds back every signal, also across an exec, until they are [let in](admit_signals).
pub(super) fn hold_signals() {
    let _ = SigSet::all().thread_block();
}

/// Lets the signals in that were held back.
pub(super) fn admit_signals() {
    let _ = SigSet::all().thread_unblock();
}

/// Executes a program in this process, with the same arguments. Returns only if that fails.
pub(super) fn exec(image: &Image, name: &OsStr, arguments: &[OsString], handover: RawFd) -> io::Error {
    let attempt = || -> io::Result<std::convert::Infallible> {
        let text = |text: &OsStr| CString::new(text.as_bytes()).map_err(io::Error::from);
        let path = text(image.path()?.as_os_str())?;
        let arguments: Vec<_> = std::iter::once(name)
            .chain(arguments.iter().map(OsString::as_os_str))
            .map(text)
            .collect::<Result<_, _>>()?;
        let mut environment = Vec::new();
        for (name, value) in std::env::vars_os().filter(|(name, _)| name != HANDOVER) {
            let mut both = name;
            both.push("=");
            both.push(value);
            environment.push(text(&both)?);
        }
        environment.push(CString::new(format!("{HANDOVER}={handover}"))?);
        Ok(unistd::execve(&path, &arguments, &environment)?)
    };
    match attempt() {
        Ok(never) => match never {},
        Err(error) => error,
    }
}

/// Has an executed program read what stands in a file without a name.
pub(super) fn handover_file(text: &[u8]) -> io::Result<OwnedFd> {
    let fd = memory_file(text.len())?;
    let written = nix::sys::uio::pwrite(&fd, text, 0)?;
    if written != text.len() {
        return Err(io::Error::other("the file took less than it should"));
    }
    Ok(fd)
}

// Who a process is.

/// The user and the group that workers run as.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    user: Option<User>,
    group: Option<Gid>,
}

impl Identity {
    /// Finds a user and a group by name or number.
    ///
    /// # Errors
    ///
    /// When there is none of that name, or this process may not become them.
    pub(super) fn find(user: Option<&str>, group: Option<&str>) -> Result<Self, String> {
        let user = match user {
            None => None,
            Some(name) => {
                let found = match name.parse() {
                    Ok(number) => User::from_uid(Uid::from_raw(number)),
                    Err(_) => User::from_name(name),
                };
                Some(
                    found
                        .ok()
                        .flatten()
                        .ok_or_else(|| format!("there is no user `{name}` on this machine"))?,
                )
            }
        };
        let group = match group {
            None => None,
            Some(name) => {
                let number = name.parse().ok().map(Gid::from_raw);
                let named = || Group::from_name(name).ok().flatten().map(|group| group.gid);
                let found = number.or_else(named);
                Some(found.ok_or_else(|| format!("there is no group `{name}` on this machine"))?)
            }
        };
        let identity = Self { user, group };
        if !Uid::effective().is_root() && identity.is_change() {
            return Err("only root may change the user or the group of workers".to_owned());
        }
        Ok(identity)
    }

    fn is_change(&self) -> bool {
        self.user.as_ref().is_some_and(|user| user.uid != Uid::effective())
            || self.group.is_some_and(|group| group != Gid::effective())
    }

    /// Makes them the owners of a file.
    pub(super) fn give(&self, path: &Path) -> io::Result<()> {
        if self.is_change() {
            unistd::chown(path, self.user.as_ref().map(|user| user.uid), self.gid())?;
        }
        Ok(())
    }

    fn gid(&self) -> Option<Gid> {
        self.group.or(self.user.as_ref().map(|user| user.gid))
    }

    /// Becomes them, for good, with the supplementary groups of the user and no others.
    pub(super) fn assume(&self) -> io::Result<()> {
        if !self.is_change() {
            return Ok(());
        }
        if let Some(gid) = self.gid() {
            #[cfg(not(target_vendor = "apple"))]
            match &self.user {
                Some(user) => {
                    let name = CString::new(user.name.as_str())?;
                    unistd::initgroups(&name, gid)?;
                }
                None => unistd::setgroups(&[gid])?,
            }
            unistd::setgid(gid)?;
        }
        if let Some(user) = &self.user {
            unistd::setuid(user.uid)?;
        }
        Ok(())
    }
}

/// Sets the permissions that new files do not get.
pub(super) fn set_umask(mask: u32) {
    let bits = u16::try_from(mask & 0o777).unwrap_or(0o022);
    umask(Mode::from_bits_truncate(bits.into()));
}

/// The user that this process acts as.
pub(super) fn user_id() -> u32 {
    Uid::effective().as_raw()
}

/// Names this process for `ps` and `top`, which show 15 characters.
pub(super) fn set_name(name: &str) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Ok(name) = CString::new(name) {
        let _ = nix::sys::prctl::set_name(&name);
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = name;
}
