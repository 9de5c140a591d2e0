//! Where files come from: a folder of the system, or the program itself. Behind this nobody knows which of the two it is.

use std::{io, sync::Arc, time::SystemTime};

use super::{
    cached::Patience,
    coding::Coding,
    conditions::{Modified, Validators},
    content::Content,
    embedded::{Held, Tree},
    path::FilePath,
    root::{Opened, Root},
    tag::EntityTag,
};

#[derive(Clone, Debug)]
pub(super) enum Source {
    Disk(Root),
    Embedded(Tree),
}

/// What a name stands for.
#[derive(Debug)]
pub(super) enum Found {
    File(Entry),
    Folder,
    Nothing,
}

/// A file that was found, as it was at that moment.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) content: Content,
    pub(super) size: u64,
    /// What the tag has in it.
    version: String,
    modified: Option<Modified>,
    is_settled: bool,
}

impl Source {
    /// Whether it is worth while to ask without patience.
    pub(super) fn has_cache(&self) -> bool {
        match self {
            Self::Disk(root) => root.has_cache(),
            Self::Embedded(_) => true,
        }
    }

    /// Opens a file.
    ///
    /// # Errors
    ///
    /// Fails where the system does, and with `WouldBlock` if that takes more patience.
    pub(super) fn get(&self, path: &FilePath, patience: Patience) -> io::Result<Found> {
        match self {
            Self::Embedded(tree) => Ok(match tree.get(path.as_bytes()) {
                Held::Folder => Found::Folder,
                Held::Nothing => Found::Nothing,
                Held::File(file) => Found::File(Entry {
                    content: Content::Memory(file.content()),
                    size: file.content().len() as u64,
                    version: file.version().to_owned(),
                    modified: None,
                    is_settled: true,
                }),
            }),
            Self::Disk(root) => {
                let (file, metadata) = match root.get(path.as_bytes(), patience)? {
                    Opened::File(file, metadata) => (file, metadata),
                    Opened::Folder => return Ok(Found::Folder),
                    Opened::Nothing => return Ok(Found::Nothing),
                };
                let (size, modified) = (metadata.len(), metadata.modified()?);
                let known = Modified::new(modified, SystemTime::now());
                let since = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                Ok(Found::File(Entry {
                    content: Content::Disk(Arc::new(file)),
                    size,
                    version: format!("{:x}.{:08x}-{size:x}", since.as_secs(), since.subsec_nanos()),
                    modified: known,
                    is_settled: known.is_none_or(Modified::is_settled),
                }))
            }
        }
    }
}

impl Entry {
    /// What tells this state of the file from others. Each coding of it is a content of its own.
    ///
    /// The tag is weak for a second after a change: a clock that ticks a few hundred times a second may give two changes one time.
    ///
    /// # Errors
    ///
    /// Fails for a version that is no tag, which none of ours is.
    pub(super) fn validators(&self, coding: Option<Coding>) -> io::Result<Validators> {
        let text = match coding {
            Some(coding) => format!("{}-{}", self.version, coding.name()),
            None => self.version.clone(),
        };
        let tag = EntityTag::new(&text, !self.is_settled)
            .ok_or_else(|| io::Error::other(format!("the version {text:?} is no tag")))?;
        Ok(Validators { tag, modified: self.modified })
    }
}
