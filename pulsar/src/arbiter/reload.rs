//! Reload and upgrade: from a signal or command to the next release, and what is told about how it went.
//!
//! Both are the same, but for the program file: a reload keeps the running one, an upgrade first asks the new file whether it
//! could take over, has it serve, and executes it in place of the arbiter last of all. The rule it keeps: until then everything can be
//! given up without a trace.

use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

use crate::{
    arbiter::{
        children::{Child, Event},
        handover,
        message::{PROTOCOL, Response, ToArbiter, ToChild},
        monitor::Id,
        output::say,
        process::{self, Image},
        release::Release,
        run::Arbiter,
        supervisor::Notice,
    },
    settings::Settings,
};

/// A client that asked for a reload. With `wait` it hears how it went.
type Waiter = (bool, mpsc::Sender<Response>);

/// What is known of reloads that are wanted or under way.
#[derive(Debug, Default)]
pub(super) struct Reloads {
    /// One more is wanted when this one is over, or the program has started.
    pending: Option<Kind>,
    running: Option<Kind>,
    /// Who waits for the one that runs, and for the one that is pending.
    waiters: Vec<Waiter>,
    later: Vec<Waiter>,
    probe: Option<Probe>,
    /// The new program serves; it only has to take over.
    take_over: bool,
    pub(super) done: u64,
    pub(super) failed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Reload,
    Upgrade,
}

/// A program file that is asked whether it could take over.
#[derive(Debug)]
struct Probe {
    pid: u32,
    image: Image,
    answer: JoinHandle<Result<Vec<(String, Settings)>, String>>,
}

/// A program that could take over, or why it could not.
pub(super) type Probed = Result<(Image, Vec<(String, Settings)>), String>;

impl Reloads {
    /// Waits for the answer of a program that was asked. Without one it waits for ever.
    pub(super) async fn probed(&mut self) -> Probed {
        let Some(probe) = &mut self.probe else { return std::future::pending().await };
        let answer = (&mut probe.answer).await.unwrap_or_else(|error| Err(error.to_string()));
        let Some(Probe { pid, image, .. }) = self.probe.take() else { return std::future::pending().await };
        // It has said what there was to say.
        process::kill(pid, Signal::SIGKILL);
        answer.map(|apps| (image, apps))
    }

    pub(super) fn is_probe(&self, pid: u32) -> bool {
        self.probe.as_ref().is_some_and(|probe| probe.pid == pid)
    }

    /// Whether the new program only has to take over.
    pub(super) fn is_taking_over(&self) -> bool {
        self.take_over
    }

    pub(super) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    fn tell(&mut self, response: impl Fn() -> Response) {
        for (_, answers) in &self.waiters {
            let _ = answers.try_send(response());
        }
    }

    fn finish(&mut self, response: impl Fn() -> Response) {
        self.tell(response);
        self.waiters.clear();
    }
}

impl Arbiter<'_> {
    /// Reads the settings again and has new workers take over.
    pub(super) fn begin_reload(&mut self, waiter: Option<Waiter>) {
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
        if !self.may_begin(Kind::Reload) {
            self.reloads.later.extend(waiter);
            return;
        }
        self.reloads.running = Some(Kind::Reload);
        self.reloads.waiters.extend(waiter);
        self.notifier.reloading();
        self.host.reload();
        match self.host.load() {
            Ok(apps) => self.open_next(Image::Running, apps),
            Err(why) => self.failed(why.trim_end()),
        }
    }

    /// Whether a reload can begin now; if not, it is noted.
    fn may_begin(&mut self, kind: Kind) -> bool {
        let busy = self.reloads.is_running() || !self.supervisor.is_ready() || self.reloads.take_over;
        if busy {
            self.reloads.pending = self.reloads.pending.max(Some(kind));
        }
        !busy
    }

    /// Asks the file that stands where this program was started from, whether it could take over.
    pub(super) fn begin_upgrade(&mut self) {
        if self.supervisor.is_stopping() {
            return;
        }
        if self.reloads.running == Some(Kind::Upgrade) || self.reloads.take_over {
            tracing::warn!("USR2: an upgrade is under way already");
            return;
        }
        if !self.may_begin(Kind::Upgrade) {
            return;
        }
        tracing::info!("USR2: asking {} whether it can take over", self.program.display());
        self.reloads.running = Some(Kind::Upgrade);
        self.notifier.reloading();
        self.host.reload();
        if let Err(why) = self.probe() {
            self.failed(&why);
        }
    }

    fn probe(&mut self) -> Result<(), String> {
        let shown = self.program.display();
        let image = Image::open(&self.program).map_err(|error| format!("cannot open {shown}: {error}"))?;
        // It speaks to nobody but the task below.
        let (events, mut answers) = mpsc::channel(8);
        let id = Id(0);
        let child = Child::start(&image, "pulsar: probe", &self.arguments, id, &events)
            .map_err(|error| format!("cannot execute {shown}: {error}"))?;
        if !child.tell(&ToChild::Probe { protocol: PROTOCOL }, Vec::new()) {
            return Err("the new program does not listen".to_owned());
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
            tokio::spawn(async move {
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
        if self.supervisor.is_stopping() || self.reloads.running != Some(Kind::Upgrade) {
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
        let what = if self.reloads.running == Some(Kind::Upgrade) { "upgrade" } else { "reload" };
        let generation = self.supervisor.generation();
        tracing::error!("the {what} failed, generation {generation} goes on serving: {why}");
        self.reloads.running = None;
        self.reloads.failed += 1;
        self.next = None;
        self.reloads.finish(|| Response::Failed { why: why.to_owned() });
        self.notifier.ready(generation);
    }

    /// Something else is more important.
    pub(super) fn give_up_reload(&mut self, why: &str) {
        self.reloads.pending = None;
        for waiter in std::mem::take(&mut self.reloads.later) {
            refuse(Some(waiter), why);
        }
        self.reloads.probe = None;
        if self.reloads.running.take().is_some() {
            let actions = self.supervisor.abandon_reload();
            self.perform(actions);
            self.next = None;
        }
        self.reloads.finish(|| Response::Failed { why: why.to_owned() });
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
            Notice::RolledBack { why } => {
                self.failed(&why);
                self.begin_pending();
            }
            Notice::Committed { generation } => {
                let upgrade = self.reloads.running == Some(Kind::Upgrade);
                if let Some(next) = self.next.take() {
                    for line in next.listening_lines(Some(&self.current)) {
                        say(line);
                    }
                    // Dropping the last one closes the sockets that are not wanted any more.
                    self.current = next;
                }
                self.reloads.done += 1;
                self.reloads.running = None;
                tracing::info!("generation {generation} serves");
                self.reloads.tell(|| Response::Progress { text: format!("generation {generation} serves") });
                if upgrade {
                    self.reloads.take_over = true;
                } else {
                    self.notifier.ready(generation);
                }
                self.begin_pending();
            }
            Notice::Settled { generation } => {
                self.reloads
                    .finish(|| Response::Done { text: format!("generation {generation} serves alone") });
            }
            Notice::Stopped => {
                self.exit.get_or_insert(0);
            }
        }
    }

    fn begin_pending(&mut self) {
        if self.reloads.take_over || self.reloads.is_running() {
            return;
        }
        match self.reloads.pending.take() {
            None => {}
            Some(Kind::Upgrade) => self.begin_upgrade(),
            Some(Kind::Reload) => {
                let waiters = std::mem::take(&mut self.reloads.later);
                self.reloads.waiters.extend(waiters);
                self.begin_reload(None);
            }
        }
    }

    /// Executes the new program in this process, once it serves and no worker is half started.
    pub(super) fn take_over_if_due(&mut self) {
        if !self.reloads.take_over || self.supervisor.is_stopping() {
            return;
        }
        let is_booting =
            |id| self.supervisor.member(id).is_some_and(|(_, member)| member.ready_since.is_none());
        if self.processes.keys().any(|id| is_booting(*id)) {
            return;
        }
        self.lose_calls();
        // What has been said and not been heard would be lost with this program.
        if !self.is_quiet() {
            return;
        }
        self.reloads.take_over = false;
        // Returns only if it fails. The new workers serve all the same; only their arbiter is the old program.
        let why = handover::take_over(self);
        tracing::error!(
            "the new program serves, but its arbiter cannot be executed: {why}; the old one goes on"
        );
        self.notifier.ready(self.supervisor.generation());
        self.begin_pending();
    }
}

/// How long a program may take to say whether it could take over, if no application says.
const PATIENCE: Duration = Duration::from_secs(60);

async fn ask(
    child: &mut Child,
    id: Id,
    events: &mpsc::Sender<Event>,
    answers: &mut mpsc::Receiver<Event>,
) -> Result<Vec<(String, Settings)>, String> {
    let mut look = tokio::time::interval(Duration::from_millis(20));
    loop {
        let event = tokio::select! {
            event = answers.recv() => event,
            // It may end without a word.
            _ = look.tick() => {
                child.look(id, events);
                continue;
            }
        };
        match event {
            Some(Event::Said(_, ToArbiter::Program { protocol, apps })) => {
                if protocol != PROTOCOL {
                    return Err(format!(
                        "it speaks version {protocol} of the protocol, this program {PROTOCOL}"
                    ));
                }
                let read = |(name, texts): (String, Vec<(String, String)>)| {
                    Ok((name, Settings::from_changed(&texts)?))
                };
                return apps.into_iter().map(read).collect();
            }
            Some(Event::Said(_, ToArbiter::NotStarted { why })) => return Err(why),
            Some(Event::Said(..)) => {}
            Some(Event::Broke(_, what)) => return Err(what),
            Some(Event::Ended(_, ended)) => {
                return Err(match ended {
                    crate::arbiter::monitor::Ended::Exit(code) => format!("it exited with code {code}"),
                    crate::arbiter::monitor::Ended::Signal { name, .. } => format!("it was ended by {name}"),
                });
            }
            None => return Err("it is gone".to_owned()),
        }
    }
}

fn refuse(waiter: Option<Waiter>, why: &str) {
    if let Some((_, answers)) = waiter {
        let _ = answers.try_send(Response::Failed { why: why.to_owned() });
    }
}
