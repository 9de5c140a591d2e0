//! Lists a folder that is to be part of a program.
//!
//! It follows the rules by which a running program serves one, so that both answer alike: what begins with a dot is left
//! out, and links that lead out of the folder are.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A file that is to be part of the program.
pub(super) struct Listed {
    /// Below the folder, with slashes.
    pub(super) path: String,
    /// Where it is while the program is compiled.
    pub(super) absolute: String,
    /// What its content is named by: its length and a hash.
    pub(super) version: String,
}

/// All regular files below a folder, sorted; or everything that keeps them from being embedded.
pub(super) fn list(folder: &Path, hidden: bool) -> Result<Vec<Listed>, Vec<String>> {
    let root = match folder.canonicalize() {
        Ok(root) => root,
        Err(error) => return Err(vec![cannot_be_read(folder, &error)]),
    };
    if !root.is_dir() {
        return Err(vec![format!("`{}` is not a folder", root.display())]);
    }
    let mut walk = Walk { root: &root, hidden, files: Vec::new(), problems: Vec::new() };
    walk.folder(&root, "", &mut vec![root.clone()]);
    walk.files.sort_by(|one, other| one.path.cmp(&other.path));
    if walk.problems.is_empty() { Ok(walk.files) } else { Err(walk.problems) }
}

fn cannot_be_read(path: &Path, error: &io::Error) -> String {
    format!("`{}` cannot be read: {error}", path.display())
}

struct Walk<'a> {
    root: &'a Path,
    hidden: bool,
    files: Vec<Listed>,
    problems: Vec<String>,
}

impl Walk<'_> {
    /// Goes through a folder. The `way` there has no folder twice: a link to one of them would be a circle.
    fn folder(&mut self, folder: &Path, below: &str, way: &mut Vec<PathBuf>) {
        let entries = match fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(entries) => entries,
            Err(error) => return self.problems.push(cannot_be_read(folder, &error)),
        };
        for entry in entries {
            let name = entry.file_name();
            if name.as_encoded_bytes().starts_with(b".") && !self.hidden {
                continue;
            }
            let real = match entry.path().canonicalize() {
                Ok(real) if real.starts_with(self.root) => real,
                Ok(_) => continue, // leads out
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue, // leads nowhere
                Err(error) => {
                    self.problems.push(cannot_be_read(&entry.path(), &error));
                    continue;
                }
            };
            let (Some(name), Some(absolute)) = (name.to_str(), real.to_str()) else {
                self.problems.push(format!("the name `{}` is not UTF-8", entry.path().display()));
                continue;
            };
            let path = if below.is_empty() { name.to_owned() } else { format!("{below}/{name}") };
            if real.is_dir() {
                if !way.contains(&real) {
                    way.push(real.clone());
                    self.folder(&real, &path, way);
                    way.pop();
                }
            } else if real.is_file() {
                match fs::read(&real) {
                    Ok(content) => {
                        let (absolute, version) = (absolute.to_owned(), version(&content));
                        self.files.push(Listed { path, absolute, version });
                    }
                    Err(error) => self.problems.push(cannot_be_read(&real, &error)),
                }
            }
        }
    }
}

/// The length and FNV-1a of a content. It is to tell two states of a file apart, not to withstand somebody who looks for two
/// that have the same: whoever can change the file can change the program.
fn version(content: &[u8]) -> String {
    let hash = content.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{:x}-{hash:016x}", content.len())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_would_be_served_is_listed() {
        let folder = std::env::temp_dir().join(format!("pulsar-embed-{}", std::process::id()));
        fs::create_dir_all(folder.join("root/sub")).unwrap();
        for name in ["secret", "root/b", "root/a", "root/sub/c", "root/.hidden"] {
            fs::write(folder.join(name), name).unwrap();
        }
        for (link, target) in [
            ("root/link", "a"),
            ("root/sub/up", ".."),
            ("root/out", "../secret"),
            ("root/dangling", "nothing"),
            ("root/other", "sub"),
        ] {
            symlink(target, folder.join(link)).unwrap();
        }
        let names = |hidden| {
            let listed = list(&folder.join("root"), hidden).unwrap_or_else(|problems| panic!("{problems:?}"));
            listed.into_iter().map(|file| file.path).collect::<Vec<_>>()
        };
        assert_eq!(names(false), ["a", "b", "link", "other/c", "sub/c"]);
        assert_eq!(names(true), [".hidden", "a", "b", "link", "other/c", "sub/c"]);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_version_is_that_of_a_content() {
        assert_eq!(version(b""), "0-cbf29ce484222325");
        assert_eq!(version(b"a"), "1-af63dc4c8601ec8c");
        assert_ne!(version(b"ab"), version(b"ba"));
    }
}
