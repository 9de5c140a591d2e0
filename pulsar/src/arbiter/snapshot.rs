//! Which files there are, and marks that tell whether one has changed: what `watch` compares.
//!
//! A look at many files is made in portions, so that whoever looks has time for other things in between. It reads folders and
//! the heads of files, never what is in them. The rule it keeps: what vanishes under its eyes is no error.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs::{self, DirEntry, Metadata},
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use serde::{Deserialize, Serialize};

/// What is different when the file is another one, or has been written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Mark {
    file: (u64, u64),
    size: u64,
    modified: Option<SystemTime>,
}

impl Mark {
    pub(super) fn of(file: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        // Not when its inode has changed: cargo does that by one more link to the program that runs.
        Self { file: (file.dev(), file.ino()), size: file.len(), modified: file.modified().ok() }
    }

    /// The mark of a program that could be executed, if there is one at this path.
    pub(super) fn of_program(path: &Path) -> Option<Self> {
        use std::os::unix::fs::PermissionsExt;
        let file = fs::metadata(path).ok()?;
        let is_program = file.is_file() && file.len() > 0 && file.permissions().mode() & 0o111 != 0;
        is_program.then(|| Self::of(&file))
    }
}

/// All files of a look, by their paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Snapshot {
    files: BTreeMap<OsString, Mark>,
    /// There were more than [`MOST`].
    pub(super) is_cut: bool,
}

/// The most files and folders that are looked at.
pub(super) const MOST: usize = 10_000;
/// Folders that hold what was made from something else.
const MADE: [&str; 2] = ["target", "node_modules"];

impl Snapshot {
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// The paths that are in one and not in the other, or have changed.
    pub(super) fn differences<'a>(&'a self, other: &'a Self) -> Vec<&'a Path> {
        let changed = self.files.iter().filter(|(path, mark)| other.files.get(*path) != Some(mark));
        let gone = other.files.keys().filter(|path| !self.files.contains_key(*path));
        changed.map(|(path, _)| path).chain(gone).map(Path::new).collect()
    }

    /// A number that another snapshot hardly ever has.
    pub(super) fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.files.hash(&mut hasher);
        hasher.finish()
    }
}

/// A look that is under way.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// What has still to be looked at: paths that were named, and folders below them.
    folders: Vec<PathBuf>,
    entries: Option<fs::ReadDir>,
    seen: usize,
    snapshot: Snapshot,
}

impl Look {
    /// A look at these files, and at all that is in these folders.
    pub(super) fn at(paths: &[PathBuf]) -> Self {
        Self { folders: paths.iter().rev().cloned().collect(), ..Self::default() }
    }

    /// Goes on for about so long. The snapshot, if that was the end of it.
    pub(super) fn go_on(&mut self, budget: Duration, ignored: &[PathBuf]) -> Option<Snapshot> {
        let begun = Instant::now();
        while begun.elapsed() < budget {
            if self.seen >= MOST {
                self.snapshot.is_cut = true;
                return Some(std::mem::take(&mut self.snapshot));
            }
            if let Some(entry) = self.entries.as_mut().and_then(Iterator::next) {
                if let Ok(entry) = entry {
                    self.see(&entry, ignored);
                }
                continue;
            }
            self.entries = None;
            let Some(path) = self.folders.pop() else { return Some(std::mem::take(&mut self.snapshot)) };
            match fs::metadata(&path) {
                Ok(found) if found.is_dir() => self.entries = fs::read_dir(&path).ok(),
                Ok(found) => self.add(path, &found, ignored),
                Err(_) => {}
            }
        }
        None
    }

    fn see(&mut self, entry: &DirEntry, ignored: &[PathBuf]) {
        self.seen += 1;
        let name = entry.file_name();
        let Ok(kind) = entry.file_type() else { return };
        if kind.is_dir() {
            if !is_hidden(&name) && !MADE.iter().any(|made| name == *made) {
                self.folders.push(entry.path());
            }
            return;
        }
        if is_hidden(&name) || is_backup(&name) {
            return;
        }
        let path = entry.path();
        // A link to a folder may lead back to where it stands; what it leads to can be named.
        if let Ok(found) = fs::metadata(&path) {
            self.add(path, &found, ignored);
        }
    }

    fn add(&mut self, path: PathBuf, found: &Metadata, ignored: &[PathBuf]) {
        let is_ignored = || std::path::absolute(&path).is_ok_and(|path| ignored.contains(&path));
        if found.is_file() && (ignored.is_empty() || !is_ignored()) {
            self.snapshot.files.insert(path.into_os_string(), Mark::of(found));
        }
    }
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// What editors leave beside a file while it is edited.
fn is_backup(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.ends_with(b"~") || (name.starts_with(b"#") && name.ends_with(b"#"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A folder of a test, which goes away with it.
    pub(in crate::arbiter) struct Folder(PathBuf);

    impl Folder {
        pub(in crate::arbiter) fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("pulsar-{}-{name}", std::process::id()));
            fs::create_dir_all(&folder).expect("a folder can be made");
            Self(folder)
        }

        pub(in crate::arbiter) fn join(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }

        pub(in crate::arbiter) fn write(&self, name: &str, text: &str) {
            let path = self.join(name);
            fs::create_dir_all(path.parent().expect("it is in the folder")).expect("a folder can be made");
            fs::write(path, text).expect("a file can be written");
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    /// Looks to the end, in portions.
    fn look(paths: &[PathBuf], ignored: &[PathBuf]) -> Snapshot {
        let mut look = Look::at(paths);
        loop {
            if let Some(snapshot) = look.go_on(Duration::from_micros(50), ignored) {
                return snapshot;
            }
        }
    }

    fn names(folder: &Path, snapshot: &Snapshot) -> Vec<String> {
        let name = |path: &OsString| {
            Path::new(path).strip_prefix(folder).expect("it was found there").display().to_string()
        };
        snapshot.files.keys().map(name).collect()
    }

    #[test]
    fn a_folder_is_all_that_somebody_writes_in_it() {
        let folder = Folder::new("written");
        let at = |name: &str| folder.join(name);
        for name in [
            "a.html",
            "mail/b.txt",
            "mail/deep/c",
            ".hidden",
            ".git/HEAD",
            "target/debug/x",
            "mail/target/y",
            "node_modules/z",
            "a.html~",
            "#a.html#",
            "access.log",
        ] {
            folder.write(name, name);
        }
        std::os::unix::fs::symlink(".", at("mail/again")).expect("a link can be made");
        std::os::unix::fs::symlink("../a.html", at("mail/d.html")).expect("a link can be made");
        std::os::unix::fs::symlink("nowhere", at("mail/e.html")).expect("a link can be made");
        let ignored = [at("access.log")];
        let paths = [folder.0.clone(), at("nothing"), at("target/debug/x")];
        let before = look(&paths, &ignored);
        assert_eq!(
            names(&folder.0, &before),
            ["a.html", "mail/b.txt", "mail/d.html", "mail/deep/c", "target/debug/x"],
            "what is named counts, also in a folder that does not"
        );
        assert_eq!(before, look(&paths, &ignored));

        folder.write("a.html", "longer than before");
        fs::remove_file(at("mail/b.txt")).expect("it is there");
        folder.write("mail/f", "");
        let after = look(&paths, &ignored);
        let paths: Vec<_> = after.differences(&before).into_iter().map(Path::to_owned).collect();
        assert_eq!(paths, [at("a.html"), at("mail/d.html"), at("mail/f"), at("mail/b.txt")]);
        assert_ne!(after.digest(), before.digest());
    }

    #[test]
    fn a_file_that_was_replaced_by_its_like_has_changed() {
        let folder = Folder::new("replaced");
        let (file, other) = (folder.join("a"), folder.join("b"));
        fs::write(&file, "text").expect("a file can be written");
        let before = fs::metadata(&file).expect("it is there");
        let modified = before.modified().expect("the system knows");
        fs::write(&other, "text").expect("a file can be written");
        fs::File::options()
            .write(true)
            .open(&other)
            .and_then(|file| file.set_modified(modified))
            .expect("ours");
        fs::rename(&other, &file).expect("both are in one folder");
        assert_ne!(Mark::of(&before), Mark::of(&fs::metadata(&file).expect("it is there")));
        assert_eq!(Mark::of_program(&file), None, "nobody may execute it");
    }

    #[test]
    fn a_look_ends_where_there_is_too_much() {
        let folder = Folder::new("many");
        for n in 0..=MOST {
            folder.write(&n.to_string(), "");
        }
        let snapshot = look(std::slice::from_ref(&folder.0), &[]);
        assert!(snapshot.is_cut);
        assert_eq!(snapshot.len(), MOST);
    }
}
