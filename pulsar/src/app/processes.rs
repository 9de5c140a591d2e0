//! What the arbiter asks of the program that it runs: its settings, and its hooks.

use std::{ffi::OsString, fs};

use super::{
    application::App,
    hooks::Hooks,
    plan::{Plan, Purpose},
    program::Program,
    serve::{is_alone, warn_of},
    tls,
};
use crate::{
    arbiter::{Host, Probe, texts},
    settings::{Resolved, Settings},
    worker::{Worker, WorkerExit},
};

/// A program with the arguments and the environment that it was started with.
pub(super) struct Hosted<'a> {
    pub(super) program: &'a Program,
    pub(super) arguments: Vec<OsString>,
    pub(super) variables: Vec<(OsString, OsString)>,
    pub(super) hooks: Hooks,
}

impl Host for Hosted<'_> {
    fn name(&self) -> &str {
        self.program.name()
    }

    fn version(&self) -> &str {
        &self.program.version
    }

    fn load(&self) -> Result<Vec<(String, Settings)>, String> {
        let loader = self.program.loader(App::to_settings);
        let read = |path: &std::path::Path| fs::read_to_string(path);
        let loaded = loader.load(self.arguments.clone(), self.variables.clone(), read);
        let resolved = loaded.map_err(|exit| exit.message)?.settings;
        if is_alone(&resolved.first().settings) {
            return Err(WITHOUT.to_owned());
        }
        let warnings = tls::check(&resolved).map_err(|problems| problems.join("; "))?;
        warn_of(&warnings);
        Ok(parts(&resolved))
    }

    fn starting(&self) {
        self.hooks.starting();
    }

    fn when_ready(&self) {
        self.hooks.when_ready();
    }

    fn pre_spawn(&self, worker: &Worker) {
        self.hooks.pre_spawn(worker);
    }

    fn worker_exit(&self, exit: &WorkerExit) {
        self.hooks.worker_exit(exit);
    }

    fn reload(&self) {
        self.hooks.reload();
    }

    fn exit(&self, code: u8) {
        self.hooks.exit(code);
    }
}

/// Says whether this program with these settings could take over from the arbiter that asks.
pub(super) fn answer(probe: Probe, program: &Program, resolved: &Resolved) {
    let plan = Plan::of(program, resolved, Purpose::Work);
    let mut problems: Vec<_> = plan.problems().map(ToString::to_string).collect();
    problems.extend(tls::check(resolved).err().into_iter().flatten());
    if is_alone(&resolved.first().settings) {
        probe.refuse(WITHOUT);
    } else if problems.is_empty() {
        let parts = parts(resolved).into_iter();
        probe.agree(parts.map(|(name, settings)| (name, texts(&settings))).collect());
    } else {
        probe.refuse(&problems.join("\n"));
    }
}

const WITHOUT: &str =
    "a program that runs worker processes cannot do without them after a reload; restart it";

/// The applications and their settings.
fn parts(resolved: &Resolved) -> Vec<(String, Settings)> {
    resolved.applications().iter().map(|app| (app.name.clone(), app.settings.clone())).collect()
}
