//! What the tests have in common: built programs as children, and HTTP as bytes.
//!
//! Nothing here knows pulsar's code: it sees programs as their users do. The rule it keeps: whoever waits, waits for a
//! condition, and never without an end.

pub mod certificates;
pub mod fixture;
pub mod frames;
pub mod log;
pub mod program;
pub mod strict;
pub mod wire;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

/// Longer than anything here takes on a busy machine, shorter than the patience of whoever waits for the tests.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for something that another process or thread brings about.
///
/// # Panics
///
/// When it does not come true; `what` says what was waited for.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "it never came true that {what}");
        // Not a guess at how long it takes: only so that the one that is waited for gets the processor.
        thread::park_timeout(Duration::from_millis(2));
    }
}

/// The folder of the workspace.
///
/// # Panics
///
/// Never: the package of the tests stands in the workspace.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests stand in the workspace")
}

/// The folder that the build of this test is in: `target/debug`.
///
/// # Panics
///
/// When the test runs from a place where cargo puts none.
pub fn profile_folder() -> PathBuf {
    let test = env::current_exe().expect("a test knows its own file");
    let deps = test.parent().expect("a file has a folder");
    deps.parent().expect("tests are built in target/PROFILE/deps").to_owned()
}

/// An empty folder that goes away with the test.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// A new folder. Its path is short, since the system allows about 100 bytes for that of a socket.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    #[allow(clippy::new_without_default)] // a default that makes folders would surprise
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("pulsar-{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = env::temp_dir().join(name);
        fs::create_dir(&path).expect("the folder for temporary files can be written to");
        Self(path)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The path of a file in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file in it.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.join(name);
        fs::write(&path, text).expect("a file of a new folder can be written");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind is in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Compiles and runs the Rust of the README and of the guide. `docs.rs` holds that no page is missing.
#[cfg(doctest)]
mod documentation {
    #[doc = include_str!("../README.md")]
    mod readme {}
    #[doc = include_str!("../docs/guide/src/answers.md")]
    mod answers {}
    #[doc = include_str!("../docs/guide/src/arguments.md")]
    mod arguments {}
    #[doc = include_str!("../docs/guide/src/deploying.md")]
    mod deploying {}
    #[doc = include_str!("../docs/guide/src/check.md")]
    mod check {}
    #[doc = include_str!("../docs/guide/src/errors.md")]
    mod errors {}
    #[doc = include_str!("../docs/guide/src/files.md")]
    mod files {}
    #[doc = include_str!("../docs/guide/src/hooks.md")]
    mod hooks {}
    #[doc = include_str!("../docs/guide/src/http.md")]
    mod http {}
    #[doc = include_str!("../docs/guide/src/introduction.md")]
    mod introduction {}
    #[doc = include_str!("../docs/guide/src/middleware.md")]
    mod middleware {}
    #[doc = include_str!("../docs/guide/src/proxies.md")]
    mod proxies {}
    #[doc = include_str!("../docs/guide/src/routes.md")]
    mod routes {}
    #[doc = include_str!("../docs/guide/src/settings.md")]
    mod settings {}
    #[doc = include_str!("../docs/guide/src/state.md")]
    mod state {}
    #[doc = include_str!("../docs/guide/src/testing.md")]
    mod testing {}
    #[doc = include_str!("../docs/guide/src/websocket.md")]
    mod websocket {}
    #[doc = include_str!("../docs/guide/src/tls.md")]
    mod tls {}
    #[doc = include_str!("../docs/guide/src/wsgi.md")]
    mod wsgi {}
}
