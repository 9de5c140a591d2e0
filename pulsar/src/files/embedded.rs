//! Files that are part of the program.

use std::{collections::BTreeMap, fmt, ops::Bound, sync::Arc};

/// A file that was compiled into the program, as `static_files!` does with `embed`.
///
/// ```
/// use pulsar::files::EmbeddedFile;
/// let file = EmbeddedFile::new("css/site.css", b"p { margin: 0 }", "v1");
/// assert_eq!(file.path(), "css/site.css");
/// ```
#[derive(Clone, Copy)]
pub struct EmbeddedFile {
    path: &'static str,
    content: &'static [u8],
    version: &'static str,
}

impl EmbeddedFile {
    /// A file at this path below the root, which has no slash at its begin. The `version` is another one when the content is, as a
    /// hash of it is; it becomes the `ETag`.
    pub const fn new(path: &'static str, content: &'static [u8], version: &'static str) -> Self {
        Self { path, content, version }
    }

    /// Where it stands below the root.
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// What is in it.
    pub const fn content(&self) -> &'static [u8] {
        self.content
    }

    /// What names its content.
    pub const fn version(&self) -> &'static str {
        self.version
    }
}

impl fmt::Debug for EmbeddedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmbeddedFile({:?}, {} bytes)", self.path, self.content.len())
    }
}

/// What a name stands for.
#[derive(Debug)]
pub(super) enum Held<'a> {
    File(&'a EmbeddedFile),
    Folder,
    Nothing,
}

/// Embedded files by their path.
#[derive(Clone, Debug)]
pub(super) struct Tree(Arc<BTreeMap<&'static [u8], EmbeddedFile>>);

impl Tree {
    pub(super) fn new(files: &[EmbeddedFile]) -> Self {
        Self(Arc::new(files.iter().map(|file| (file.path.as_bytes(), *file)).collect()))
    }

    /// What a name stands for. A folder is what files are in.
    pub(super) fn get(&self, name: &[u8]) -> Held<'_> {
        if let Some(file) = self.0.get(name) {
            return Held::File(file);
        }
        let inside = if name.is_empty() { Vec::new() } else { [name, b"/"].concat() };
        let behind = (Bound::Included(inside.as_slice()), Bound::Unbounded);
        match self.0.range::<[u8], _>(behind).next() {
            Some((path, _)) if path.starts_with(&inside) => Held::Folder,
            _ => Held::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_files_or_what_files_are_in() {
        let file = |path| EmbeddedFile::new(path, b"", "v1");
        let tree = Tree::new(&[file("z"), file("a-b"), file("a/b/c"), file("a.txt")]);
        for (name, is_file, is_folder) in [
            ("z", true, false),
            ("a/b/c", true, false),
            ("a", false, true),
            ("a/b", false, true),
            ("", false, true),
            ("a/", false, false),
            ("a-", false, false),
            ("zz", false, false),
            ("a/b/c/d", false, false),
        ] {
            let held = tree.get(name.as_bytes());
            let (file, folder) = (matches!(held, Held::File(_)), matches!(held, Held::Folder));
            assert_eq!((file, folder), (is_file, is_folder), "{name:?}");
        }
        assert!(matches!(Tree::new(&[]).get(b""), Held::Nothing));
    }
}
