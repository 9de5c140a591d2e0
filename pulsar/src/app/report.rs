//! A running instance as text: the tree that `info` prints, and how times and sizes are written.
//!
//! It asks nobody: what it is given is what it writes.

use crate::arbiter::Info;

/// The instance as a tree: the arbiter, its applications, their workers.
pub(super) fn tree(info: &Info) -> String {
    let Info { arbiter, apps } = info;
    let cause = match arbiter.cause.as_str() {
        "" | "start" => String::new(),
        cause => format!(" ({cause})"),
    };
    let mut text = format!(
        "arbiter {}  version {}  generation {}{cause}  {}  up {}  {}\n",
        arbiter.pid,
        arbiter.version,
        arbiter.generation,
        arbiter.state,
        time(arbiter.uptime),
        memory(arbiter.rss)
    );
    for (number, app) in apps.iter().enumerate() {
        let last = number + 1 == apps.len();
        let (branch, line) = if last { ("└─", "  ") } else { ("├─", "│ ") };
        text.push_str(&format!(
            "{branch} {}  {}  {} wanted  {}  {}\n",
            app.name,
            app.state,
            count(app.target as u64, "worker"),
            count(app.requests, "request"),
            app.binds.join(" ")
        ));
        for (number, worker) in app.workers.iter().enumerate() {
            let branch = if number + 1 == app.workers.len() { "└─" } else { "├─" };
            text.push_str(&format!(
                "{line} {branch} worker {}  process {}  generation {}  {}  up {}  {}  {} in flight  {}  {}\n",
                worker.slot,
                worker.pid,
                worker.generation,
                worker.state,
                time(worker.uptime),
                count(worker.requests, "request"),
                worker.in_flight,
                count(worker.connections, "connection"),
                memory(worker.rss)
            ));
            if !worker.limits.is_empty() {
                let limits = worker.limits.iter().map(|(name, count)| format!("{name} {count}"));
                let line_below = if number + 1 == app.workers.len() { "  " } else { "│ " };
                text.push_str(&format!(
                    "{line} {line_below} limits reached: {}\n",
                    limits.collect::<Vec<_>>().join(", ")
                ));
            }
        }
    }
    text
}

/// `1 request`, `2 requests`.
fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Seconds as people write them: `7 s`, `3 m 7 s`, `2 h 3 m`, `5 d 2 h`.
pub(super) fn time(seconds: f64) -> String {
    // Nothing runs so long that it would not fit.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let seconds = seconds as u64;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match () {
        () if days > 0 => format!("{days} d {} h", hours % 24),
        () if hours > 0 => format!("{hours} h {} m", minutes % 60),
        () if minutes > 0 => format!("{minutes} m {} s", seconds % 60),
        () => format!("{seconds} s"),
    }
}

/// Bytes as people write them.
pub(super) fn memory(bytes: u64) -> String {
    #[allow(clippy::cast_precision_loss)] // One decimal is shown.
    let mebibytes = bytes as f64 / f64::from(1 << 20);
    format!("{mebibytes:.1} MiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_two_units_at_most() {
        for (seconds, expected) in
            [(0.9, "0 s"), (67.0, "1 m 7 s"), (7380.0, "2 h 3 m"), (439_200.0, "5 d 2 h")]
        {
            assert_eq!(time(seconds), expected);
        }
        assert_eq!(memory(1_572_864), "1.5 MiB");
    }
}
