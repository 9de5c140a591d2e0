//! The policy for a whole program: its monitors, and the reload that moves all of them to the next generation or none.
//!
//! Like a [`Monitor`] it only decides. A reload tries one worker of the next generation in every application; only when all of
//! them are ready does any old worker go. If one fails, or a later one does, everything is as it was. The rule it keeps: a
//! stop comes first, whatever else is going on.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{
    arbiter::monitor::{self, Action, Ended, Id, Mark, Member, Monitor, Policy, Time},
    worker::Cause,
};

/// What people and hooks shall hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// Every application has all its workers for the first time.
    Ready,
    /// An application never came up: the program ends.
    GivenUp { app: String, why: String },
    /// The next generation serves; what is left of the others is ending.
    Committed { generation: u64 },
    /// The workers of earlier generations are gone.
    Settled { generation: u64 },
    /// The next generation did not come up; all is as before.
    RolledBack { why: String },
    /// Every worker is gone, as was asked for.
    Stopped,
}

/// One application and its monitor.
#[derive(Debug)]
pub(super) struct Managed {
    pub(super) name: String,
    pub(super) monitor: Monitor,
    membership: Membership,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Membership {
    Settled,
    /// Part of the next generation only.
    Joining,
    /// Not part of the next generation; it goes when that one has taken over.
    Leaving,
    /// No part of the program any more, but for workers that are still ending.
    Gone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reload {
    TryingOut,
    Rolling,
    /// Over but for the workers that are still ending.
    Settling,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Starting,
    Running,
    Stopping { quick: bool },
    Stopped,
}

/// The state of a program's workers.
#[derive(Debug)]
pub(super) struct Supervisor {
    apps: Vec<Managed>,
    generation: u64,
    next_id: u64,
    reload: Option<Reload>,
    stage: Stage,
}

/// What a supervisor needs across the exec of an upgrade.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Saved {
    generation: u64,
    next_id: u64,
    monitors: Vec<(String, monitor::Saved)>,
}

impl Supervisor {
    pub(super) fn new(apps: &[(String, Policy)], now: Time) -> Self {
        let managed = |(name, policy): &(String, Policy)| Managed {
            name: name.clone(),
            monitor: Monitor::new(policy.clone(), 1, now),
            membership: Membership::Settled,
        };
        Self {
            apps: apps.iter().map(managed).collect(),
            generation: 1,
            next_id: 1,
            reload: None,
            stage: Stage::Starting,
        }
    }

    pub(super) fn save(&self) -> Saved {
        let monitors = self.apps.iter().map(|app| (app.name.clone(), app.monitor.save())).collect();
        Saved { generation: self.generation, next_id: self.next_id, monitors }
    }

    /// The state before an exec; `apps` are those of the program that runs now.
    pub(super) fn restore(apps: &[(String, Policy)], saved: Saved) -> Self {
        let Saved { generation, next_id, mut monitors } = saved;
        let managed = |(name, policy): &(String, Policy)| {
            let place = monitors.iter().position(|(saved, _)| saved == name);
            let monitor = match place.map(|place| monitors.remove(place)) {
                Some((_, saved)) => Monitor::restore(policy.clone(), saved),
                None => Monitor::new(policy.clone(), generation, Time::ZERO),
            };
            Managed { name: name.clone(), monitor, membership: Membership::Settled }
        };
        let mut restored: Vec<Managed> = apps.iter().map(managed).collect();
        // What is left belongs to applications that the program has no more; its workers are on their way out.
        for (name, saved) in monitors {
            let policy = Policy::of(&crate::settings::Settings::default());
            let mut monitor = Monitor::restore(policy, saved);
            monitor.leave();
            restored.push(Managed { name, monitor, membership: Membership::Gone });
        }
        Self { apps: restored, generation, next_id, reload: Some(Reload::Settling), stage: Stage::Running }
    }

    pub(super) fn apps(&self) -> &[Managed] {
        &self.apps
    }

    pub(super) fn app(&self, name: &str) -> Option<&Managed> {
        self.apps.iter().find(|app| app.name == name)
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// The generation that the next reload brings.
    pub(super) fn next_generation(&self) -> u64 {
        self.generation + 1
    }

    pub(super) fn is_stopping(&self) -> bool {
        matches!(self.stage, Stage::Stopping { .. } | Stage::Stopped)
    }

    /// Whether every application has been ready, though not all may be now: what keeps one from it may be what a reload mends.
    pub(super) fn has_come_up(&self) -> bool {
        self.stage != Stage::Starting || self.apps.iter().all(|app| app.monitor.has_been_ready())
    }

    /// Whether a reload has begun to replace workers.
    pub(super) fn is_rolling(&self) -> bool {
        self.reload == Some(Reload::Rolling)
    }

    pub(super) fn is_ready(&self) -> bool {
        self.stage == Stage::Running
    }

    /// The application and the facts of a worker.
    pub(super) fn member(&self, id: Id) -> Option<(&str, &Member)> {
        self.apps
            .iter()
            .find_map(|app| app.monitor.members().get(&id).map(|member| (app.name.as_str(), member)))
    }

    /// When something is due without an event.
    pub(super) fn due(&self) -> Option<Time> {
        let is_starting = self.stage == Stage::Starting;
        let given_up = self.apps.iter().filter(|_| is_starting).filter_map(|app| app.monitor.gives_up_at());
        self.apps.iter().filter_map(|app| app.monitor.due()).chain(given_up).min()
    }

    fn monitor_of(&mut self, id: Id) -> Option<&mut Monitor> {
        let found = self.apps.iter_mut().find(|app| app.monitor.members().contains_key(&id));
        found.map(|app| &mut app.monitor)
    }

    // What happens.

    pub(super) fn became_ready(&mut self, now: Time, id: Id) -> bool {
        self.monitor_of(id).is_some_and(|monitor| monitor.became_ready(now, id))
    }

    pub(super) fn says(&mut self, id: Id, panicked: bool, text: String) {
        if let Some(monitor) = self.monitor_of(id) {
            monitor.says(id, panicked, text);
        }
    }

    pub(super) fn exited(
        &mut self,
        now: Time,
        id: Id,
        ended: &Result<Ended, String>,
    ) -> Option<(String, Member, Cause)> {
        let app = self.apps.iter_mut().find(|app| app.monitor.members().contains_key(&id))?;
        let (member, cause) = app.monitor.exited(now, id, ended)?;
        Some((app.name.clone(), member, cause))
    }

    pub(super) fn quiet(&mut self, now: Time, quiet: &BTreeMap<Id, (Duration, Duration)>) -> Vec<Action> {
        self.apps.iter_mut().flat_map(|app| app.monitor.quiet(now, quiet)).collect()
    }

    pub(super) fn misbehaved(&mut self, now: Time, id: Id, what: &str) -> Vec<Action> {
        self.monitor_of(id).map(|monitor| monitor.misbehaved(now, id, what.to_owned())).unwrap_or_default()
    }

    pub(super) fn leaves(&mut self, now: Time, id: Id) {
        if let Some(monitor) = self.monitor_of(id) {
            monitor.leaves(now, id);
        }
    }

    pub(super) fn recycle(&mut self, id: Id, mark: Mark) {
        if let Some(monitor) = self.monitor_of(id) {
            monitor.recycle(id, mark);
        }
    }

    // What is wanted.

    /// Sets the number of workers of an application.
    pub(super) fn scale(&mut self, app: usize, workers: usize) {
        if let Some(app) = self.apps.get_mut(app) {
            app.monitor.scale(workers);
        }
    }

    pub(super) fn pause(&mut self) {
        for app in &mut self.apps {
            app.monitor.pause();
        }
    }

    /// Begins a reload. Applications that are not in `next` go when it succeeds, new ones come.
    pub(super) fn reload(&mut self, next: &[(String, Policy)], now: Time) {
        if self.is_stopping() {
            return;
        }
        let generation = self.next_generation();
        for (name, policy) in next {
            let policy = policy.clone();
            let Some(at) = self.apps.iter().position(|app| app.name == *name) else {
                let monitor = Monitor::joining(policy, generation, now);
                self.apps.push(Managed { name: name.clone(), monitor, membership: Membership::Joining });
                continue;
            };
            if self.apps[at].membership == Membership::Gone {
                // It comes back while the workers that it had are still ending.
                let Managed { name, monitor, .. } = self.apps.remove(at);
                let monitor = monitor.joining_after(policy, generation, now);
                self.apps.push(Managed { name, monitor, membership: Membership::Joining });
            } else {
                self.apps[at].monitor.try_out(generation, policy);
            }
        }
        let kept: BTreeSet<&str> = next.iter().map(|(name, _)| name.as_str()).collect();
        for app in &mut self.apps {
            if !kept.contains(app.name.as_str()) && app.membership == Membership::Settled {
                app.membership = Membership::Leaving;
            }
        }
        self.reload = Some(Reload::TryingOut);
    }

    /// Ends all workers: in order, or quickly.
    pub(super) fn stop(&mut self, now: Time, quick: bool) -> Vec<Action> {
        self.stage = match self.stage {
            Stage::Stopped | Stage::Stopping { quick: true } => return Vec::new(),
            Stage::Stopping { quick: false } if !quick => return Vec::new(),
            _ => Stage::Stopping { quick },
        };
        self.reload = None;
        self.apps.iter_mut().flat_map(|app| app.monitor.stop(now, quick)).collect()
    }

    /// Kills all workers.
    pub(super) fn kill(&mut self) -> Vec<Action> {
        if self.stage == Stage::Stopped {
            return Vec::new();
        }
        self.stage = Stage::Stopping { quick: true };
        self.reload = None;
        self.apps.iter_mut().flat_map(|app| app.monitor.kill()).collect()
    }

    /// Does what is due, and brings what is closer to what is wanted. To be called after every event.
    pub(super) fn step(&mut self, now: Time) -> (Vec<Action>, Vec<Notice>) {
        let (mut actions, mut notices) = (Vec::new(), Vec::new());
        for app in &mut self.apps {
            actions.extend(app.monitor.tick(now));
        }
        // What has just been wanted may already be so: an application without workers is complete.
        loop {
            let before = (self.stage, self.reload);
            self.advance(now, &mut actions, &mut notices);
            for app in &mut self.apps {
                actions.extend(app.monitor.converge(now, &mut self.next_id));
            }
            if before == (self.stage, self.reload) {
                break;
            }
        }
        self.apps.retain(|app| app.membership != Membership::Gone || !app.monitor.is_empty());
        (actions, notices)
    }

    fn advance(&mut self, now: Time, actions: &mut Vec<Action>, notices: &mut Vec<Notice>) {
        match self.stage {
            Stage::Starting => {
                let given_up = self.apps.iter().find_map(|app| Some((app, app.monitor.given_up(now)?)));
                if let Some((app, why)) = given_up {
                    notices.push(Notice::GivenUp { app: app.name.clone(), why });
                    actions.extend(self.kill());
                    return;
                }
                if self.apps.iter().all(|app| app.monitor.is_complete()) {
                    self.stage = Stage::Running;
                    notices.push(Notice::Ready);
                }
            }
            Stage::Running => {}
            Stage::Stopping { .. } => {
                if self.apps.iter().all(|app| app.monitor.is_empty()) {
                    self.stage = Stage::Stopped;
                    notices.push(Notice::Stopped);
                }
                return;
            }
            Stage::Stopped => return,
        }
        let Some(reload) = self.reload else { return };
        if reload != Reload::Settling {
            let failure =
                self.kept().find_map(|app| Some((app.name.as_str(), app.monitor.reload_failure()?)));
            if let Some((app, why)) = failure {
                notices.push(Notice::RolledBack { why: format!("{app}: {why}") });
                self.roll_back();
                return;
            }
        }
        match reload {
            Reload::TryingOut => {
                if self.kept().all(|app| app.monitor.is_tried()) {
                    self.apps
                        .iter_mut()
                        .filter(|app| app.membership == Membership::Settled)
                        .for_each(|app| app.monitor.roll());
                    self.reload = Some(Reload::Rolling);
                }
            }
            Reload::Rolling => {
                if self.kept().all(|app| app.monitor.is_complete()) {
                    self.generation = self.next_generation();
                    self.reload = Some(Reload::Settling);
                    notices.push(Notice::Committed { generation: self.generation });
                    for app in &mut self.apps {
                        match app.membership {
                            Membership::Gone => {}
                            Membership::Leaving => {
                                actions.extend(app.monitor.stop(now, false));
                                app.membership = Membership::Gone;
                            }
                            Membership::Settled | Membership::Joining => {
                                app.monitor.commit();
                                app.membership = Membership::Settled;
                            }
                        }
                    }
                }
            }
            Reload::Settling => {
                let generation = self.generation;
                if !self.apps.iter().any(|app| app.monitor.has_remains(generation)) {
                    self.reload = None;
                    notices.push(Notice::Settled { generation });
                }
            }
        }
    }

    /// The applications that the next generation has.
    fn kept(&self) -> impl Iterator<Item = &Managed> {
        self.apps.iter().filter(|app| matches!(app.membership, Membership::Settled | Membership::Joining))
    }

    /// Gives up the reload that is under way.
    fn roll_back(&mut self) {
        self.reload = None;
        for app in &mut self.apps {
            match app.membership {
                Membership::Gone => {}
                Membership::Joining => {
                    app.monitor.leave();
                    app.membership = Membership::Gone;
                }
                Membership::Settled | Membership::Leaving => {
                    app.monitor.roll_back();
                    app.membership = Membership::Settled;
                }
            }
        }
    }

    /// Gives up the reload for a reason that the supervisor cannot know.
    pub(super) fn abandon_reload(&mut self) -> Vec<Action> {
        if self.reload.is_some_and(|reload| reload != Reload::Settling) {
            self.roll_back();
        }
        Vec::new()
    }
}

#[cfg(test)]
pub(super) mod tests;
