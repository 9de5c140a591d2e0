//! What the settings say about the workers of an application.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::settings::Settings;

/// What the settings say about workers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Policy {
    pub(crate) workers: usize,
    /// Zero is never.
    pub(crate) timeout: Duration,
    pub(crate) boot_timeout: Duration,
    /// From the order to end until the kill; the worker itself cuts what is left a little earlier.
    pub(crate) drain: Duration,
    /// How long before that with `drain_delay`.
    pub(crate) delay: Duration,
    pub(crate) surge: usize,
}

/// What of it concerns a worker for as long as it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Limits {
    pub(super) timeout: Duration,
    pub(super) boot_timeout: Duration,
    pub(super) drain: Duration,
    pub(super) delay: Duration,
}

impl Policy {
    pub(super) fn limits(&self) -> Limits {
        let Self { timeout, boot_timeout, drain, delay, .. } = *self;
        Limits { timeout, boot_timeout, drain, delay }
    }

    pub(crate) fn of(settings: &Settings) -> Self {
        Self {
            workers: settings.workers,
            timeout: settings.timeout,
            boot_timeout: settings.boot_timeout,
            drain: settings.graceful_timeout + SLACK,
            delay: settings.drain_delay,
            surge: settings.reload_surge.max(1),
        }
    }
}

/// What a worker has that cuts its own connections at the deadline.
const SLACK: Duration = Duration::from_millis(1500);
