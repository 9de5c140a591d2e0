//! Programs that are built from a workspace of their own, in `fixtures/`. One run of cargo builds all of a profile.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use crate::{
    profile_folder,
    program::{Finished, Running, finish, program},
    workspace,
};

/// What is asked of a release build as well. Optimizing a whole program takes long, and those that refuse to start tell
/// nothing new about linking.
const SERVING: [&str; 5] = ["files", "site", "only_named", "two_apps_routes", "wsgi_site"];

/// Builds the programs once, and gives the folders they are in.
fn built() -> &'static [PathBuf; 2] {
    static BUILT: OnceLock<[PathBuf; 2]> = OnceLock::new();
    BUILT.get_or_init(|| {
        let serving = SERVING.map(|name| ["--bin", name]).concat();
        for (profile, programs) in [("dev", vec!["--bins"]), ("release", serving)] {
            let finished = cargo(&[&["build", "--profile", profile], &*programs].concat());
            assert_eq!(finished.code, Some(0), "the programs of tests/fixtures cannot be built:\n{finished}");
        }
        [target().join("debug"), target().join("release")]
    })
}

/// Runs the unit tests of a crate of the workspace, with these arguments besides.
///
/// # Panics
///
/// When cargo does not end.
pub fn test_of(package: &str, arguments: &[&str]) -> Finished {
    cargo(&[&["test", "--package", package], arguments].concat())
}

/// Where the programs are built.
fn target() -> PathBuf {
    let folder = profile_folder();
    folder.parent().expect("a profile has its folder in that of the target").join("fixtures")
}

/// Runs a command of cargo on the crates of `fixtures/`.
///
/// # Panics
///
/// When cargo cannot be run, or the lock file not be copied.
pub fn cargo(arguments: &[&str]) -> Finished {
    static LOCKED: OnceLock<()> = OnceLock::new();
    let fixtures = workspace().join("tests/fixtures");
    // The same versions as everything else: what is there can be built without a network.
    LOCKED.get_or_init(|| {
        let copied = fs::copy(workspace().join("Cargo.lock"), fixtures.join("Cargo.lock"));
        copied.map(drop).expect("the lock file can be copied");
    });
    let mut command = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    command.args(arguments).args(["--offline", "--target-dir"]).arg(target()).current_dir(&fixtures);
    let output = command.output().expect("cargo can be run");
    Finished {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Asks something of a program as both profiles built it.
pub fn each(name: &str, ask: impl Fn(&Program)) {
    for folder in built() {
        ask(&Program(folder.join(name)));
    }
}

/// A program that has nothing to do with linking, from the debug build.
pub fn debug(name: &str) -> Program {
    Program(built()[0].join(name))
}

/// A built program.
#[derive(Debug)]
pub struct Program(PathBuf);

impl Program {
    /// Runs it to its end.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        let mut command = self.command(Path::new("."));
        command.args(arguments);
        finish(command)
    }

    /// Tries to serve, which must fail.
    ///
    /// # Panics
    ///
    /// When it does not, or not in order.
    #[track_caller]
    pub fn refuse(&self) -> Finished {
        self.refuse_with(&[])
    }

    /// Tries to serve with these arguments, which must fail.
    ///
    /// # Panics
    ///
    /// When it does not, or not in order.
    #[track_caller]
    pub fn refuse_with(&self, arguments: &[&str]) -> Finished {
        let finished = self.run(&[&["-b", "127.0.0.1:0"], arguments].concat());
        finished.assert_code(3).assert_calm();
        assert_eq!(finished.stdout, "", "{finished}");
        finished
    }

    /// Starts it, on a free port for its first application.
    pub fn serve(&self, addresses: usize) -> Running {
        self.serve_with(&["-b", "127.0.0.1:0"], addresses)
    }

    /// Starts it.
    pub fn serve_with(&self, arguments: &[&str], addresses: usize) -> Running {
        let mut command = self.command(Path::new("."));
        command.args(arguments);
        Running::start(command, addresses)
    }

    /// The table of routes. It must be there in full, and nothing be wrong.
    ///
    /// # Panics
    ///
    /// When it is another one.
    #[track_caller]
    pub fn assert_routes(&self, expected: &str) {
        let finished = self.run(&["routes"]);
        finished.assert_code(0);
        assert_eq!(finished.stdout, expected, "{}", self.0.display());
        assert_eq!(finished.stderr, "");
    }

    /// A command that runs it in this folder, with no setting from outside.
    pub fn command(&self, folder: &Path) -> Command {
        let mut command = program(&self.0);
        command.current_dir(folder);
        command
    }
}
