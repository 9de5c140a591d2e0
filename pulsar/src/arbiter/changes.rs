//! From a watched file that has changed to a reload or an upgrade, and what becomes of one that is under way.
//!
//! The rule it keeps: what was changed last is brought in, or refused with a line of the log; and nobody who asked for a reload is
//! put off by one that nobody asked for.

use crate::{
    arbiter::{
        monitor::Time,
        process::Image,
        reloads::{Cause, Wanted},
        snapshot::Mark,
        state::Arbiter,
        watch::{Change, Saved, Watch},
    },
    settings::Settings,
};

impl Arbiter<'_> {
    /// Begins to watch, if the settings say so, and tells what.
    pub(super) fn begin_watch(&mut self) {
        self.watch = self.new_watch();
        let Some((watch, settings)) = self.watch.as_ref().zip(self.first_settings()) else { return };
        let (line, warnings) = watch.told_at_start(settings);
        tracing::info!("{line}");
        for warning in warnings {
            tracing::warn!("{warning}");
        }
    }

    /// Goes on with what the program before this one watched.
    pub(super) fn go_on_watching(&mut self, saved: Option<Saved>) {
        let Some(saved) = saved else { return self.begin_watch() };
        self.watch = self.new_watch();
        if let Some(watch) = &mut self.watch {
            watch.go_on(Image::Running.metadata().ok().map(|file| Mark::of(&file)), saved);
        }
    }

    fn new_watch(&mut self) -> Option<Watch> {
        let now = self.clock.now();
        let apps: Vec<&Settings> = self.current.apps.iter().map(|app| &app.settings).collect();
        Watch::new(&self.program, &apps, now)
    }

    fn first_settings(&self) -> Option<&Settings> {
        self.current.apps.first().map(|app| &app.settings)
    }

    /// The current release is a new one.
    pub(super) fn watch_release(&mut self, is_upgrade: bool) {
        if is_upgrade {
            if let Some(watch) = &mut self.watch {
                watch.adopts();
            }
            return;
        }
        let Some(settings) = self.first_settings() else { return };
        let suits = match &self.watch {
            Some(watch) => watch.suits(settings),
            None => !settings.reload,
        };
        if suits {
            return;
        }
        let before = self.watch.take();
        self.begin_watch();
        if let (Some(watch), Some(before)) = (&mut self.watch, before) {
            watch.follows(&before);
        }
    }

    /// When to look at the files next; never while what they say cannot be done.
    pub(super) fn watch_due(&self) -> Option<Time> {
        let is_asked_for = self.reloads.running.as_ref().is_some_and(|wanted| !wanted.is_watched());
        let is_busy = self.supervisor.is_stopping()
            || !self.supervisor.has_come_up()
            || self.supervisor.is_rolling()
            || self.reloads.is_taking_over()
            || is_asked_for;
        self.watch.as_ref().filter(|_| !is_busy).map(Watch::due)
    }

    pub(super) fn watch_if_due(&mut self) {
        let Some(due) = self.watch_due() else { return };
        let now = self.clock.now();
        if now < due {
            return;
        }
        if let Some(change) = self.watch.as_mut().and_then(|watch| watch.look(now)) {
            self.on_change(change);
        }
    }

    fn on_change(&mut self, Change { program, files }: Change) {
        let before = self.supersede();
        let reload = files.map(|files| Wanted::reload(Cause::Changed(files))).or(before);
        let has_other = self.watch.as_ref().is_some_and(Watch::has_other_program);
        let cause = match &reload {
            _ if program => Cause::NewProgram,
            // What it was refused for may have been in these files.
            Some(reload) if has_other => reload.cause.clone(),
            Some(reload) => return self.begin_reload(reload.clone(), None),
            None => return,
        };
        self.reloads.otherwise = reload;
        self.begin_upgrade(Wanted::upgrade(cause));
    }

    /// Gives up what an earlier change has begun, if it is still tried out. The reload that is owed for it, if one is.
    fn supersede(&mut self) -> Option<Wanted> {
        self.reloads.forget_probe();
        let otherwise = self.reloads.otherwise.take();
        let running = self.reloads.running.take()?;
        tracing::info!("{}: not waiting for it, as there is something newer", running.cause);
        let actions = self.supervisor.abandon_reload();
        self.perform(actions);
        self.next = None;
        self.notifier.ready(self.supervisor.generation());
        otherwise.or_else(|| (!running.is_upgrade()).then_some(running))
    }
}
