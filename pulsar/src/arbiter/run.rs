//! The arbiter itself: one thread that hears signals, children and commands, asks the policy, and does what it says.
//!
//! It runs no application. Nothing here waits for a child or a client: whatever takes time is a task that reports back. The rule it
//! keeps: every event is followed by a [step](Arbiter::step), which brings what is closer to what is wanted.

use std::{collections::HashMap, io, os::fd::AsFd, sync::Arc, time::Duration};

use tokio::{
    runtime,
    sync::mpsc,
    time::{Instant as TokioInstant, sleep_until},
};

use crate::{
    arbiter::{
        activation,
        children::Event,
        control::{Command, Control},
        handover,
        machine::warnings,
        message::{Request, Response, ToArbiter, ToChild},
        monitor::{Id, Mark, Time},
        output::say,
        pidfile::Pidfile,
        process::{self, Image},
        release::{Release, wrong_identities},
        reloads::{Cause, Kind, Wanted},
        signals::{Arrived, Signals},
        state::{Arbiter, Clock, Host},
        supervisor::Supervisor,
        workers::LOOK,
    },
    server::open_log,
    settings::{AccessLog, Change, Settings},
    task,
};

/// An address could not be bound, or the system refused something.
const FAILED: u8 = 1;
/// A setting cannot be followed; or the pidfile is held by another instance, or cannot be written.
const WRONG: u8 = 2;
/// Cut short by a second interrupt.
const FORCED: u8 = 130;

/// Runs the applications of a program in worker processes until it is told to stop. Gives the exit code.
pub(crate) fn run(host: &dyn Host, apps: Vec<(String, Settings)>) -> u8 {
    let begun_timers = TokioInstant::now();
    let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(format_args!("error: the system refuses an event loop: {error}"));
            return FAILED;
        }
    };
    task::block_on(&runtime, async {
        match Arbiter::start(host, apps) {
            Ok(mut arbiter) => {
                arbiter.begun_timers = begun_timers;
                arbiter.serve().await
            }
            Err((code, failures)) => {
                for failure in failures {
                    say(format_args!("error: {failure}"));
                }
                code
            }
        }
    })
}

impl<'a> Arbiter<'a> {
    fn start(host: &'a dyn Host, apps: Vec<(String, Settings)>) -> Result<Self, (u8, Vec<String>)> {
        let failed =
            |error: io::Error| (FAILED, vec![format!("the system refuses what the arbiter needs: {error}")]);
        let signals = Signals::new().map_err(failed)?;
        process::admit_signals();
        let handed = handover::received().map_err(|why| (FAILED, vec![why]))?;
        let mut this = match handed {
            Some(handed) => Self::go_on(host, handed, signals).map_err(|why| (FAILED, vec![why]))?,
            None => Self::begin(host, apps, signals)?,
        };
        let (sender, commands) = mpsc::channel(COMMANDS);
        this.commands = commands;
        if let Some(control) = &this.control
            && let Err(error) = control.listen(sender)
        {
            tracing::warn!("the control socket cannot be watched: {error}");
        }
        Ok(this)
    }

    /// Opens everything, and starts nobody yet.
    fn begin(
        host: &'a dyn Host,
        apps: Vec<(String, Settings)>,
        signals: Signals,
    ) -> Result<Self, (u8, Vec<String>)> {
        host.starting();
        let wrong = wrong_identities(&apps);
        if !wrong.is_empty() {
            return Err((WRONG, wrong));
        }
        let settings = apps.first().map(|(_, settings)| settings.clone()).unwrap_or_default();
        let mut told = Vec::new();
        for warning in apps.iter().flat_map(|(_, settings)| warnings(settings)) {
            if !told.contains(&warning) {
                tracing::warn!("{warning}");
                told.push(warning);
            }
        }
        if let Some(mask) = settings.umask {
            process::set_umask(mask);
        }
        let pidfile = settings.pidfile.as_deref().map(Pidfile::lock).transpose();
        let pidfile = pidfile.map_err(|failure| (WRONG, vec![failure]))?;
        let names: Vec<_> = apps.iter().map(|(name, _)| name.clone()).collect();
        let activated = activation::sockets(&names).map_err(|failures| (FAILED, failures))?;
        let current = Release::open(Image::Running, apps, None, &activated);
        let current = current.map_err(|failures| (FAILED, failures))?;
        let control = Control::open(host.name(), &settings.control_socket).unwrap_or_else(|error| {
            tracing::warn!(
                "there is no control socket, so that commands cannot reach this instance: {error}"
            );
            None
        });
        let supervisor = Supervisor::new(&current.policies(), Time::ZERO);
        let mut this = Self::new(host, signals, supervisor, current, Clock::at(Time::ZERO));
        (this.pidfile, this.control, this.activated) = (pidfile, control, activated);
        this.reloads.cause = String::from("start");
        this.begin_watch();
        Ok(this)
    }

    async fn serve(&mut self) -> u8 {
        // Who ended while there was nobody to hear of it.
        self.reap();
        self.step();
        self.begin_pending();
        loop {
            if let Some(code) = self.exit {
                self.host.exit(code);
                return code;
            }
            let wake = self.wake();
            tokio::select! {
                biased;
                signal = self.signals.next() => self.on_signal(signal),
                Some(event) = self.events.1.recv() => self.on_event(event),
                Some(command) = self.commands.recv() => self.on_command(command),
                probed = self.reloads.probed() => self.on_probed(probed),
                // A timer ends when the runtime has asked the system what else has come, and signals go first.
                () = sleep_until(wake) => self.reloads.heard_all(),
            }
            // Also when events come one after the other, and no sleep ends.
            self.look_if_due();
            self.watch_if_due();
            self.step();
        }
    }

    /// When to look at the workers next.
    fn wake(&mut self) -> TokioInstant {
        let now = self.clock.now();
        let due = [Some(self.look_at), self.supervisor.due(), self.close_at, self.watch_due()];
        let mut wait = due.into_iter().flatten().min().map_or(LOOK, |due| due.saturating_sub(now));
        if self.reloads.is_taking_over() {
            wait = Duration::ZERO;
        }
        // What is due already and is not done by a step would have the loop spin.
        let wake = TokioInstant::now() + wait.max(Duration::from_millis(5));
        // The timers of the runtime wake a thread once for what ends with a turn of their finest wheel, and twice else.
        let since = wake.duration_since(self.begun_timers).as_millis();
        let turns = u32::try_from(since.div_ceil(WHEEL.as_millis())).unwrap_or(u32::MAX);
        if wait >= WHEEL { self.begun_timers + WHEEL * turns } else { wake }
    }

    fn on_signal(&mut self, signal: Arrived) {
        match signal {
            Arrived::Terminate => self.stop(false, "TERM"),
            Arrived::Interrupt | Arrived::Quit => {
                let name = if signal == Arrived::Interrupt { "INT" } else { "QUIT" };
                self.interrupts += u32::from(signal == Arrived::Interrupt);
                if self.interrupts > 1 {
                    tracing::warn!("INT again: killing the workers");
                    self.exit = Some(FORCED);
                    let actions = self.supervisor.kill();
                    self.perform(actions);
                    self.close_listeners();
                } else {
                    self.stop(true, name);
                }
            }
            Arrived::HangUp => self.begin_reload(Wanted::by_signal(Kind::Reload), None),
            Arrived::Reopen => self.reopen(),
            Arrived::Upgrade => self.begin_upgrade(Wanted::by_signal(Kind::Upgrade)),
            Arrived::More | Arrived::Fewer => {
                let (name, change) = if signal == Arrived::More {
                    ("TTIN", Change::Add(1))
                } else {
                    ("TTOU", Change::Remove(1))
                };
                match self.scale(None, change) {
                    Ok(text) => tracing::info!("{name}: {text}"),
                    Err(why) => tracing::warn!("{name}: {why}"),
                }
            }
            Arrived::Pause => {
                if Signals::has_terminal() {
                    // The window was resized.
                    return;
                }
                tracing::info!(
                    "WINCH: ending the workers and keeping the addresses; HUP or `workers N` brings them back"
                );
                self.supervisor.pause();
            }
            Arrived::Child => self.reap(),
        }
    }

    fn on_event(&mut self, event: Event) {
        let now = self.clock.now();
        match event {
            Event::Said(id, message) => self.on_message(now, id, message),
            Event::Broke(id, what) => {
                let actions = self.supervisor.misbehaved(now, id, &what);
                self.perform(actions);
            }
            Event::Ended(id, ended) => self.on_end(now, id, ended),
        }
    }

    fn on_message(&mut self, now: Time, id: Id, message: ToArbiter) {
        match message {
            ToArbiter::Ready => {
                if self.supervisor.became_ready(now, id)
                    && let Some(process) = self.processes.get_mut(&id)
                {
                    process.beats = Vec::new();
                    let (pid, took) = (process.child.pid, process.started.elapsed());
                    tracing::debug!("{} (process {pid}) is ready after {took:.1?}", process.worker);
                }
            }
            ToArbiter::NotStarted { why } => self.supervisor.says(id, false, why),
            ToArbiter::Panicked { message } => self.supervisor.says(id, true, message),
            ToArbiter::Leaving => self.supervisor.leaves(now, id),
            ToArbiter::Full => self.supervisor.recycle(id, Mark::MaxRequests),
            ToArbiter::Pong(_) | ToArbiter::Program { .. } => {}
            message @ (ToArbiter::Dispatch { .. } | ToArbiter::Answer { .. }) => self.on_call(id, message),
        }
    }

    fn on_command(&mut self, command: Command) {
        let Command { request, answers } = command;
        let answer = match request {
            Request::Ping => Response::Pong { pid: std::process::id() },
            Request::Info => Response::Info(self.info()),
            Request::Reload { wait } => {
                self.begin_reload(Wanted::reload(Cause::Command), Some((wait, answers)));
                return;
            }
            Request::Workers { app, change } => match self.scale(app.as_deref(), change) {
                Ok(text) => Response::Done { text },
                Err(why) => Response::Failed { why },
            },
            Request::Stop | Request::Quit => {
                let quick = request == Request::Quit;
                let text = if quick { "stopping quickly" } else { "finishing what is in flight" };
                self.stop(quick, if quick { "quit" } else { "stop" });
                Response::Done { text: text.to_owned() }
            }
        };
        // A client that is gone does not want to know.
        let _ = answers.try_send(answer);
    }

    fn scale(&mut self, app: Option<&str>, change: Change) -> Result<String, String> {
        if self.supervisor.is_stopping() {
            return Err("the program is stopping".to_owned());
        }
        let apps = self.supervisor.apps();
        let at = match app {
            None => 0,
            Some(name) => {
                let found = apps.iter().position(|app| app.name == name);
                found.ok_or_else(|| format!("there is no application `{name}`"))?
            }
        };
        let before = apps[at].monitor.target();
        let wanted = match change {
            Change::Set(number) => number,
            Change::Add(number) => before.saturating_add(number),
            Change::Remove(number) => before.saturating_sub(number),
        };
        let after = wanted.clamp(1, MOST_WORKERS);
        let name = apps[at].name.clone();
        self.supervisor.scale(at, after);
        Ok(format!("{name} has {after} workers now, {before} before"))
    }

    /// Brings what is closer to what is wanted.
    fn step(&mut self) {
        let now = self.clock.now();
        // A process that cannot be started is an end that may want another start, later.
        let (actions, notices) = self.supervisor.step(now);
        self.perform(actions);
        for notice in notices {
            self.on_notice(notice);
        }
        if self.close_at.is_some_and(|at| now >= at) {
            self.close_listeners();
        }
        self.appoint_leaders();
        self.take_over_if_due();
    }

    fn stop(&mut self, quick: bool, why: &str) {
        let now = self.clock.now();
        if self.supervisor.is_stopping() && !quick {
            let left = self.supervisor.due().map_or(0.0, |due| due.saturating_sub(now).as_secs_f64());
            tracing::info!("{why}: already stopping, {left:.0} s left at most");
            return;
        }
        if quick {
            tracing::info!("{why}: stopping quickly; once more to stop at once");
        } else {
            tracing::info!("{why}: finishing what is in flight");
        }
        let limits =
            self.current.apps.iter().map(|app| app.settings.graceful_timeout + app.settings.drain_delay);
        self.notifier.stopping(limits.max().unwrap_or_default() + Duration::from_secs(3));
        self.give_up_reload("the program is stopping");
        let delay = self.current.apps.iter().map(|app| app.settings.drain_delay).max().unwrap_or_default();
        if quick || delay.is_zero() {
            self.close_listeners();
        } else {
            self.close_at.get_or_insert(now + delay);
        }
        let actions = self.supervisor.stop(now, quick);
        self.perform(actions);
    }

    /// Closes our copies of the listening sockets, and removes the files of unix sockets: whoever still accepts has copies.
    fn close_listeners(&mut self) {
        self.close_at = None;
        self.activated.clear();
        for app in &mut self.current.apps {
            for socket in app.sockets() {
                socket.remove_file();
            }
            app.openings.clear();
        }
    }

    /// Has every log begin anew, as after its file was moved away.
    fn reopen(&mut self) {
        tracing::info!("USR1: opening the logs anew");
        let mut files = HashMap::new();
        for app in &mut self.current.apps {
            if let AccessLog::File(path) = &app.settings.access_log {
                match open_log(path) {
                    Ok(file) => {
                        let file = Arc::new(file);
                        app.log = Some(Arc::clone(&file));
                        files.insert(app.name.clone(), file);
                    }
                    Err(failure) => tracing::error!("{failure}; the log goes on in the old file"),
                }
            }
        }
        let ids: Vec<_> = self.processes.iter().map(|(id, process)| (*id, process.app.clone())).collect();
        for (id, app) in ids {
            if let Some(file) = files.get(&app)
                && let Ok(fd) = file.as_fd().try_clone_to_owned()
            {
                self.tell(id, &ToChild::Reopen { log: true }, vec![fd]);
            }
        }
    }
}

/// The most workers that an application can have.
const MOST_WORKERS: usize = 1024;
/// One turn of the finest wheel of the runtime's timers.
const WHEEL: Duration = Duration::from_millis(64);
/// Commands that may wait for the loop.
const COMMANDS: usize = 32;
