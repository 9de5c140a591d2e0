//! From one program to the next in the same process: what an arbiter hands over when it executes its successor.
//!
//! Process ids, channels, sockets, the lock and the control socket stay open across the exec, and a file without a name says what is
//! what. The successor has been asked before whether it could take over, and its workers serve already. The rule it keeps: what
//! is handed over is complete, or nothing is executed.

use std::{
    io::{Read, Seek},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd, RawFd},
        unix::net::UnixListener,
    },
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use crate::{
    arbiter::{
        control::Control,
        message::{PROTOCOL, Texts},
        monitor::{Id, Policy, Time},
        pidfile::Pidfile,
        process::{self, Image},
        release::{Blueprint, Opening, Release, SEATS},
        reloads::Wanted,
        signals::Signals,
        state::{Arbiter, Clock, Host, Past, Process, Seat},
        supervisor::{self, Supervisor},
        watch::{self, Watch},
    },
    server::BoundSocket,
    settings::{Bind, Settings},
    worker::Worker,
};

/// Everything that the successor has to know.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct State {
    protocol: u32,
    time: Time,
    uptime: Duration,
    supervisor: supervisor::Saved,
    apps: Vec<SavedApp>,
    /// The applications whose sockets a service manager has opened, with the places of those in `apps`.
    activated: Vec<String>,
    workers: Vec<SavedWorker>,
    past: Vec<(String, Past)>,
    pidfile: Option<(PathBuf, RawFd)>,
    control: Option<(PathBuf, RawFd)>,
    reloads: (u64, u64),
    /// Where the program was started from. The file may be gone at this moment, and come back.
    #[serde(default)]
    program: Option<PathBuf>,
    #[serde(default)]
    cause: String,
    #[serde(default)]
    pending: Option<Wanted>,
    #[serde(default)]
    watch: Option<watch::Saved>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedApp {
    name: String,
    settings: Texts,
    openings: Vec<SavedOpening>,
    log: Option<RawFd>,
    board: RawFd,
    loops: usize,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedOpening {
    bind: Option<String>,
    /// Each with whether its file is ours to remove.
    sockets: Vec<(RawFd, bool)>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedWorker {
    id: Id,
    pid: u32,
    channel: RawFd,
    app: String,
    slot: usize,
    generation: u64,
    seat: Option<SavedSeat>,
    uptime: Duration,
    lifetime: Option<Duration>,
}

/// Where a worker tells how it does.
#[derive(Debug, Serialize, Deserialize)]
struct SavedSeat {
    number: usize,
    /// The board, and how many loops a seat has there, if it is not that of its application any more.
    board: Option<(RawFd, usize)>,
}

/// What the program before us in this process has handed over, if there was one.
pub(super) fn received() -> Result<Option<State>, String> {
    let Ok(number) = std::env::var(process::HANDOVER) else { return Ok(None) };
    let lost =
        |why: &dyn std::fmt::Display| format!("the state of the arbiter before the upgrade is lost: {why}");
    let file = number.parse().ok().and_then(process::adopt);
    // A program that an upgraded arbiter starts inherits the variable and nothing else.
    let Some(file) = file else { return Ok(None) };
    let mut file = std::fs::File::from(file);
    let mut text = Vec::new();
    file.rewind().and_then(|()| file.read_to_end(&mut text)).map_err(|error| lost(&error))?;
    let state: State = serde_json::from_slice(&text).map_err(|error| lost(&error))?;
    if state.protocol != PROTOCOL {
        return Err(lost(&format!("it has version {}, this program reads {PROTOCOL}", state.protocol)));
    }
    Ok(Some(state))
}

/// Executes the program of the current release in this process. Returns only if that fails, with the reason.
///
/// To be called while signals are [held](process::hold_signals): its handlers are not there yet.
pub(super) fn take_over(arbiter: &mut Arbiter<'_>) -> String {
    let mut kept = Kept::default();
    let mut attempt = || -> std::io::Result<std::io::Error> {
        let state = arbiter.save(&mut kept)?;
        let file = process::handover_file(&serde_json::to_vec(&state)?)?;
        let number = kept.keep(file.as_fd())?;
        tracing::info!("the new program takes over in process {}", std::process::id());
        Ok(process::exec(&arbiter.current.image, &arbiter.name, &arbiter.arguments, number))
    };
    attempt().unwrap_or_else(|error| error).to_string()
}

/// Copies of the descriptors that stay open for the successor. Dropping them is all it takes to give up.
#[derive(Default)]
struct Kept(Vec<OwnedFd>);

impl Kept {
    fn keep(&mut self, fd: BorrowedFd<'_>) -> std::io::Result<RawFd> {
        let copy = fd.try_clone_to_owned()?;
        let number = process::keep_open(copy.as_fd())?;
        self.0.push(copy);
        Ok(number)
    }
}

impl Arbiter<'_> {
    fn save(&mut self, kept: &mut Kept) -> std::io::Result<State> {
        let time = self.now();
        let mut apps = Vec::new();
        for app in &self.current.apps {
            let mut openings = Vec::new();
            for opening in &app.openings {
                let mut sockets = Vec::new();
                for socket in &opening.sockets {
                    sockets.push((kept.keep(socket.fd())?, socket.owns_file()));
                }
                openings.push(SavedOpening { bind: opening.bind.as_ref().map(ToString::to_string), sockets });
            }
            apps.push(SavedApp {
                name: app.name.clone(),
                settings: app.texts(),
                openings,
                log: app.log.as_ref().map(|log| kept.keep(log.as_fd())).transpose()?,
                board: kept.keep(app.board_file.as_fd())?,
                loops: app.board.loops(),
            });
        }
        let mut workers = Vec::new();
        for (id, process) in &self.processes {
            let board = self.current.app(&process.app).map(|app| &app.board);
            let seat = match &process.seat {
                Some(Seat { board: own, number, file }) => {
                    let is_current = board.is_some_and(|board| Arc::ptr_eq(own, board));
                    let board = if is_current { None } else { Some((kept.keep(file.as_fd())?, own.loops())) };
                    Some(SavedSeat { number: *number, board })
                }
                None => None,
            };
            workers.push(SavedWorker {
                id: *id,
                pid: process.child.pid,
                channel: kept.keep(process.child.channel.as_fd())?,
                app: process.app.clone(),
                slot: process.worker.slot(),
                generation: process.worker.generation(),
                seat,
                uptime: process.started.elapsed(),
                lifetime: process.lifetime(),
            });
        }
        let pidfile = self
            .pidfile
            .as_ref()
            .map(|file| Ok::<_, std::io::Error>((file.path().to_owned(), kept.keep(file.fd())?)));
        let control = self
            .control
            .as_ref()
            .map(|file| Ok::<_, std::io::Error>((file.path().to_owned(), kept.keep(file.fd())?)));
        Ok(State {
            protocol: PROTOCOL,
            time,
            uptime: self.begun.elapsed(),
            supervisor: self.supervisor.save(),
            apps,
            activated: self.activated.iter().map(|(name, _)| name.clone()).collect(),
            workers,
            past: self.past.clone(),
            pidfile: pidfile.transpose()?,
            control: control.transpose()?,
            reloads: (self.reloads.done, self.reloads.failed),
            program: Some(self.program.clone()),
            cause: self.reloads.cause.clone(),
            pending: self.reloads.pending.clone(),
            watch: self.watch.as_ref().map(Watch::save),
        })
    }
}

impl<'a> Arbiter<'a> {
    /// Goes on where the program before us in this process stopped.
    pub(super) fn go_on(host: &'a dyn Host, state: State, signals: Signals) -> Result<Self, String> {
        let lost = |what: &str| format!("the upgrade lost {what}");
        let adopt = |number: RawFd, what: &str| process::adopt(number).ok_or_else(|| lost(what));
        let (mut blueprints, mut activated) = (Vec::new(), Vec::new());
        for app in state.apps {
            let mut openings = Vec::new();
            for opening in app.openings {
                let mut sockets = Vec::new();
                for (number, owned) in opening.sockets {
                    let mut socket = BoundSocket::adopt(adopt(number, "a listening socket")?)?;
                    if owned {
                        socket.own_file();
                    }
                    sockets.push(Arc::new(socket));
                }
                if opening.bind.is_none() && state.activated.contains(&app.name) {
                    activated.push((app.name.clone(), sockets.clone()));
                }
                let bind = opening.bind.map(|text| text.parse::<Bind>()).transpose();
                openings.push(Opening { bind: bind.map_err(|error| error.to_string())?, sockets });
            }
            let board_file = adopt(app.board, "the board of an application")?;
            let board = process::map_board(board_file.as_fd(), SEATS, app.loops)
                .map_err(|error| error.to_string())?;
            let log = app.log.map(|number| adopt(number, "an access log")).transpose()?;
            blueprints.push(Blueprint {
                name: app.name,
                settings: Settings::from_changed(&app.settings)?,
                openings,
                log: log.map(|fd: OwnedFd| Arc::new(fd.into())),
                board,
                board_file: Arc::new(board_file),
            });
        }
        let current = Release { image: Image::Running, apps: blueprints };
        let policies: Vec<(String, Policy)> = current.policies();
        let pidfile = match state.pidfile {
            Some((path, number)) => Some(Pidfile::inherit(path, adopt(number, "the pidfile")?)?),
            None => None,
        };
        let control = match state.control {
            Some((path, number)) => {
                let listener = UnixListener::from(adopt(number, "the control socket")?);
                Control::inherit(listener, path)
                    .inspect_err(|error| tracing::warn!("the control socket is lost: {error}"))
                    .ok()
            }
            None => None,
        };
        let supervisor = Supervisor::restore(&policies, state.supervisor);
        let mut this = Self::new(host, signals, supervisor, current, Clock::at(state.time));
        this.begun = Instant::now().checked_sub(state.uptime).unwrap_or_else(Instant::now);
        (this.past, this.pidfile, this.control, this.activated) = (state.past, pidfile, control, activated);
        (this.reloads.done, this.reloads.failed) = state.reloads;
        (this.reloads.cause, this.reloads.pending) = (state.cause, state.pending);
        if let Some(program) = state.program {
            this.program = program;
        }
        for saved in state.workers {
            let channel = adopt(saved.channel, "the channel to a worker")?;
            let worker = Worker::new(saved.app.as_str(), saved.slot, saved.generation);
            let seat = match saved.seat {
                None => None,
                Some(SavedSeat { number, board: None }) => {
                    this.current.app(&saved.app).map(|app| Seat::on(app, number))
                }
                Some(SavedSeat { number, board: Some((file, loops)) }) => {
                    let file = adopt(file, "the board of a worker")?;
                    let board =
                        process::map_board(file.as_fd(), SEATS, loops).map_err(|error| error.to_string())?;
                    Some(Seat { board, number, file: Arc::new(file) })
                }
            };
            let (uptime, lifetime) = (saved.uptime, saved.lifetime);
            this.adopt(saved.id, saved.pid, channel, |child| {
                Process::adopted(child, worker, seat, uptime).with_lifetime(lifetime)
            })
            .map_err(|error| error.to_string())?;
        }
        this.go_on_watching(state.watch);
        this.notifier.ready(this.supervisor.generation());
        Ok(this)
    }
}
