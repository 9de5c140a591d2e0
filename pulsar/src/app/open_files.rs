//! How many files the process may open: as many as its settings need, if the system lets it.
//!
//! Each connection is an open file, and the limit that a shell sets is often a tenth of what it allows.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::settings::{CountLimit, Settings};

/// What is open besides connections: listeners, logs, channels, and files that handlers read.
const BESIDES: u64 = 256;

/// Raises the limit for the connections of these applications, up to what the system allows. What is missing is logged.
pub(super) fn make_room<'a>(settings: impl IntoIterator<Item = &'a Settings>) {
    let connections = settings.into_iter().map(|settings| settings.max_connections);
    let Some(connections) = connections.map(CountLimit::most).sum::<Option<u64>>() else { return };
    let needed = connections.saturating_add(BESIDES);
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return };
    let raised = needed.min(hard);
    if raised > soft
        && let Err(error) = setrlimit(Resource::RLIMIT_NOFILE, raised, hard)
    {
        tracing::warn!(%error, "the limit on open files cannot be raised from {soft} to {raised}");
    }
    if needed > hard {
        tracing::info!(
            "`max_connections` is {connections}, but the process may open only {hard} files; raise the limit (ulimit -n, \
             LimitNOFILE=) or lower the setting"
        );
    }
}
