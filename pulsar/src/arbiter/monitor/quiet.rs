//! Whether workers still move: slow is not dead, and all at once is most likely the machine.

use std::{collections::BTreeMap, time::Duration};

use crate::arbiter::monitor::{Action, Id, Monitor, Time, member::Verdict};

/// From the abort to the kill.
const ABORT_GRACE: Duration = Duration::from_secs(1);

impl Monitor {
    /// How long a worker's own thread, and the slowest of its loops, have not moved.
    pub(crate) fn quiet(&mut self, now: Time, quiet: &BTreeMap<Id, (Duration, Duration)>) -> Vec<Action> {
        let watched: Vec<_> = self
            .members
            .iter()
            .filter(|(_, member)| member.is_ready() && !member.limits.timeout.is_zero())
            .map(|(id, member)| (*id, member.limits.timeout, quiet.get(id).copied().unwrap_or_default()))
            .collect();
        let stalled = watched.len() > 1 && watched.iter().all(|(_, limit, (thread, _))| thread >= limit);
        let mut actions = Vec::new();
        if stalled && watched.iter().any(|(_, limit, (thread, _))| *thread < *limit * 2) {
            if !std::mem::replace(&mut self.stalled, true) {
                actions.push(Action::Warn(
                    "no worker reacts, which looks like a machine that stands still; waiting once more as long as `timeout`"
                        .to_owned(),
                ));
            }
            return actions;
        }
        self.stalled = stalled;
        for (id, limit, (thread, loops)) in watched {
            if loops < limit {
                continue;
            }
            let seconds = loops.as_secs_f64();
            let what = if thread >= limit {
                format!("its process has not run for {seconds:.1} s; it is stopped or gets no processor")
            } else {
                format!(
                    "an event loop has been blocked for {seconds:.1} s; an async handler does something that blocks"
                )
            };
            actions.extend(self.condemn(now, id, Verdict::Timeout(what), ABORT_GRACE));
        }
        actions
    }
}
