//! Reload and upgrade: from a signal or command to the next release, and what is told about how it went.
//!
//! Both are the same, but for the program file: a reload keeps the running one, an upgrade first asks the new file whether it
//! could take over, has it serve, and executes it in place of the arbiter last of all. The rule it keeps: until then everything can be
//! given up without a trace.

use std::{io::ErrorKind, time::Duration};

use nix::sys::signal::Signal;
use tokio::{sync::mpsc, time::timeout};

use crate::{
    arbiter::{
        children::Child,
        handover,
        message::{PROTOCOL, Response, ToChild},
        monitor::Id,
        output::say,
        process::{self, Image},
        release::Release,
        reloads::{Cause, Hold, Kind, Probe, Probed, Waiter, Wanted, ask},
        snapshot::Mark,
        state::Arbiter,
        supervisor::Notice,
    },
    settings::Settings,
    task,
};

impl Arbiter<'_> {
    /// Reads the settings again and has new workers take over.
    pub(super) fn begin_reload(&mut self, wanted: Wanted, waiter: Option<Waiter>) {
        let waiter = waiter.and_then(|(wait, answers)| {
            if wait {
                return Some((wait, answers));
            }
            let _ = answers.try_send(Response::Done { text: "reloading".to_owned() });
            None
        });
        if self.supervisor.is_stopping() {
            refuse(waiter, "the program is stopping");
            return;
        }
        if !self.may_begin(&wanted) {
            self.reloads.later.extend(waiter);
            return;
        }
        if wanted.cause != Cause::Command {
            tracing::info!("{}: reloading", wanted.cause);
        }
        self.reloads.running = Some(wanted);
        self.reloads.waiters.extend(waiter);
        self.notifier.reloading();
        self.host.reload();
        match self.host.load() {
            Ok(apps) => self.open_next(Image::Running, apps),
            Err(why) => self.failed(why.trim_end()),
        }
    }

    /// Whether a reload can begin now; if not, it is noted.
    fn may_begin(&mut self, wanted: &Wanted) -> bool {
        let busy = self.reloads.is_running() || !self.supervisor.has_come_up() || self.reloads.take_over;
        if busy {
            self.reloads.postpone(wanted.clone());
        }
        !busy
    }

    /// Asks the file that stands where this program was started from, whether it could take over.
    pub(super) fn begin_upgrade(&mut self, wanted: Wanted) {
        if self.supervisor.is_stopping() {
            return;
        }
        if self.reloads.is_upgrading() || self.reloads.take_over {
            tracing::warn!("{}: an upgrade is under way already", wanted.cause);
            return;
        }
        if !self.may_begin(&wanted) {
            return;
        }
        let probed = self.probe();
        if wanted.is_watched()
            && let Err((_, ErrorKind::ExecutableFileBusy)) = probed
            && let Some(watch) = &mut self.watch
        {
            // Somebody has it open for writing.
            watch.tries_later();
            if let Some(otherwise) = self.reloads.otherwise.take() {
                self.begin_reload(otherwise, None);
            }
            return;
        }
        tracing::info!("{}: asking {} whether it can take over", wanted.cause, self.program.display());
        self.reloads.running = Some(wanted);
        self.notifier.reloading();
        self.host.reload();
        if let Err((why, _)) = probed {
            self.failed(&why);
        }
    }

    fn probe(&mut self) -> Result<(), (String, ErrorKind)> {
        let shown = self.program.display();
        let image = Image::open(&self.program)
            .map_err(|error| (format!("cannot open {shown}: {error}"), error.kind()))?;
        if let Some(watch) = &mut self.watch {
            watch.tries(image.metadata().ok().map(|file| Mark::of(&file)));
        }
        // It speaks to nobody but the task below.
        let (events, mut answers) = mpsc::channel(8);
        let id = Id(0);
        let child = Child::start(&image, "pulsar: probe", &self.arguments, id, &events)
            .map_err(|error| (format!("cannot execute {shown}: {error}"), error.kind()))?;
        if !child.tell(&ToChild::Probe { protocol: PROTOCOL }, Vec::new()) {
            return Err(("the new program does not listen".to_owned(), ErrorKind::Other));
        }
        let pid = child.pid;
        let patience =
            self.current.apps.iter().map(|app| app.settings.boot_timeout).max().unwrap_or(PATIENCE);
        let answer = tokio::spawn(async move {
            let mut child = child;
            let asked = timeout(patience, ask(&mut child, id, &events, &mut answers)).await;
            let answer =
                asked.unwrap_or_else(|_| Err(format!("no answer within {} s", patience.as_secs_f64())));
            let lines = child.last_lines();
            child.signal(Signal::SIGKILL);
            task::spawn(async move {
                // Reaped here, so that it does not stay behind as a zombie.
                for _ in 0..200 {
                    if process::reap(pid).is_some() {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            });
            answer.map_err(|why| format!("the new program cannot take over: {why}{lines}"))
        });
        self.reloads.probe = Some(Probe { pid, image, answer });
        Ok(())
    }

    /// The new program has answered.
    pub(super) fn on_probed(&mut self, probed: Probed) {
        if self.supervisor.is_stopping() || !self.reloads.is_upgrading() {
            return;
        }
        match probed {
            Ok((image, apps)) => self.open_next(image, apps),
            Err(why) => self.failed(&why),
        }
    }

    fn open_next(&mut self, image: Image, apps: Vec<(String, Settings)>) {
        match Release::open(image, apps, Some(&self.current), &self.activated) {
            Ok(next) => {
                let now = self.now();
                self.supervisor.reload(&next.policies(), now);
                self.next = Some(next);
            }
            Err(failures) => self.failed(&failures.join("; ")),
        }
    }

    /// The reload is over, and nothing has changed.
    fn failed(&mut self, why: &str) {
        let running = self.reloads.running.take();
        let what = if running.as_ref().is_some_and(Wanted::is_upgrade) { "upgrade" } else { "reload" };
        let until = match running {
            Some(Wanted { kind: Kind::Upgrade, cause: Cause::NewProgram }) => " until the next build",
            Some(wanted) if wanted.is_watched() => " until the next change",
            _ => "",
        };
        let generation = self.supervisor.generation();
        tracing::error!("the {what} failed, generation {generation} goes on serving{until}: {why}");
        self.reloads.failed += 1;
        self.next = None;
        self.reloads.finish(|| Response::Failed { why: why.to_owned() });
        self.notifier.ready(generation);
        if let Some(otherwise) = self.reloads.otherwise.take() {
            self.reloads.postpone(otherwise);
        }
        self.begin_pending();
    }

    /// Something else is more important.
    pub(super) fn give_up_reload(&mut self, why: &str) {
        (self.reloads.pending, self.reloads.otherwise) = (None, None);
        for waiter in std::mem::take(&mut self.reloads.later) {
            refuse(Some(waiter), why);
        }
        self.reloads.forget_probe();
        if self.reloads.running.take().is_some() {
            let actions = self.supervisor.abandon_reload();
            self.perform(actions);
            self.next = None;
        }
        self.reloads.finish(|| Response::Failed { why: why.to_owned() });
        self.reloads.settled(|| Response::Failed { why: why.to_owned() });
    }

    /// An application never came up.
    pub(super) fn give_up(&mut self, app: &str, why: &str) {
        say(format_args!("error: the application `{app}` did not start: {why}"));
        say(format_args!("pulsar: {} cannot start", self.host.name()));
        self.exit = Some(NOT_STARTED);
    }

    pub(super) fn on_notice(&mut self, notice: Notice) {
        match notice {
            Notice::Ready => {
                for line in self.current.listening_lines(None) {
                    say(line);
                }
                self.notifier.ready(self.supervisor.generation());
                self.host.when_ready();
                self.begin_pending();
            }
            Notice::GivenUp { app, why } => self.give_up(&app, &why),
            Notice::RolledBack { why } => self.failed(&why),
            Notice::Committed { generation } => {
                let upgrade = self.reloads.is_upgrading();
                if let Some(next) = self.next.take() {
                    for line in next.listening_lines(Some(&self.current)) {
                        say(line);
                    }
                    // Dropping the last one closes the sockets that are not wanted any more.
                    self.current = next;
                }
                self.reloads.done += 1;
                self.reloads.otherwise = None;
                if let Some(wanted) = self.reloads.running.take() {
                    self.reloads.cause = wanted.cause.to_string();
                }
                tracing::info!("generation {generation} serves: {}", self.reloads.cause);
                self.watch_release(upgrade);
                self.reloads.tell(|| Response::Progress { text: format!("generation {generation} serves") });
                let waiters = std::mem::take(&mut self.reloads.waiters);
                self.reloads.settling.extend(waiters);
                if upgrade {
                    self.reloads.take_over = true;
                } else {
                    self.notifier.ready(generation);
                }
                self.begin_pending();
            }
            Notice::Settled { generation } => {
                let text = format!("generation {generation} serves alone");
                self.reloads.settled(|| Response::Done { text: text.clone() });
            }
            Notice::Stopped => {
                self.exit.get_or_insert(0);
            }
        }
    }

    pub(super) fn begin_pending(&mut self) {
        if self.reloads.take_over || self.reloads.is_running() {
            return;
        }
        match self.reloads.pending.take() {
            None => {}
            Some(wanted) if wanted.is_upgrade() => self.begin_upgrade(wanted),
            Some(wanted) => {
                let waiters = std::mem::take(&mut self.reloads.later);
                self.reloads.waiters.extend(waiters);
                self.begin_reload(wanted, None);
            }
        }
    }

    /// Executes the new program in this process, once it serves, no worker is half started, and all signals have been heard.
    pub(super) fn take_over_if_due(&mut self) {
        if !self.may_take_over() {
            if std::mem::take(&mut self.reloads.hold) != Hold::None {
                process::admit_signals();
            }
            return;
        }
        if self.reloads.hold != Hold::Heard {
            self.reloads.hold = Hold::Held;
            process::hold_signals();
            return;
        }
        self.reloads.hold = Hold::None;
        self.reloads.take_over = false;
        // Returns only if it fails. The new workers serve all the same; only their arbiter is the old program.
        let why = handover::take_over(self);
        process::admit_signals();
        tracing::error!(
            "the new program serves, but its arbiter cannot be executed: {why}; the old one goes on"
        );
        self.notifier.ready(self.supervisor.generation());
        self.begin_pending();
    }

    fn may_take_over(&mut self) -> bool {
        if !self.reloads.take_over || self.supervisor.is_stopping() {
            return false;
        }
        let is_booting =
            |id| self.supervisor.member(id).is_some_and(|(_, member)| member.ready_since.is_none());
        if self.processes.keys().any(|id| is_booting(*id)) {
            return false;
        }
        self.lose_calls();
        // What has been said and not been heard would be lost with this program.
        self.is_quiet()
    }
}

/// An application never came up.
const NOT_STARTED: u8 = 3;
/// How long a program may take to say whether it could take over, if no application says.
const PATIENCE: Duration = Duration::from_secs(60);

fn refuse(waiter: Option<Waiter>, why: &str) {
    if let Some((_, answers)) = waiter {
        let _ = answers.try_send(Response::Failed { why: why.to_owned() });
    }
}
