//! What the machine tells about processes: their memory, and whether the kernel killed one for want of it.
//!
//! Linux tells it in `/proc` and the control groups; elsewhere nothing is known, and nothing guessed.

use std::{fs, path::PathBuf, time::Duration};

use crate::settings::Settings;

/// The memory that a process holds, in bytes; 0 if it cannot be known.
pub(super) fn resident(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
    let pages: u64 = text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    pages * page_size()
}

fn page_size() -> u64 {
    nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE)
        .ok()
        .flatten()
        .and_then(|size| u64::try_from(size).ok())
        .unwrap_or(4096)
}

/// What of these settings this machine will not keep, for people to hear at the start.
pub(super) fn warnings(settings: &Settings) -> Vec<String> {
    let mut warnings = Vec::new();
    let limit = fs::read_to_string("/proc/sys/net/core/somaxconn")
        .ok()
        .and_then(|text| text.trim().parse::<u32>().ok());
    if let Some(limit) = limit.filter(|limit| *limit < settings.backlog) {
        warnings.push(format!(
            "backlog is {}, and this machine allows {limit}; raise net.core.somaxconn, or lower backlog",
            settings.backlog
        ));
    }
    let end = settings.graceful_timeout + settings.drain_delay;
    if std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() && end >= KUBERNETES_GRACE {
        warnings.push(format!(
            "a stop may take {} s, and Kubernetes kills after 30 s unless terminationGracePeriodSeconds says otherwise; \
             lower graceful_timeout, or raise that",
            end.as_secs_f64()
        ));
    }
    warnings
}

/// The default of terminationGracePeriodSeconds.
const KUBERNETES_GRACE: Duration = Duration::from_secs(30);

/// How often the kernel has killed a process of our control group because memory was exhausted.
#[derive(Debug)]
pub(super) struct OomKills {
    events: Option<PathBuf>,
    seen: u64,
}

impl OomKills {
    pub(super) fn new() -> Self {
        let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        // Version 2 of the control groups has one tree, version 1 one for memory.
        let files = groups.lines().filter_map(|line| {
            let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
            Some(match controllers {
                "" => format!("/sys/fs/cgroup{path}/memory.events"),
                "memory" => format!("/sys/fs/cgroup/memory{path}/memory.oom_control"),
                _ => return None,
            })
        });
        let mut kills = Self { events: files.map(PathBuf::from).find(|path| path.exists()), seen: 0 };
        kills.seen = kills.count();
        kills
    }

    /// Whether there was one since the last time.
    pub(super) fn happened(&mut self) -> bool {
        let count = self.count();
        count > std::mem::replace(&mut self.seen, count)
    }

    fn count(&self) -> u64 {
        let text = self.events.as_ref().and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
        line.and_then(|count| count.parse().ok()).unwrap_or(0)
    }
}
