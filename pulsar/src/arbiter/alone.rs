//! What a program without worker processes has of an arbiter: addresses, the pidfile, the service manager.

use std::{fs::File, time::Duration};

use crate::{
    arbiter::{
        activation,
        notify::Notifier,
        pidfile::Pidfile,
        process,
        process::Identity,
        release::{open_bind, wrong_identities},
    },
    server::{BoundSocket, open_log},
    settings::{AccessLog, Settings},
};

/// What is kept while such a program serves.
#[derive(Debug)]
pub(crate) struct Alone {
    notifier: Notifier,
    _pidfile: Option<Pidfile>,
}

/// What was opened for one application.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) sockets: Vec<BoundSocket>,
    pub(crate) log: Option<File>,
}

impl Alone {
    /// Opens what the applications need, then becomes the user that the settings of the first one name.
    ///
    /// # Errors
    ///
    /// The exit code, and a line for each thing that is wrong.
    pub(crate) fn prepare(
        first: &Settings,
        apps: &[(String, Settings)],
    ) -> Result<(Self, Vec<Opened>), (u8, Vec<String>)> {
        let wrong = wrong_identities(&apps[..apps.len().min(1)]);
        if !wrong.is_empty() {
            return Err((2, wrong));
        }
        if let Some(mask) = first.umask {
            process::set_umask(mask);
        }
        let pidfile = first.pidfile.as_deref().map(Pidfile::lock).transpose();
        let pidfile = pidfile.map_err(|failure| (2, vec![failure]))?;
        let names: Vec<_> = apps.iter().map(|(name, _)| name.clone()).collect();
        let mut activated = activation::sockets(&names).map_err(|failures| (1, failures))?;
        let (mut opened, mut failures) = (Vec::new(), Vec::new());
        for (name, settings) in apps {
            let mut sockets = Vec::new();
            match activated.iter().position(|(app, _)| app == name) {
                Some(at) => sockets
                    .extend(activated.swap_remove(at).1.into_iter().filter_map(std::sync::Arc::into_inner)),
                None => {
                    for bind in &settings.bind {
                        match open_bind(bind, settings) {
                            Ok(more) => sockets.extend(more),
                            Err(failure) => failures.push(failure),
                        }
                    }
                }
            }
            let mut log = None;
            if let AccessLog::File(path) = &settings.access_log {
                match open_log(path) {
                    Ok(file) => log = Some(file),
                    Err(failure) => failures.push(failure),
                }
            }
            opened.push(Opened { sockets, log });
        }
        let identity = Identity::find(first.user.as_deref(), first.group.as_deref());
        match identity {
            Ok(identity) if failures.is_empty() => {
                if let Err(error) = identity.assume() {
                    failures.push(format!("cannot become another user: {error}"));
                }
            }
            Ok(_) => {}
            Err(failure) => failures.push(failure),
        }
        if !failures.is_empty() {
            return Err((1, failures));
        }
        Ok((Self { notifier: Notifier::from_environment(), _pidfile: pidfile }, opened))
    }

    /// Every application serves.
    pub(crate) fn ready(&self) {
        self.notifier.ready(1);
    }

    /// The program begins to stop, which takes at most so long.
    pub(crate) fn stopping(&self, most: Duration) {
        self.notifier.stopping(most);
    }

    /// Tells the service manager that the event loop turns, as long as it does.
    pub(crate) async fn keep_alive(&self) {
        let Some(period) = self.notifier.watchdog() else { return };
        let mut clock = tokio::time::interval(period);
        loop {
            clock.tick().await;
            self.notifier.alive();
        }
    }
}
