//! The file that says which process the arbiter is, and that there is no second one.
//!
//! What counts is the lock on the file, which ends with its process, not the number in it: a number may be anybody's by now.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, Write},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::fs::{MetadataExt, OpenOptionsExt},
    },
    path::{Path, PathBuf},
    process,
};

use nix::fcntl::{Flock, FlockArg};

/// A file with our process id, locked.
#[derive(Debug)]
pub(super) struct Pidfile {
    path: PathBuf,
    file: Flock<File>,
}

impl Pidfile {
    /// Creates the file, or takes it over from a process that is gone.
    ///
    /// # Errors
    ///
    /// When another process holds it, or it cannot be written; a line that says what to do.
    pub(super) fn lock(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let fail = |error: &dyn std::fmt::Display| {
            format!(
                "cannot write the pidfile {shown}: {error}. Check that its directory exists and is writable"
            )
        };
        loop {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false).mode(0o644);
            // Whoever may write to the directory cannot have us write elsewhere.
            options.custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits());
            let file = options.open(path).map_err(|error| fail(&error))?;
            let mut lock = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(lock) => lock,
                Err((mut file, nix::errno::Errno::EWOULDBLOCK)) => {
                    let mut text = String::new();
                    let _ = file.read_to_string(&mut text);
                    let holder =
                        text.trim().parse::<u32>().map_or(String::new(), |pid| format!(" (process {pid})"));
                    return Err(format!(
                        "another instance{holder} holds the pidfile {shown}. Stop it, or choose another pidfile"
                    ));
                }
                Err((_, error)) => return Err(fail(&error)),
            };
            // The one that we have locked may have been removed by its owner in the meantime.
            if !is_at(&lock, path) {
                continue;
            }
            let written = write(&mut lock);
            if let Err(error) = written {
                let _ = fs::remove_file(path);
                return Err(fail(&error));
            }
            return Ok(Self { path: path.to_owned(), file: lock });
        }
    }

    /// Takes over the lock of the program that ran in this process before.
    pub(super) fn inherit(path: PathBuf, fd: OwnedFd) -> Result<Self, String> {
        match Flock::lock(File::from(fd), FlockArg::LockExclusiveNonblock) {
            Ok(file) => Ok(Self { path, file }),
            Err((_, error)) => Err(format!("the lock of the pidfile {} is lost: {error}", path.display())),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Drop for Pidfile {
    fn drop(&mut self) {
        if is_at(&self.file, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn write(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", process::id())?;
    file.sync_data()
}

/// Whether this file is the one that stands at the path.
fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(open), Ok(there)) = (file.metadata(), fs::symlink_metadata(path)) else { return false };
    (open.dev(), open.ino()) == (there.dev(), there.ino())
}
