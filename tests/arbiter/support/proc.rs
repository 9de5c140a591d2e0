//! What the kernel says about a process: `/proc` as numbers, and signals to any pid.
//!
//! The rule it keeps: a process that is gone is an answer, not an error.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The children of a process, those of all its threads, zombies included.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let mut children = Vec::new();
    for task in numbers(&format!("/proc/{pid}/task")) {
        let text = fs::read_to_string(format!("/proc/{pid}/task/{task}/children")).unwrap_or_default();
        children.extend(text.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
    }
    children.sort_unstable();
    children
}

/// The children of an arbiter that run: its workers.
pub(crate) fn workers(pid: u32) -> BTreeSet<u32> {
    children(pid).into_iter().filter(|child| is_alive(*child)).collect()
}

/// The state of a process: `S` sleeping, `R` running, `T` stopped, `Z` a zombie; none if there is no such process.
pub(crate) fn state(pid: u32) -> Option<char> {
    after_name(pid)?.first()?.chars().next()
}

/// Whether a process is there and no zombie.
pub(crate) fn is_alive(pid: u32) -> bool {
    state(pid).is_some_and(|state| state != 'Z')
}

/// When a process started, in ticks since the boot: with the pid it names one process for ever.
pub(crate) fn started(pid: u32) -> Option<u64> {
    after_name(pid)?.get(19)?.parse().ok()
}

/// The processor time that a process has used, in ticks.
pub(crate) fn processor_ticks(pid: u32) -> u64 {
    let fields = after_name(pid).unwrap_or_default();
    fields.iter().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}

/// The children that have ended and have not been waited for.
pub(crate) fn zombies(pid: u32) -> Vec<u32> {
    children(pid).into_iter().filter(|child| state(*child) == Some('Z')).collect()
}

/// The open files of a process: number and what it leads to, such as `socket:[4711]`.
pub(crate) fn files(pid: u32) -> BTreeMap<u32, String> {
    let folder = format!("/proc/{pid}/fd");
    let target = |number: u32| Some((number, link(format!("{folder}/{number}"))?.display().to_string()));
    numbers(&folder).into_iter().filter_map(target).collect()
}

/// The number of threads of a process.
pub(crate) fn threads(pid: u32) -> usize {
    numbers(&format!("/proc/{pid}/task")).len()
}

/// The memory of a process that is in RAM, in KiB.
pub(crate) fn rss(pid: u32) -> u64 {
    kib(&format!("/proc/{pid}/status"), "VmRSS")
}

/// The same, each shared page divided by those who share it.
pub(crate) fn pss(pid: u32) -> u64 {
    kib(&format!("/proc/{pid}/smaps_rollup"), "Pss")
}

/// How often the threads of a process have waited: how often they were woken, but for one each.
pub(crate) fn waits(pid: u32) -> u64 {
    let tasks = numbers(&format!("/proc/{pid}/task"));
    tasks.iter().map(|task| kib(&format!("/proc/{pid}/task/{task}/status"), "voluntary_ctxt_switches")).sum()
}

/// Numbers of a line of `/proc/PID/status`: `Uid` and `Gid` have four each, `Groups` any number.
pub(crate) fn ids(pid: u32, name: &str) -> Vec<u32> {
    let text = field(&format!("/proc/{pid}/status"), name).unwrap_or_default();
    text.split_whitespace().filter_map(|number| number.parse().ok()).collect()
}

/// A line of `/proc/PID/status` as it is.
pub(crate) fn status(pid: u32, name: &str) -> Option<String> {
    field(&format!("/proc/{pid}/status"), name)
}

/// The inode of the file that a process runs: that of the file itself, also after another one has taken its place.
pub(crate) fn image(pid: u32) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(format!("/proc/{pid}/exe")).ok().map(|file| file.ino())
}

/// The inodes of the sockets that a process has open and that listen.
pub(crate) fn listening(pid: u32) -> BTreeSet<u64> {
    let mut all = BTreeSet::new();
    for family in ["tcp", "tcp6"] {
        let text = fs::read_to_string(format!("/proc/{pid}/net/{family}")).unwrap_or_default();
        let fields = text.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
        let listen = fields.filter(|fields| fields.get(3) == Some(&"0A"));
        all.extend(listen.filter_map(|fields| fields.get(9)?.parse::<u64>().ok()));
    }
    let text = fs::read_to_string(format!("/proc/{pid}/net/unix")).unwrap_or_default();
    let fields = text.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    // The flag __SO_ACCEPTCON.
    let listen = fields.filter(|fields| fields.get(3) == Some(&"00010000"));
    all.extend(listen.filter_map(|fields| fields.get(6)?.parse::<u64>().ok()));
    let socket = |target: &String| target.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok();
    files(pid).values().filter_map(socket).filter(|inode| all.contains(inode)).collect()
}

/// The processes that have this text in their environment or command line, but for this one: what a test has started, also
/// when its parent is gone.
pub(crate) fn with_text(text: &str) -> Vec<u32> {
    let has = |pid: &u32, file: &str| {
        let bytes = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    let others = numbers("/proc").into_iter().filter(|pid| *pid != std::process::id() && is_alive(*pid));
    others.filter(|pid| has(pid, "environ") || has(pid, "cmdline")).collect()
}

/// Sends a signal, by its name. False if there is no such process.
pub(crate) fn signal(pid: u32, name: &str) -> bool {
    let mut kill = Command::new("kill");
    kill.args([&format!("-{name}"), &pid.to_string()]).stderr(Stdio::null());
    kill.status().expect("kill is a program of every Unix").success()
}

/// What follows the name in `/proc/PID/stat`: from the state on, field 3 in proc(5).
fn after_name(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

fn kib(file: &str, name: &str) -> u64 {
    let text = field(file, name).unwrap_or_default();
    text.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim().to_owned()))
}

fn numbers(folder: &str) -> Vec<u32> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn link(path: impl AsRef<Path>) -> Option<PathBuf> {
    fs::read_link(path).ok()
}
