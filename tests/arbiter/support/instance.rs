//! A program with workers: started in a folder of its own, asked by its commands, ended with all its processes.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use pulsar_tests::{
    Folder, PATIENCE, profile_folder,
    program::{Finished, Running, finish, program},
    until,
    wire::Answer,
};
use serde::Deserialize;

use super::{Target, proc};

/// How a program is started: in a private folder, which is its runtime directory too.
#[derive(Debug)]
pub(crate) struct Setup {
    folder: Folder,
    /// What is started.
    program: PathBuf,
    /// What its commands are asked from: the same program where it was built, whatever becomes of the other file.
    built: PathBuf,
    /// What stands before the program, such as `prlimit --nofile=64`.
    before: Vec<String>,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    addresses: usize,
    control: bool,
}

impl Setup {
    /// The example `faults` on a free port, with these arguments besides: addresses among them come after that one.
    pub(crate) fn faults(arguments: &[&str]) -> Self {
        Self::example("faults", &["-b", "127.0.0.1:0"]).with(arguments)
    }

    /// Another example, with these arguments only.
    pub(crate) fn example(name: &str, arguments: &[&str]) -> Self {
        let folder = Folder::new();
        let program = profile_folder().join("examples").join(name);
        let setup = Self {
            folder,
            built: program.clone(),
            program,
            before: Vec::new(),
            arguments: Vec::new(),
            variables: Vec::new(),
            addresses: 1,
            control: true,
        };
        setup.with(arguments)
    }

    /// The folder that goes away with the program.
    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// More arguments.
    pub(crate) fn with(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        self
    }

    /// A variable of the environment.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The file that says what the start of a worker does, at first an empty one.
    pub(crate) fn boot_file(self) -> Self {
        let file = self.folder.write("boot", "").display().to_string();
        self.variable("FAULTS_BOOT_FILE", &file)
    }

    /// The program at another place.
    pub(crate) fn at(mut self, program: &Path) -> Self {
        program.clone_into(&mut self.program);
        self
    }

    /// A program that starts this one, with its arguments.
    pub(crate) fn under(mut self, before: &[&str]) -> Self {
        self.before = before.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// How many addresses it listens on.
    pub(crate) fn addresses(mut self, count: usize) -> Self {
        self.addresses = count;
        self
    }

    /// Without the flag that says where the control socket is.
    pub(crate) fn without_control(mut self) -> Self {
        self.control = false;
        self
    }

    /// The command.
    pub(crate) fn command(&self) -> Command {
        let mut command = match self.before.split_first() {
            Some((first, rest)) => {
                let mut command = program(Path::new(first));
                command.args(rest).arg(&self.program);
                command
            }
            None => program(&self.program),
        };
        command.args(&self.arguments);
        if self.control {
            command.arg("--control-socket").arg(self.folder.join("control"));
        }
        for variable in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID"] {
            command.env_remove(variable);
        }
        command.env("XDG_RUNTIME_DIR", self.folder.path()).current_dir(self.folder.path());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs it to its end.
    pub(crate) fn finish(&self) -> Finished {
        finish(self.command())
    }

    /// Starts it and waits until it says where it listens.
    pub(crate) fn start(self) -> Instance {
        let running = Running::start(self.command(), self.addresses);
        Instance { setup: self, running: Some(running) }
    }

    /// Starts it and waits until so many workers of its first application are ready.
    pub(crate) fn start_ready(self, workers: usize) -> Instance {
        let instance = self.start();
        instance.wait_ready(workers);
        instance
    }
}

/// A program that serves. Dropping it kills it and its workers.
#[derive(Debug)]
pub(crate) struct Instance {
    setup: Setup,
    running: Option<Running>,
}

impl Instance {
    /// The process that was started.
    pub(crate) fn running(&self) -> &Running {
        self.running.as_ref().expect("it is taken only when the instance ends")
    }

    /// How it was started.
    pub(crate) fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> &Folder {
        &self.setup.folder
    }

    /// The arbiter.
    pub(crate) fn pid(&self) -> u32 {
        self.running().pid()
    }

    /// The first address.
    pub(crate) fn address(&self) -> SocketAddr {
        self.running().address()
    }

    /// The first address, for load.
    pub(crate) fn target(&self) -> Target {
        Target::Tcp(self.address())
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        self.running().stderr.so_far()
    }

    /// Gets a path over a connection of its own.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.running().get(path)
    }

    /// Sends a signal to the arbiter.
    pub(crate) fn signal(&self, name: &str) {
        self.running().signal(name);
    }

    /// Sets what the start of a worker does from now on; see [`Setup::boot_file`].
    pub(crate) fn boot(&self, fault: &str) {
        self.folder().write("boot", fault);
    }

    /// The workers: the children of the arbiter that run.
    pub(crate) fn workers(&self) -> BTreeSet<u32> {
        proc::workers(self.pid())
    }

    /// The command line of one of its commands, such as `info --json`.
    pub(crate) fn command_line(&self, words: &[&str]) -> Command {
        let mut command = program(&self.setup.built);
        command.args(words);
        if self.setup.control {
            command.arg("--control-socket").arg(self.folder().join("control"));
        }
        command.env("XDG_RUNTIME_DIR", self.folder().path()).current_dir(self.folder().path());
        command
    }

    /// Runs one of its commands.
    pub(crate) fn command(&self, words: &[&str]) -> Finished {
        finish(self.command_line(words))
    }

    /// Reloads, and waits until the new generation serves and the old one is gone.
    #[track_caller]
    pub(crate) fn reload(&self) {
        self.command(&["reload", "--wait"]).assert_code(0);
    }

    /// What `info --json` says.
    ///
    /// # Panics
    ///
    /// When it fails, or its answer is of another shape.
    #[track_caller]
    pub(crate) fn info(&self) -> Info {
        let finished = self.command(&["info", "--json"]);
        finished.assert_code(0);
        serde_json::from_str(&finished.stdout).unwrap_or_else(|error| panic!("{error}: {finished}"))
    }

    /// The processes of the ready workers of an application.
    #[track_caller]
    pub(crate) fn workers_of(&self, application: &str) -> BTreeSet<u32> {
        let info = self.info();
        let app = info.apps.into_iter().find(|app| app.name == application);
        app.unwrap_or_else(|| panic!("there is no application `{application}`")).ready()
    }

    /// Waits until the first application has exactly so many workers, all ready.
    #[track_caller]
    pub(crate) fn wait_ready(&self, workers: usize) {
        self.wait_ready_of(0, workers);
    }

    /// Waits until an application has exactly so many workers, all ready.
    #[track_caller]
    pub(crate) fn wait_ready_of(&self, application: usize, workers: usize) {
        until(&format!("{workers} workers are ready, and there are no others"), || {
            let info = self.info();
            let app = &info.apps[application];
            app.ready().len() == workers && app.workers.len() == workers
        });
    }

    /// Waits until so many requests are with the workers of the first application.
    pub(crate) fn wait_in_flight(&self, requests: u64) {
        until(&format!("{requests} requests are in flight"), || {
            self.info().apps[0].workers.iter().map(|worker| worker.in_flight).sum::<u64>() >= requests
        });
    }

    /// Waits until nobody listens at the first address any more.
    pub(crate) fn wait_for_closed(&self) {
        let address = self.address();
        until("the listener is closed", || std::net::TcpStream::connect_timeout(&address, PATIENCE).is_err());
    }

    /// Waits until it has ended by itself, and asserts that it took all its processes with it.
    #[track_caller]
    pub(crate) fn wait(mut self) -> Finished {
        let finished = self.running.take().expect("it ends once").wait();
        until("no process is left", || proc::with_text(&self.mark()).is_empty());
        finished
    }

    /// Ends it with TERM, and asserts that it ends in order, with all its processes.
    #[track_caller]
    pub(crate) fn stop(self) -> Finished {
        self.signal("TERM");
        let finished = self.wait();
        finished.assert_code(0);
        finished
    }

    /// Kills the arbiter and leaves its workers alone. The folder stays until the result is dropped, with all processes.
    pub(crate) fn kill_arbiter(&mut self) {
        drop(self.running.take());
    }

    /// The processes of this instance, also those that have lost their parent.
    pub(crate) fn processes(&self) -> Vec<u32> {
        proc::with_text(&self.mark())
    }

    /// What only the processes of this instance have in their environment.
    fn mark(&self) -> String {
        format!("XDG_RUNTIME_DIR={}\0", self.folder().path().display())
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // The arbiter first, so that nobody replaces what is killed next.
        drop(self.running.take());
        for pid in proc::with_text(&self.mark()) {
            proc::signal(pid, "KILL");
        }
    }
}

/// The answer of `info --json`, as far as the tests ask. More may be there.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Info {
    /// The arbiter itself.
    pub(crate) arbiter: ArbiterInfo,
    /// Its applications, in the order of the program.
    pub(crate) apps: Vec<App>,
}

/// The arbiter.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ArbiterInfo {
    pub(crate) pid: u32,
    pub(crate) version: String,
    pub(crate) generation: u64,
    pub(crate) uptime: f64,
}

/// An application.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct App {
    pub(crate) name: String,
    pub(crate) binds: Vec<String>,
    pub(crate) target: usize,
    pub(crate) state: String,
    pub(crate) workers: Vec<WorkerInfo>,
}

impl App {
    /// The pids of the workers that serve.
    pub(crate) fn ready(&self) -> BTreeSet<u32> {
        self.workers.iter().filter(|worker| worker.state == "ready").map(|worker| worker.pid).collect()
    }
}

/// A worker.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct WorkerInfo {
    pub(crate) pid: u32,
    pub(crate) slot: usize,
    pub(crate) generation: u64,
    pub(crate) state: String,
    pub(crate) uptime: f64,
    pub(crate) requests: u64,
    pub(crate) in_flight: u64,
    pub(crate) limits: std::collections::BTreeMap<String, u64>,
    pub(crate) rss: u64,
}
