//! Where the program's own log goes: standard error, as text or JSON.

use std::io::{self, IsTerminal};

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    arbiter::{Stderr, guard_panics},
    settings::{LogFormat, Settings},
};

/// Sets up `tracing`, unless the program has done so itself.
pub(super) fn set_up(settings: &Settings) {
    guard_panics();
    // The setting has been checked to be a filter.
    let filter = EnvFilter::try_new(settings.log_level.directives()).unwrap_or_default();
    let registry = tracing_subscriber::registry().with(filter);
    let _ = match settings.log_format {
        LogFormat::Text => registry
            .with(fmt::layer().with_ansi(io::stderr().is_terminal()).with_writer(|| Stderr))
            .try_init(),
        LogFormat::Json => {
            registry.with(fmt::layer().json().flatten_event(true).with_writer(|| Stderr)).try_init()
        }
    };
}
