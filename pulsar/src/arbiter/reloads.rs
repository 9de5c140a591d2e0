//! What is known of reloads and upgrades that are wanted or under way, and how a program file is asked whether it could take over.

use std::{fmt, time::Duration};

use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::{
    arbiter::{
        children::{Child, Event},
        message::{PROTOCOL, Response, ToArbiter},
        monitor::{Ended, Id},
        process::{self, Image},
    },
    settings::Settings,
};

/// A client that asked for a reload. With `wait` it hears how it went.
pub(super) type Waiter = (bool, mpsc::Sender<Response>);

/// What is known of reloads that are wanted or under way.
#[derive(Debug, Default)]
pub(super) struct Reloads {
    /// One more is wanted when this one is over, or the program has started.
    pub(super) pending: Option<Wanted>,
    pub(super) running: Option<Wanted>,
    /// What is to be done if the upgrade that is running fails.
    pub(super) otherwise: Option<Wanted>,
    /// Why the generation that serves is there, in words.
    pub(super) cause: String,
    /// Who waits for the one that runs, and for the one that is pending.
    pub(super) waiters: Vec<Waiter>,
    pub(super) later: Vec<Waiter>,
    /// Who waits until the workers of earlier generations are gone.
    pub(super) settling: Vec<Waiter>,
    pub(super) probe: Option<Probe>,
    /// The new program serves; it only has to take over.
    pub(super) take_over: bool,
    pub(super) hold: Hold,
    pub(super) done: u64,
    pub(super) failed: u64,
}

/// What is wanted, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Wanted {
    pub(super) kind: Kind,
    pub(super) cause: Cause,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Kind {
    Reload,
    Upgrade,
}

/// Who or what asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Cause {
    Signal(String),
    Command,
    /// A program was built, and is watched.
    NewProgram,
    /// These files have changed, and are watched.
    Changed(String),
}

impl Wanted {
    pub(super) fn reload(cause: Cause) -> Self {
        Self { kind: Kind::Reload, cause }
    }

    pub(super) fn upgrade(cause: Cause) -> Self {
        Self { kind: Kind::Upgrade, cause }
    }

    pub(super) fn by_signal(kind: Kind) -> Self {
        let name = if kind == Kind::Upgrade { "USR2" } else { "HUP" };
        Self { kind, cause: Cause::Signal(name.to_owned()) }
    }

    pub(super) fn is_upgrade(&self) -> bool {
        self.kind == Kind::Upgrade
    }

    /// Whether nobody asked for it, and the next change will.
    pub(super) fn is_watched(&self) -> bool {
        matches!(self.cause, Cause::NewProgram | Cause::Changed(_))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal(name) => f.write_str(name),
            Self::Command => f.write_str("the command reload"),
            Self::NewProgram => f.write_str("a new binary"),
            Self::Changed(files) => write!(f, "changed {files}"),
        }
    }
}

/// Signals must not get lost between two programs: those that come from now on wait, and those before are heard first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Hold {
    #[default]
    None,
    /// New ones wait. One that came before may not have been heard yet.
    Held,
    /// Nothing came before.
    Heard,
}

/// A program file that is asked whether it could take over.
#[derive(Debug)]
pub(super) struct Probe {
    pub(super) pid: u32,
    pub(super) image: Image,
    pub(super) answer: JoinHandle<Result<Vec<(String, Settings)>, String>>,
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

    /// Nobody wants to know any more whether a program could take over.
    pub(super) fn forget_probe(&mut self) {
        if let Some(probe) = self.probe.take()
            && !probe.answer.is_finished()
        {
            // Its task, which reaps it, is under way: the id is still its own.
            process::kill(probe.pid, Signal::SIGKILL);
        }
    }

    pub(super) fn is_probe(&self, pid: u32) -> bool {
        self.probe.as_ref().is_some_and(|probe| probe.pid == pid)
    }

    /// Whether the new program only has to take over.
    pub(super) fn is_taking_over(&self) -> bool {
        self.take_over
    }

    /// The loop has had nothing to do.
    pub(super) fn heard_all(&mut self) {
        if self.hold == Hold::Held {
            self.hold = Hold::Heard;
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    pub(super) fn is_upgrading(&self) -> bool {
        self.running.as_ref().is_some_and(Wanted::is_upgrade)
    }

    /// One more, when this one is over. An upgrade brings all that a reload would.
    pub(super) fn postpone(&mut self, wanted: Wanted) {
        if self.pending.as_ref().is_none_or(|pending| pending.kind < wanted.kind) {
            self.pending = Some(wanted);
        }
    }

    pub(super) fn tell(&mut self, response: impl Fn() -> Response) {
        for (_, answers) in &self.waiters {
            let _ = answers.try_send(response());
        }
    }

    /// Only the generation that was brought in last is left, or nobody cares any more.
    pub(super) fn settled(&mut self, response: impl Fn() -> Response) {
        for (_, answers) in self.settling.drain(..) {
            let _ = answers.try_send(response());
        }
    }

    pub(super) fn finish(&mut self, response: impl Fn() -> Response) {
        self.tell(response);
        self.waiters.clear();
    }
}

/// Waits for the answer of a program.
pub(super) async fn ask(
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
                    Ended::Exit(code) => format!("it exited with code {code}"),
                    Ended::Signal { name, .. } => format!("it was ended by {name}"),
                });
            }
            None => return Err("it is gone".to_owned()),
        }
    }
}
