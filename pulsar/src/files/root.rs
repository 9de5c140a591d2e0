//! Opens what lies in a folder, and nothing outside of it.
//!
//! The folder is opened once, and everything else relative to it, so that no path is resolved twice and no check can be overtaken
//! by a change of the tree. On Linux the kernel sees to it that links stay inside (`openat2`); where it cannot,
//! [`Resolver::Steps`] takes one step at a time. Calls here block, unless they
//! are made without [`Patience`].

use std::{
    ffi::{OsStr, OsString},
    fs::{File, Metadata},
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::{Path, PathBuf},
    sync::Arc,
};

use nix::{
    errno::Errno,
    fcntl::{OFlag, openat, readlinkat},
    sys::stat::Mode,
};

use super::cached::{self, Patience};

/// Which symbolic links of a folder are followed.
///
/// ```
/// use pulsar::files::{Files, Symlinks};
/// # let folder = std::env::temp_dir();
/// let files = Files::new(folder)?.symlinks(Symlinks::Never);
/// # Ok::<(), pulsar::files::OpenError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Symlinks {
    /// Those that lead to something in the folder; a link with an absolute path is none of these.
    #[default]
    Within,
    /// None.
    Never,
    /// All of them, wherever they lead to. Whoever can make a link in the folder can then publish any file that the program may
    /// read.
    Anywhere,
}

/// What a name stands for.
#[derive(Debug)]
pub(super) enum Opened {
    /// A regular file; its size and date are those of what was opened.
    File(File, Metadata),
    Folder,
    /// There is nothing, or nothing that may be told apart from that.
    Nothing,
}

/// A folder that files are opened in.
#[derive(Clone, Debug)]
pub(super) struct Root {
    folder: Arc<OwnedFd>,
    path: PathBuf,
    pub(super) symlinks: Symlinks,
    resolver: Resolver,
    /// Whether the kernel can say what a name stands for without waiting for a disk.
    has_cache: bool,
}

/// Who sees to it that a name stays inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resolver {
    #[cfg(target_os = "linux")]
    Kernel,
    /// This file: it opens one folder after the other, and reads links itself.
    Steps,
}

/// As many links as the kernel follows.
const MOST_LINKS: usize = 40;

/// How often a name is tried again that was changed while it was resolved.
#[cfg(target_os = "linux")]
const MOST_TRIES: usize = 16;

impl Root {
    /// Opens the folder.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let folder = nix::fcntl::open(path, flags, Mode::empty())?;
        let root = Self {
            folder: Arc::new(folder),
            path: path.to_owned(),
            symlinks: Symlinks::default(),
            resolver: Resolver::Steps,
            has_cache: false,
        };
        Ok(root.with_best_resolver())
    }

    /// Asks the kernel whether it can; old ones cannot, and some containers forbid it.
    #[cfg(target_os = "linux")]
    fn with_best_resolver(self) -> Self {
        if self.open_by_kernel(b".", Patience::Some).is_err() {
            return self;
        }
        // Since Linux 5.12.
        let has_cache = cached::opens_at_once(self.folder.as_fd())
            && matches!(self.open_by_kernel(b".", Patience::None), Ok(_) | Err(Errno::EAGAIN));
        Self { resolver: Resolver::Kernel, has_cache, ..self }
    }

    #[cfg(not(target_os = "linux"))]
    fn with_best_resolver(self) -> Self {
        self
    }

    /// As it was named, for the log.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is worth while to ask without patience.
    pub(super) fn has_cache(&self) -> bool {
        self.has_cache
    }

    /// Opens what a name stands for, which has been checked by `path`: no `..`, no empty segment.
    ///
    /// # Errors
    ///
    /// Fails where the system does: too many open files, a broken disk. What may not be read is nothing, and a warning in the log.
    /// Without patience, `WouldBlock` says that it has to be asked with patience.
    pub(super) fn get(&self, name: &[u8], patience: Patience) -> io::Result<Opened> {
        let file = match self.open_name(name, patience) {
            Ok(file) => File::from(file),
            // Not in memory; or it leads out of the folder, or to another file system, which nobody has looked at.
            Err(Errno::EAGAIN | Errno::EXDEV) if patience == Patience::None => {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            Err(Errno::EACCES | Errno::EPERM) => {
                let name = String::from_utf8_lossy(name);
                tracing::warn!(folder = %self.path.display(), ?name, "a file may not be read");
                return Ok(Opened::Nothing);
            }
            // Not there; a link that leads out or in a circle; a socket, or a device without a driver.
            Err(
                Errno::ENOENT
                | Errno::ENOTDIR
                | Errno::ENAMETOOLONG
                | Errno::EXDEV
                | Errno::ELOOP
                | Errno::ENXIO
                | Errno::ENODEV
                | Errno::EINVAL
                | Errno::EILSEQ,
            ) => return Ok(Opened::Nothing),
            Err(error) => return Err(error.into()),
        };
        let metadata = file.metadata()?;
        Ok(match metadata.file_type() {
            kind if kind.is_file() => Opened::File(file, metadata),
            kind if kind.is_dir() => Opened::Folder,
            _ => Opened::Nothing,
        })
    }

    fn open_name(&self, name: &[u8], patience: Patience) -> Result<OwnedFd, Errno> {
        let name = if name.is_empty() { b"." } else { name };
        if patience == Patience::None && !self.has_cache {
            return Err(Errno::EAGAIN);
        }
        #[cfg(target_os = "linux")]
        if patience == Patience::None {
            return self.open_by_kernel(name, patience);
        }
        if self.symlinks == Symlinks::Anywhere {
            return retried(|| openat(&self.folder, OsStr::from_bytes(name), reading(), Mode::empty()));
        }
        match self.resolver {
            #[cfg(target_os = "linux")]
            Resolver::Kernel => self.open_by_kernel(name, patience),
            Resolver::Steps => self.open_by_steps(name),
        }
    }

    #[cfg(target_os = "linux")]
    fn open_by_kernel(&self, name: &[u8], patience: Patience) -> Result<OwnedFd, Errno> {
        use nix::{
            fcntl::{OpenHow, ResolveFlag, openat2},
            libc::RESOLVE_CACHED,
        };
        let mut resolve = match self.symlinks {
            Symlinks::Anywhere => ResolveFlag::empty(),
            Symlinks::Within => ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_MAGICLINKS,
            Symlinks::Never => {
                ResolveFlag::RESOLVE_BENEATH
                    | ResolveFlag::RESOLVE_NO_MAGICLINKS
                    | ResolveFlag::RESOLVE_NO_SYMLINKS
            }
        };
        if patience == Patience::None {
            // nix has no name for the first one.
            resolve |= ResolveFlag::from_bits_retain(RESOLVE_CACHED) | ResolveFlag::RESOLVE_NO_XDEV;
        }
        let how = OpenHow::new().flags(reading()).resolve(resolve);
        for _ in 0..MOST_TRIES {
            match retried(|| openat2(&self.folder, OsStr::from_bytes(name), how)) {
                // Something was moved meanwhile, and the kernel cannot tell that nothing was left.
                Err(Errno::EAGAIN) if patience == Patience::Some => {}
                result => return result,
            }
        }
        Err(Errno::EAGAIN)
    }

    /// Never names more than one segment to the system, and has it follow no link.
    fn open_by_steps(&self, name: &[u8]) -> Result<OwnedFd, Errno> {
        // What is still to be opened, the next one last.
        let mut ahead: Vec<OsString> = segments(OsStr::from_bytes(name));
        // The folders below the root that lead to where we are.
        let mut way: Vec<OwnedFd> = Vec::new();
        let mut links = 0;
        while let Some(segment) = ahead.pop() {
            let here = way.last().unwrap_or(&self.folder);
            match segment.as_bytes() {
                b".." => {
                    way.pop().ok_or(Errno::EXDEV)?;
                    continue;
                }
                b"." if ahead.is_empty() => {}
                b"." => continue,
                _ => match readlinkat(here, segment.as_os_str()) {
                    Ok(target) => {
                        links += 1;
                        if self.symlinks == Symlinks::Never || links > MOST_LINKS {
                            return Err(Errno::ELOOP);
                        }
                        if target.as_bytes().starts_with(b"/") {
                            return Err(Errno::EXDEV);
                        }
                        ahead.extend(segments(&target));
                        continue;
                    }
                    Err(Errno::EINVAL) => {} // no link
                    Err(error) => return Err(error),
                },
            }
            // If it has become a link since, this fails.
            let mut flags = reading() | OFlag::O_NOFOLLOW;
            if !ahead.is_empty() {
                flags |= OFlag::O_DIRECTORY;
            }
            let next = retried(|| openat(here, segment.as_os_str(), flags, Mode::empty()))?;
            if ahead.is_empty() {
                return Ok(next);
            }
            way.push(next);
        }
        // A link to a folder that has been opened on the way, such as `..` or `a/..`.
        let here = way.last().unwrap_or(&self.folder);
        retried(|| openat(here, ".", reading(), Mode::empty()))
    }
}

/// A FIFO without a writer would block whoever opens it, and a terminal could become that of the process.
fn reading() -> OFlag {
    OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY
}

/// The segments of a relative path, the first one last.
fn segments(path: &OsStr) -> Vec<OsString> {
    let segments = path.as_bytes().rsplit(|&byte| byte == b'/').filter(|segment| !segment.is_empty());
    segments.map(|segment| OsStr::from_bytes(segment).to_owned()).collect()
}

fn retried<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    loop {
        match call() {
            Err(Errno::EINTR) => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        io::Read,
        os::unix::fs::symlink,
        sync::atomic::{AtomicU32, Ordering},
    };

    use super::*;

    struct Tree(PathBuf);

    impl Tree {
        fn new() -> Self {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let name = format!("pulsar-root-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            let path = std::env::temp_dir().join(name);
            fs::create_dir_all(path.join("root/sub/deep")).unwrap();
            fs::create_dir_all(path.join("outside")).unwrap();
            for (name, text) in [
                ("secret", "hunter2"),
                ("outside/x", "hunter2"),
                ("root/a", "a"),
                ("root/sub/b", "b"),
                ("root/sub/deep/c", "c"),
            ] {
                fs::write(path.join(name), text).unwrap();
            }
            for (link, target) in [
                ("inside", "a"),
                ("sub/up", "../a"),
                ("folder", "sub/deep"),
                ("sub/back", ".."),
                ("long", "sub/deep/../../sub/./deep//c"),
                ("twice", "sub/up"),
                ("out", "../secret"),
                ("outside", "../outside"),
                ("absolute", "/etc/passwd"),
                ("sub/far", "../../outside/x"),
                ("around", "../root/a"),
                ("circle", "circle"),
                ("dangling", "nothing"),
                ("magic", "/proc/self/fd/0"),
            ] {
                symlink(target, path.join("root").join(link)).unwrap();
            }
            symlink(path.join("root/a"), path.join("root/home")).unwrap();
            nix::unistd::mkfifo(&path.join("root/fifo"), Mode::S_IRUSR).unwrap();
            std::os::unix::net::UnixListener::bind(path.join("root/socket")).unwrap();
            Self(path)
        }
    }

    impl Drop for Tree {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    /// What is there, in a word.
    fn seen(root: &Root, name: &str) -> String {
        let seen = word(root.get(name.as_bytes(), Patience::Some).unwrap());
        match root.get(name.as_bytes(), Patience::None) {
            Ok(opened) => assert_eq!(word(opened), seen, "{name}"),
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "{name}"),
        }
        seen
    }

    fn word(opened: Opened) -> String {
        match opened {
            Opened::File(mut file, metadata) => {
                let mut text = String::new();
                file.read_to_string(&mut text).unwrap();
                assert_eq!(metadata.len(), text.len() as u64);
                text
            }
            Opened::Folder => "folder".into(),
            Opened::Nothing => "-".into(),
        }
    }

    #[test]
    fn links_lead_where_they_may_whoever_resolves_them() {
        let tree = Tree::new();
        let root = Root::open(&tree.0.join("root")).unwrap();
        #[cfg(target_os = "linux")]
        let resolvers = [root.resolver, Resolver::Steps];
        #[cfg(not(target_os = "linux"))]
        let resolvers = [Resolver::Steps];
        // The name; what there is if links stay within, are not followed, lead anywhere.
        for (name, within, never, anywhere) in [
            ("", "folder", "folder", "folder"),
            ("a", "a", "a", "a"),
            ("sub", "folder", "folder", "folder"),
            ("sub/b", "b", "b", "b"),
            ("sub/deep/c", "c", "c", "c"),
            ("nothing", "-", "-", "-"),
            ("a/b", "-", "-", "-"),
            ("inside", "a", "-", "a"),
            ("sub/up", "a", "-", "a"),
            ("folder", "folder", "-", "folder"),
            ("folder/c", "c", "-", "c"),
            ("sub/back", "folder", "-", "folder"),
            ("sub/back/sub/b", "b", "-", "b"),
            ("sub/back/sub/back/inside", "a", "-", "a"),
            ("long", "c", "-", "c"),
            ("twice", "a", "-", "a"),
            ("out", "-", "-", "hunter2"),
            ("outside/x", "-", "-", "hunter2"),
            ("outside", "-", "-", "folder"),
            ("sub/far", "-", "-", "hunter2"),
            ("around", "-", "-", "a"),
            ("home", "-", "-", "a"),
            ("circle", "-", "-", "-"),
            ("dangling", "-", "-", "-"),
            ("fifo", "-", "-", "-"),
            ("socket", "-", "-", "-"),
        ] {
            for resolver in resolvers {
                for (symlinks, expected) in
                    [(Symlinks::Within, within), (Symlinks::Never, never), (Symlinks::Anywhere, anywhere)]
                {
                    let root = Root { symlinks, resolver, ..root.clone() };
                    assert_eq!(seen(&root, name), expected, "{name:?}, {symlinks:?}, {resolver:?}");
                }
            }
        }
        for resolver in resolvers {
            let root = Root { resolver, ..root.clone() };
            for name in ["absolute", "magic", &"x/".repeat(5000), &"y".repeat(300)] {
                assert_eq!(seen(&root, name), "-", "{name:.20}, {resolver:?}");
            }
            // Whatever `path` lets through by mistake, it ends here.
            for name in ["..", "../secret", "sub/../../secret"] {
                assert_eq!(seen(&root, name), "-", "{name:?}, {resolver:?}");
            }
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn linux_resolves_by_itself() {
        let root = Root::open(Path::new("/")).unwrap();
        // Since Linux 5.6; a sandbox that forbids it would show here, and is served all the same.
        assert_eq!(root.resolver, Resolver::Kernel);
    }
}
