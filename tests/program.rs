//! A built program as a child: started, waited for, signalled, ended by its pid.

use std::{
    fmt,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use crate::{PATIENCE, profile_folder, until, wire, workspace};

/// A command that runs an example, in the folder of the workspace and with no setting from outside.
///
/// # Panics
///
/// When the example has not been built.
pub fn example(name: &str) -> Command {
    let path = profile_folder().join("examples").join(name);
    assert!(path.exists(), "{} is missing: build the examples with `cargo build --examples`", path.display());
    let mut command = program(&path);
    command.current_dir(workspace());
    command
}

/// A command that runs a built program with no setting from outside.
pub fn program(path: &Path) -> Command {
    let mut command = Command::new(path);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PULSAR_") {
            command.env_remove(name);
        }
    }
    // Apart from the instances of whoever runs the tests.
    command.env("XDG_RUNTIME_DIR", std::env::temp_dir().join(format!("pulsar-tests-{}", std::process::id())));
    command.env_remove("RUST_LOG").env_remove("RUST_BACKTRACE").env_remove("NO_COLOR").stdin(Stdio::null());
    command
}

/// Runs a command to its end.
///
/// # Panics
///
/// When it cannot be started, or does not end.
pub fn finish(mut command: Command) -> Finished {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let what = format!("{command:?}");
    let mut child = Ended(command.spawn().unwrap_or_else(|error| panic!("{what}: {error}")));
    let (stdout, stderr) = (Text::of(child.0.stdout.take()), Text::of(child.0.stderr.take()));
    let status = child.wait(&what);
    Finished { code: status.code(), stdout: stdout.all(), stderr: stderr.all() }
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to the standard output.
    pub stdout: String,
    /// What it wrote to the standard error.
    pub stderr: String,
}

impl Finished {
    /// Asserts the exit code.
    ///
    /// # Panics
    ///
    /// When it is another one.
    #[track_caller]
    pub fn assert_code(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// Asserts that nothing panicked: that is never the answer to a mistake.
    ///
    /// # Panics
    ///
    /// When something did.
    #[track_caller]
    pub fn assert_calm(&self) -> &Self {
        assert!(!self.stderr.contains("panicked"), "{self}");
        self
    }

    /// Asserts that all of this stands in what it wrote to the standard error.
    ///
    /// # Panics
    ///
    /// When one of them does not.
    #[track_caller]
    pub fn assert_stderr(&self, parts: &[&str]) -> &Self {
        for part in parts {
            assert!(self.stderr.contains(part), "{part:?} is missing in {self}");
        }
        self
    }
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl fmt::Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, stdout, stderr } = self;
        write!(f, "exit code {code:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}

/// A program that serves. Dropping it kills it.
#[derive(Debug)]
pub struct Running {
    child: Ended,
    /// What it has written to the standard output so far.
    pub stdout: Text,
    /// What it has written to the standard error so far.
    pub stderr: Text,
    /// Where it listens, in the order of its lines: `http://127.0.0.1:43211`, `unix:/run/app.sock`.
    pub addresses: Vec<String>,
}

impl Running {
    /// Starts an example on a free port of this machine, with these arguments besides.
    pub fn example(name: &str, arguments: &[&str]) -> Self {
        let mut command = example(name);
        command.args(["-b", "127.0.0.1:0"]).args(arguments);
        Self::start(command, 1)
    }

    /// Starts a program and waits until it listens on so many addresses.
    ///
    /// # Panics
    ///
    /// When it ends before.
    pub fn start(mut command: Command, addresses: usize) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let what = format!("{command:?}");
        let mut child = Ended(command.spawn().unwrap_or_else(|error| panic!("{what}: {error}")));
        let (stdout, stderr) = (Text::of(child.0.stdout.take()), Text::of(child.0.stderr.take()));
        let mut running = Self { child, stdout, stderr, addresses: Vec::new() };
        let seen = running.stderr.wait_for(|text| listening(text).count() == addresses);
        assert!(seen, "{what} does not listen on {addresses} addresses:\n{}", running.stderr.so_far());
        running.addresses = listening(&running.stderr.so_far()).map(str::to_owned).collect();
        running
    }

    /// The first address and port that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.tcp(0)
    }

    /// The address and port number `n`, in the order of the lines.
    ///
    /// # Panics
    ///
    /// When that one is none.
    pub fn tcp(&self, n: usize) -> SocketAddr {
        let address = &self.addresses[n];
        let address = address.strip_prefix("http://").or_else(|| address.strip_prefix("https://"));
        let address = address.expect("an address of TCP");
        address.parse().expect("an address that was printed can be read")
    }

    /// The path of the unix socket number `n`, in the order of the lines.
    ///
    /// # Panics
    ///
    /// When that one is none.
    pub fn unix(&self, n: usize) -> PathBuf {
        self.addresses[n].strip_prefix("unix:").expect("a unix socket").into()
    }

    /// Opens a connection to its first address.
    pub fn connect(&self) -> wire::Client<std::net::TcpStream> {
        wire::Client::tcp(self.address())
    }

    /// Gets a path over a connection of its own.
    #[track_caller]
    pub fn get(&self, path: &str) -> wire::Answer {
        self.connect().get(path)
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.0.id()
    }

    /// Sends it a signal, by the name that `kill` has for it.
    ///
    /// # Panics
    ///
    /// When there is no such signal or process.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.pid().to_string()]).status();
        assert!(status.expect("kill is a program of every Unix").success(), "kill -{name} {}", self.pid());
    }

    /// Waits until it has ended by itself.
    pub fn wait(mut self) -> Finished {
        let status = self.child.wait("the program");
        Finished { code: status.code(), stdout: self.stdout.all(), stderr: self.stderr.all() }
    }

    /// Ends it with TERM, and asserts that it ends in order.
    ///
    /// # Panics
    ///
    /// When it does not.
    #[track_caller]
    pub fn stop(self) -> Finished {
        self.signal("TERM");
        let finished = self.wait();
        finished.assert_code(0);
        finished
    }
}

fn listening(text: &str) -> impl Iterator<Item = &str> {
    // A line counts once it is complete.
    let lines = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
    lines
        .filter_map(|line| line.strip_prefix("pulsar: ")?.split_once(" listening on "))
        .map(|(_, address)| address)
}

/// A child that does not outlive its test.
#[derive(Debug)]
struct Ended(Child);

impl Ended {
    fn wait(&mut self, what: &str) -> ExitStatus {
        let mut status = None;
        until(&format!("{what} ends"), || {
            status = self.0.try_wait().expect("a child can be waited for");
            status.is_some()
        });
        status.expect("it has just been seen")
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        // It has mostly ended before, and been waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a program writes, as it comes.
#[derive(Debug)]
pub struct Text {
    shared: Arc<(Mutex<(String, bool)>, Condvar)>,
    reader: Option<JoinHandle<()>>,
}

impl Text {
    fn of(stream: Option<impl Read + Send + 'static>) -> Self {
        let shared: Arc<(Mutex<(String, bool)>, Condvar)> = Arc::default();
        let stream = stream.expect("the stream was piped");
        let writer = Arc::clone(&shared);
        let reader = thread::spawn(move || {
            let mut lines = BufReader::new(stream);
            let mut line = Vec::new();
            loop {
                line.clear();
                let ended = !matches!(lines.read_until(b'\n', &mut line), Ok(1..));
                let mut state = writer.0.lock().unwrap_or_else(PoisonError::into_inner);
                state.0.push_str(&String::from_utf8_lossy(&line));
                state.1 = ended;
                drop(state);
                writer.1.notify_all();
                if ended {
                    return;
                }
            }
        });
        Self { shared, reader: Some(reader) }
    }

    /// What has come so far.
    pub fn so_far(&self) -> String {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// Waits until the text is so; false if it ended before.
    pub fn wait_for(&self, condition: impl Fn(&str) -> bool) -> bool {
        let state = self.shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited =
            self.shared.1.wait_timeout_while(state, PATIENCE, |(text, ended)| !condition(text) && !*ended);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        condition(&state.0)
    }

    /// Waits until this stands in the text.
    ///
    /// # Panics
    ///
    /// When it ends without.
    #[track_caller]
    pub fn wait_for_text(&self, part: &str) {
        assert!(self.wait_for(|text| text.contains(part)), "{part:?} never came:\n{}", self.so_far());
    }

    fn all(&self) -> String {
        let state = self.shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.shared.1.wait_timeout_while(state, PATIENCE, |(_, ended)| !*ended);
        waited.unwrap_or_else(PoisonError::into_inner).0.0.clone()
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        let ended = self.shared.0.lock().unwrap_or_else(PoisonError::into_inner).1;
        if let Some(reader) = self.reader.take()
            && ended
        {
            let _ = reader.join();
        }
    }
}
