//! What tells files from those that were there before, without reading them.

use std::{fs, io, os::unix::fs::MetadataExt};

use crate::server::tls::config::TlsConfig;

/// What tells a file from the one that was there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark(Vec<Result<File, io::ErrorKind>>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct File {
    inode: (u64, u64),
    modified: (i64, i64),
    size: u64,
}

impl Mark {
    /// The files of a configuration as they are now. Links are followed: certbot replaces what they point at.
    pub(super) fn of(config: &TlsConfig) -> Self {
        let marks = config.files().map(|path| match fs::metadata(path) {
            Ok(found) => Ok(File {
                inode: (found.dev(), found.ino()),
                modified: (found.mtime(), found.mtime_nsec()),
                size: found.size(),
            }),
            Err(error) => Err(error.kind()),
        });
        Self(marks.collect())
    }

    /// Whether this process may not look at one of them.
    pub(super) fn is_denied(&self) -> bool {
        self.0.contains(&Err(io::ErrorKind::PermissionDenied))
    }
}
