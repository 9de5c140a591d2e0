//! What an instance tells about itself.

use std::process;

use crate::{
    arbiter::{
        machine::resident,
        message::{AppInfo, ArbiterInfo, Info, WorkerInfo},
        state::Arbiter,
        supervisor::Managed,
    },
    board::Totals,
    order::sort_by_key,
};

impl Arbiter<'_> {
    pub(super) fn info(&mut self) -> Info {
        let now = self.now();
        let state = match () {
            () if self.supervisor.is_stopping() => "stopping",
            () if !self.supervisor.is_ready() => "starting",
            () if self.reloads.is_running() => "reloading",
            () => "running",
        };
        let arbiter = ArbiterInfo {
            pid: process::id(),
            version: self.host.version().to_owned(),
            generation: self.supervisor.generation(),
            cause: self.reloads.cause.clone(),
            uptime: self.begun.elapsed().as_secs_f64(),
            state: state.to_owned(),
            rss: resident(process::id()),
            reloads: self.reloads.done,
            failed_reloads: self.reloads.failed,
        };
        let apps = self.supervisor.apps().iter().map(|app| self.app_info(app, now));
        Info { arbiter, apps: apps.collect() }
    }

    fn app_info(&self, app: &Managed, now: crate::arbiter::monitor::Time) -> AppInfo {
        let mut workers: Vec<WorkerInfo> = app
            .monitor
            .members()
            .iter()
            .filter_map(|(id, member)| {
                let process = self.processes.get(id)?;
                let Totals { requests, in_flight, open, .. } = self.totals(*id);
                let pid = process.child.pid;
                Some(WorkerInfo {
                    pid,
                    slot: member.slot,
                    generation: member.generation,
                    state: member.state.word().to_owned(),
                    uptime: now.saturating_sub(member.since).as_secs_f64(),
                    requests,
                    in_flight,
                    connections: open,
                    limits: self.limits(*id),
                    rss: resident(pid),
                })
            })
            .collect();
        sort_by_key(&mut workers, |worker| (worker.slot, worker.generation, worker.pid));
        let past = self.past.iter().find(|(name, _)| *name == app.name);
        let past = past.map(|(_, past)| past.clone()).unwrap_or_default();
        let state = match () {
            () if self.supervisor.is_stopping() => "stopping",
            () if app.monitor.is_paused() => "paused",
            () if app.monitor.ready() < app.monitor.target() => "degraded",
            () => "running",
        };
        let blueprint = self.current.app(&app.name);
        AppInfo {
            name: app.name.clone(),
            binds: blueprint.iter().flat_map(|app| app.addresses()).collect(),
            target: app.monitor.target(),
            state: state.to_owned(),
            requests: past.requests + workers.iter().map(|worker| worker.requests).sum::<u64>(),
            exits: past.exits,
            workers,
        }
    }
}
