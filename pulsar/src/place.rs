//! A place in the source, so that every message about a registration can name it.

use std::{fmt, panic::Location};

/// Where in the source something was registered; prints as `src/users.rs:12`.
///
/// ```standalone_crate
/// #[pulsar::get("/")]
/// async fn home() {}
///
/// # fn main() {
/// let registry = pulsar::Registry::of(&[module_path!()]);
/// let place = registry.routes().next().unwrap().place();
/// assert_eq!(place.krate(), module_path!());
/// assert!(place.is_within(module_path!()));
/// assert_eq!(place.to_string(), format!("{}:{}", place.file(), place.line()));
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    file: &'static str,
    line: u32,
    column: u32,
    module: &'static str,
}

impl Place {
    /// Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(module: &'static str, file: &'static str, line: u32, column: u32) -> Self {
        Self { file, line, column, module }
    }

    /// Where the macro was called that writes this call. Not public API. Used by generated code.
    #[doc(hidden)]
    #[must_use]
    #[track_caller]
    pub const fn here(module: &'static str) -> Self {
        let at = Location::caller();
        Self { file: at.file(), line: at.line(), column: at.column(), module }
    }

    /// The file, as the compiler was given it.
    pub const fn file(&self) -> &'static str {
        self.file
    }

    /// The line, counted from 1.
    pub const fn line(&self) -> u32 {
        self.line
    }

    /// The path of the module, beginning with its crate.
    pub const fn module(&self) -> &'static str {
        self.module
    }

    /// The crate: the first part of the module path.
    pub fn krate(&self) -> &'static str {
        self.module.split("::").next().unwrap_or(self.module)
    }

    /// Whether this place is in the module `path` or below it.
    pub fn is_within(&self, path: &str) -> bool {
        self.module.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_within_itself_and_its_ancestors_but_not_its_namesakes() {
        let place = Place::new("blog::api::v1", "src/api.rs", 3, 1);
        for (path, within) in [
            ("blog", true),
            ("blog::api", true),
            ("blog::api::v1", true),
            ("blog::ap", false),
            ("blog::api::v", false),
            ("blog::api::v1::x", false),
            ("other", false),
        ] {
            assert_eq!(place.is_within(path), within, "{path}");
        }
        assert_eq!(place.krate(), "blog");
        assert_eq!(place.to_string(), "src/api.rs:3");
    }
}
