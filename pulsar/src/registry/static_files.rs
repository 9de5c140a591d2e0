//! Folders of static files, as `static_files!` registers them.

use std::{
    env, fmt, io,
    path::{Path, PathBuf},
};

use crate::{
    files::{EmbeddedFile, Files},
    finding::{Finding, Kind, Spot},
    place::Place,
};

/// A folder of static files, as `static_files!` registered it.
#[derive(Clone, Copy)]
pub struct StaticFiles {
    path: &'static str,
    folder: &'static str,
    /// The folder of the crate, where it was when that was compiled.
    manifest: Option<&'static str>,
    manifest_first: bool,
    index: Option<&'static str>,
    fallback: Option<&'static str>,
    cache_control: Option<&'static str>,
    hidden: bool,
    embedded: Option<&'static [EmbeddedFile]>,
    place: Place,
}

/// Not public API: generated code builds it.
impl StaticFiles {
    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(path: &'static str, folder: &'static str, place: Place) -> Self {
        Self {
            path,
            folder,
            manifest: None,
            manifest_first: false,
            index: None,
            fallback: None,
            cache_control: None,
            hidden: false,
            embedded: None,
            place,
        }
    }

    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn manifest(mut self, folder: Option<&'static str>, first: bool) -> Self {
        self.manifest = folder;
        self.manifest_first = first;
        self
    }

    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn index(mut self, name: &'static str) -> Self {
        self.index = Some(name);
        self
    }

    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn fallback(mut self, path: &'static str) -> Self {
        self.fallback = Some(path);
        self
    }

    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn cache_control(mut self, value: &'static str) -> Self {
        self.cache_control = Some(value);
        self
    }

    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn embedded(mut self, files: Option<&'static [EmbeddedFile]>) -> Self {
        self.embedded = files;
        self
    }

    /// Where it is mounted, without the prefix of a scope.
    pub(crate) fn path(&self) -> &'static str {
        self.path
    }

    /// Where the macro stands.
    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// The files, as the macro describes them; or why there are none.
    pub(crate) fn open(&self) -> Result<Files, Finding> {
        let mut files = match self.embedded {
            Some(files) => Files::embedded(files),
            None => self.open_folder()?,
        };
        if let Some(index) = self.index {
            files = files.index(index);
        }
        if let Some(value) = self.cache_control {
            files = files.cache_control(value);
        }
        if let Some(page) = self.fallback {
            if !files.has(page) {
                let message = format!("the page `{page}` is not in the folder `{}` of `{self}`", self.folder);
                return Err(self.problem(message).help("put it there, or leave `fallback` out"));
            }
            files = files.fallback(page);
        }
        Ok(files.hidden(self.hidden))
    }

    /// Opens the first of the folders that are there.
    fn open_folder(&self) -> Result<Files, Finding> {
        let mut missing = Vec::new();
        for path in self.candidates() {
            match Files::new(&path) {
                Ok(files) => return Ok(files),
                Err(error) if error.cause().kind() == io::ErrorKind::NotFound => missing.push(path),
                Err(error) => {
                    let (path, cause) = (path.display(), error.cause());
                    let message = format!("the folder of `{self}` cannot be opened: {path}: {cause}");
                    return Err(self.problem(message));
                }
            }
        }
        let looked: Vec<_> = missing.iter().map(|path| path.display().to_string()).collect();
        let looked =
            looked.join(" and ") + if looked.len() > 1 { " do not exist" } else { " does not exist" };
        let problem = self.problem(format!("the folder of `{self}` is not there: {looked}"));
        Err(problem.note("create it, name another one, or put the files into the program with `embed`"))
    }

    fn problem(&self, message: String) -> Finding {
        Finding::new(Kind::StaticFiles, message).at(Spot::new(self.place))
    }

    /// Where the folder may be, the better place first.
    fn candidates(&self) -> Vec<PathBuf> {
        let folder = Path::new(self.folder);
        if folder.is_absolute() {
            return vec![folder.to_owned()];
        }
        let here = env::current_dir().map_or_else(|_| folder.to_owned(), |here| here.join(folder));
        let beside = self.manifest.map(|manifest| Path::new(manifest).join(folder));
        let mut paths: Vec<_> = if self.manifest_first {
            beside.into_iter().chain([here]).collect()
        } else {
            [here].into_iter().chain(beside).collect()
        };
        paths.dedup();
        paths
    }
}

/// As it was written, without the options.
impl fmt::Display for StaticFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "static_files!({:?}, {:?})", self.path, self.folder)
    }
}

impl fmt::Debug for StaticFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} at {}", self.place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place::new("shop", "src/main.rs", 7, 1);

    #[test]
    fn a_folder_is_looked_for_in_both_places() {
        let here = env::current_dir().unwrap();
        let files = StaticFiles::new("/static", "assets", PLACE);
        let beside = Path::new("/crate/assets");
        for (files, expected) in [
            (files, vec![here.join("assets")]),
            (files.manifest(Some("/crate"), false), vec![here.join("assets"), beside.into()]),
            (files.manifest(Some("/crate"), true), vec![beside.into(), here.join("assets")]),
            (
                StaticFiles::new("/", "/srv/www", PLACE).manifest(Some("/crate"), true),
                vec!["/srv/www".into()],
            ),
        ] {
            assert_eq!(files.candidates(), expected);
        }
    }

    #[test]
    fn what_is_missing_is_told_with_both_paths_and_the_place() {
        let here = env::current_dir().unwrap();
        let here = here.display();
        let files = StaticFiles::new("/static", "no-assets", PLACE).manifest(Some("/no/crate"), true);
        assert_eq!(
            files.open().unwrap_err().to_string(),
            format!(
                "the folder of `static_files!(\"/static\", \"no-assets\")` is not there: /no/crate/no-assets and \
                 {here}/no-assets do not exist\n    create it, name another one, or put the files into the program \
                 with `embed`\n    at src/main.rs:7"
            )
        );
        let no_folder = StaticFiles::new("/static", "/etc/hostname", PLACE);
        assert_eq!(
            no_folder.open().unwrap_err().to_string(),
            "the folder of `static_files!(\"/static\", \"/etc/hostname\")` cannot be opened: /etc/hostname: Not a \
             directory (os error 20)\n    at src/main.rs:7"
        );
        let page = StaticFiles::new("/", "src", PLACE)
            .manifest(Some(env!("CARGO_MANIFEST_DIR")), true)
            .fallback("app.html");
        assert_eq!(
            page.open().unwrap_err().to_string(),
            "the page `app.html` is not in the folder `src` of `static_files!(\"/\", \"src\")`; put it there, or \
             leave `fallback` out\n    at src/main.rs:7"
        );
    }
}
