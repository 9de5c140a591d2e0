//! The file that a program is started from, and what takes its place.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use pulsar_tests::{Folder, profile_folder};

/// A program in a folder of its own, to be replaced there as a deployment would do it: by renaming.
#[derive(Debug)]
pub(crate) struct Image {
    /// Where it stands.
    pub(crate) path: PathBuf,
}

impl Image {
    /// A copy of an example.
    pub(crate) fn of(example: &str, folder: &Folder) -> Self {
        let path = folder.join(example);
        fs::copy(built(example), &path).expect("the example has been built, and there is room for it");
        Self { path }
    }

    /// Puts another copy of the same program in its place. Its inode comes back.
    pub(crate) fn replace(&self) -> u64 {
        let new = self.path.with_extension("new");
        let name = self.path.file_name().and_then(|name| name.to_str()).expect("a name of ours");
        fs::copy(built(name), &new).expect("there is room for it");
        self.take(&new)
    }

    /// Puts a file with these bytes in its place, executable or not.
    pub(crate) fn replace_by(&self, bytes: &[u8], mode: u32) -> u64 {
        let new = self.path.with_extension("new");
        fs::write(&new, bytes).expect("a new file can be written");
        fs::set_permissions(&new, fs::Permissions::from_mode(mode)).expect("it is ours");
        self.take(&new)
    }

    /// Takes the file away.
    pub(crate) fn remove(&self) {
        fs::remove_file(&self.path).expect("the file was there");
    }

    fn take(&self, new: &Path) -> u64 {
        let inode = fs::metadata(new).expect("it has just been written").ino();
        fs::rename(new, &self.path).expect("both are in one folder");
        inode
    }
}

fn built(example: &str) -> PathBuf {
    profile_folder().join("examples").join(example)
}
