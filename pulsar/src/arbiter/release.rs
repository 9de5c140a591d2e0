//! What the workers of a generation are made from: a program file, settings, sockets, logs.
//!
//! A reload makes the next release beside the current one, so that giving it up is dropping it. Opening binds and opens; it
//! starts nothing. The rule it keeps: everything is opened before anything is closed, all or nothing.

use std::{fs::File, io, os::fd::OwnedFd, sync::Arc};

use crate::{
    arbiter::{
        activation::Activated,
        message::Texts,
        monitor::Policy,
        process::{self, Identity, Image},
    },
    board::Board,
    server::{Address, BoundSocket, bind as listen, open_log},
    settings::{AccessLog, Bind, Host, Settings},
};

/// The applications of a generation, and the program file that its workers run.
#[derive(Debug)]
pub(super) struct Release {
    pub(super) image: Image,
    pub(super) apps: Vec<Blueprint>,
}

/// What the workers of one application are made from.
#[derive(Debug)]
pub(super) struct Blueprint {
    pub(super) name: String,
    pub(super) settings: Settings,
    pub(super) openings: Vec<Opening>,
    pub(super) log: Option<Arc<File>>,
    pub(super) board: Arc<Board>,
    pub(super) board_file: Arc<OwnedFd>,
}

/// An address of the settings, and what was opened for it; none for what a service manager has opened.
#[derive(Clone, Debug)]
pub(super) struct Opening {
    pub(super) bind: Option<Bind>,
    pub(super) sockets: Vec<Arc<BoundSocket>>,
}

/// How many workers of an application can be there at a time: those that serve, and those that come or go.
pub(super) const SEATS: usize = 2560;

impl Release {
    /// Opens what these applications need, and takes over what `before` has open already.
    ///
    /// # Errors
    ///
    /// One line for each thing that cannot be opened. Nothing stays open then but what `before` has.
    pub(super) fn open(
        image: Image,
        apps: Vec<(String, Settings)>,
        before: Option<&Release>,
        activated: &Activated,
    ) -> Result<Self, Vec<String>> {
        let (mut blueprints, mut failures) = (Vec::new(), wrong_identities(&apps));
        for (name, settings) in apps {
            match Blueprint::open(name, settings, before, activated, &mut failures) {
                Ok(blueprint) => blueprints.push(blueprint),
                Err(error) => failures.push(format!("the system refuses shared memory: {error}")),
            }
        }
        if failures.is_empty() { Ok(Self { image, apps: blueprints }) } else { Err(failures) }
    }

    pub(super) fn app(&self, name: &str) -> Option<&Blueprint> {
        self.apps.iter().find(|app| app.name == name)
    }

    pub(super) fn policies(&self) -> Vec<(String, Policy)> {
        self.apps.iter().map(|app| (app.name.clone(), Policy::of(&app.settings))).collect()
    }

    /// The line that says where an application listens, for each address; those of `before` are known already.
    pub(super) fn listening_lines(&self, before: Option<&Release>) -> Vec<String> {
        let known: Vec<_> = before.iter().flat_map(|release| release.addresses()).collect();
        self.addresses()
            .filter(|line| !known.contains(line))
            .map(|(name, address)| format!("pulsar: {name} listening on {address}"))
            .collect()
    }

    fn addresses(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.apps.iter().flat_map(|app| app.addresses().map(|address| (app.name.clone(), address)))
    }
}

impl Blueprint {
    fn open(
        name: String,
        settings: Settings,
        before: Option<&Release>,
        activated: &Activated,
        failures: &mut Vec<String>,
    ) -> io::Result<Self> {
        let mut openings = Vec::new();
        if let Some((_, sockets)) = activated.iter().find(|(app, _)| *app == name) {
            openings.push(Opening { bind: None, sockets: sockets.clone() });
        } else {
            let mut reusable = reusable(&name, before);
            for bind in &settings.bind {
                if let Some(at) = reusable.iter().position(|opening| opening.bind.as_ref() == Some(bind)) {
                    openings.push(reusable.swap_remove(at));
                    continue;
                }
                match open_bind(bind, &settings) {
                    Ok(sockets) => {
                        let sockets = sockets.into_iter().map(Arc::new).collect();
                        openings.push(Opening { bind: Some(bind.clone()), sockets });
                    }
                    Err(failure) => failures.push(failure),
                }
            }
        }
        let mut log = None;
        if let AccessLog::File(path) = &settings.access_log {
            match open_log(path) {
                Ok(file) => log = Some(Arc::new(file)),
                Err(failure) => failures.push(failure),
            }
        }
        // Memory that is mapped stays mapped; as long as it fits, all generations share it.
        let fitting =
            before.and_then(|before| before.app(&name)).filter(|app| app.board.loops() == settings.threads);
        let (board, board_file) = match fitting {
            Some(app) => (Arc::clone(&app.board), Arc::clone(&app.board_file)),
            None => new_board(settings.threads)?,
        };
        Ok(Self { name, settings, openings, log, board, board_file })
    }

    pub(super) fn sockets(&self) -> impl Iterator<Item = &Arc<BoundSocket>> {
        self.openings.iter().flat_map(|opening| &opening.sockets)
    }

    /// Where it listens, as people read it.
    pub(super) fn addresses(&self) -> impl Iterator<Item = String> {
        let secure = !self.settings.cert_file.is_empty();
        self.sockets().map(move |socket| socket.address(secure).to_string())
    }

    pub(super) fn texts(&self) -> Texts {
        texts(&self.settings)
    }
}

/// The users and groups that there are not, or that workers may not become.
pub(super) fn wrong_identities(apps: &[(String, Settings)]) -> Vec<String> {
    let wrong = apps.iter().filter_map(|(name, settings)| {
        let found = Identity::find(settings.user.as_deref(), settings.group.as_deref());
        Some(format!("`{name}` cannot run as the settings say: {}", found.err()?))
    });
    wrong.collect()
}

/// Settings, as they are handed over.
pub(crate) fn texts(settings: &Settings) -> Texts {
    settings.changed().into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
}

/// A board for the workers of an application.
fn new_board(loops: usize) -> io::Result<(Arc<Board>, Arc<OwnedFd>)> {
    let file = process::memory_file(process::board_size(SEATS, loops))?;
    let board = process::map_board(std::os::fd::AsFd::as_fd(&file), SEATS, loops)?;
    Ok((board, Arc::new(file)))
}

/// What is open already: the application's own first, then what it may take over from others.
fn reusable(name: &str, before: Option<&Release>) -> Vec<Opening> {
    let Some(before) = before else { return Vec::new() };
    let own = before.apps.iter().filter(|app| app.name == name);
    // A free port that the system chose for another application stays that one's.
    let others = before.apps.iter().filter(|app| app.name != name);
    let fixed = |opening: &&Opening| {
        opening.bind.as_ref().is_some_and(|bind| !matches!(bind, Bind::Tcp { port: 0, .. }))
    };
    own.flat_map(|app| &app.openings)
        .chain(others.flat_map(|app| app.openings.iter().filter(fixed)))
        .cloned()
        .collect()
}

/// Opens one address of the settings.
pub(super) fn open_bind(bind: &Bind, settings: &Settings) -> Result<Vec<BoundSocket>, String> {
    let address = match bind {
        Bind::Tcp { host, port } => {
            let host = match host {
                Host::All => String::new(),
                Host::Ip(ip) => ip.to_string(),
                Host::Name(name) => name.clone(),
            };
            Address::Tcp(host, *port)
        }
        Bind::Unix(path) => Address::Unix(path.clone()),
        Bind::Fd(number) => {
            let help = "Have whoever starts the program leave a listening socket open there";
            let fd = i32::try_from(*number).ok().and_then(process::adopt);
            let fd = fd.ok_or_else(|| format!("cannot listen on {bind}: nothing is open there. {help}"))?;
            let socket =
                BoundSocket::adopt(fd).map_err(|why| format!("cannot listen on {bind}: {why}. {help}"))?;
            return Ok(vec![socket]);
        }
    };
    let sockets = listen(&address, settings.backlog, Some(settings.socket_mode))?;
    if let Bind::Unix(path) = bind {
        // Whoever the workers are, a proxy in the same group shall reach them.
        let given = Identity::find(settings.user.as_deref(), settings.group.as_deref())
            .and_then(|identity| identity.give(path).map_err(|error| error.to_string()));
        if let Err(why) = given {
            tracing::warn!("the unix socket {} keeps its owner: {why}", path.display());
        }
    }
    Ok(sockets)
}
