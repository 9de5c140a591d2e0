//! What a reload wants of the workers of one application: a canary, then slot by slot the others, or all as it was.
//!
//! It starts and ends nobody; that is what [`Monitor::converge`] does with what is wanted. The rule it keeps: until
//! [`Monitor::commit`] everything can be taken back.

use crate::arbiter::monitor::{Before, Course, Member, Monitor, Phase, Policy, policy::Limits};

/// So many workers of a reload do not start in a row, or die soon after, and it is given up.
const FAILED_OF_RELOAD: u32 = 3;

impl Monitor {
    /// Tries one worker of another generation.
    pub(crate) fn try_out(&mut self, generation: u64, policy: Policy) {
        self.next = generation;
        self.next_policy = Some(policy);
        self.phase = Phase::Canary;
        self.failed_of_reload = 0;
        self.died_of_reload = 0;
        self.resumes = self.course == Course::Paused;
        self.is_scaled = false;
    }

    /// Whether the worker that is tried out is ready, if there is to be one.
    pub(crate) fn is_tried(&self) -> bool {
        if self.phase == Phase::Rolling && self.course == Course::Paused {
            return true;
        }
        self.slots.is_empty() && self.next_policy.as_ref().is_none_or(|policy| policy.workers == 0)
            || self.members.values().any(|member| self.is_of_reload(member) && member.is_ready())
    }

    /// Why the generation that is being brought in does not come up.
    pub(crate) fn reload_failure(&self) -> Option<&str> {
        let most = match self.phase {
            Phase::Steady => return None,
            Phase::Canary => 1,
            Phase::Rolling => FAILED_OF_RELOAD,
        };
        let why = self.last_failure.as_deref().unwrap_or("it did not start");
        (self.failed_of_reload.max(self.died_of_reload) >= most).then_some(why)
    }

    /// Lets the next generation take over.
    pub(crate) fn roll(&mut self) {
        if self.phase != Phase::Canary {
            return;
        }
        self.phase = Phase::Rolling;
        self.failed_of_reload = 0;
        if std::mem::take(&mut self.resumes) {
            self.course = Course::Running;
        }
        if let Some(policy) = self.next_policy.take() {
            let workers = policy.workers;
            let before = std::mem::replace(&mut self.policy, policy);
            let has_changed = workers != before.workers && !self.is_scaled;
            let pauses = std::mem::take(&mut self.pauses);
            self.before = Some(Before { policy: before, slots: self.slots.clone(), pauses });
            if has_changed {
                self.resize(workers);
            }
        }
    }

    /// The next generation has taken over for good.
    pub(crate) fn commit(&mut self) {
        self.serving = self.next;
        self.phase = Phase::Steady;
        self.before = None;
        self.next_policy = None;
        self.resumes = false;
    }

    /// Everything is as it was before the reload.
    pub(crate) fn roll_back(&mut self) {
        for member in self.members.values_mut() {
            member.rejected |= self.next != self.serving && member.generation == self.next;
        }
        if let Some(Before { policy, slots, pauses }) = self.before.take() {
            (self.policy, self.slots, self.pauses) = (policy, slots, pauses);
        }
        self.next = self.serving;
        self.next_policy = None;
        self.phase = Phase::Steady;
        self.resumes = false;
    }

    /// The worker to be tried out, until it has been started.
    pub(super) fn missing_canary(&self) -> Option<(usize, u64, Limits)> {
        let policy = self.next_policy.as_ref().filter(|_| self.phase == Phase::Canary)?;
        let is_there = self.members.values().any(|member| self.is_of_reload(member) && member.is_live());
        let is_needed =
            self.course != Course::Stopping && !is_there && self.failed_of_reload == 0 && !self.is_tried();
        let slot = self.slots.first().copied().unwrap_or(0);
        is_needed.then(|| (slot, self.next, policy.limits()))
    }

    pub(super) fn is_of_reload(&self, member: &Member) -> bool {
        self.phase != Phase::Steady && member.generation == self.next && !member.rejected
    }
}
