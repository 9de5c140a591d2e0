//! Workers of another user: what they are, what they may, and which files they have.

use std::{collections::BTreeSet, fs};

use crate::support::{Setup, is_root, proc, skip};

/// The numbers of a user and its group in `/etc/passwd`.
fn nobody() -> Option<(u32, u32)> {
    let text = fs::read_to_string("/etc/passwd").ok()?;
    let fields: Vec<_> = text.lines().find(|line| line.starts_with("nobody:"))?.split(':').collect();
    Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
}

/// 41.
#[test]
fn workers_give_up_every_privilege() {
    if !is_root() {
        return skip("only root can change the user of a worker");
    }
    let Some((user, group)) = nobody() else {
        return skip("this machine has no user nobody");
    };
    let groups = fs::read_to_string("/etc/group").unwrap();
    let name = groups
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.get(2) == Some(&&*group.to_string()))
        .map(|fields| fields[0].to_owned())
        .expect("a group of a user has a name");
    let instance = Setup::faults(&["--workers", "2", "--user", "nobody", "--group", &name, "--umask", "027"])
        .start_ready(2);
    assert!(proc::ids(instance.pid(), "Uid").contains(&0), "the arbiter stays root");
    for pid in instance.workers() {
        assert_eq!(proc::ids(pid, "Uid"), [user; 4]);
        assert_eq!(proc::ids(pid, "Gid"), [group; 4]);
        let supplementary = proc::ids(pid, "Groups");
        assert!(supplementary.iter().all(|other| *other == group), "none of root's: {supplementary:?}");
        for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
            assert_eq!(proc::status(pid, set).as_deref(), Some("0000000000000000"), "{set}");
        }
        assert_eq!(proc::status(pid, "Umask").as_deref(), Some("0027"));
    }
    // It goes on so: for a replacement, and for a new generation.
    let killed = *instance.workers().first().expect("there are two");
    proc::signal(killed, "KILL");
    pulsar_tests::until("it is gone", || !proc::is_alive(killed));
    instance.wait_ready(2);
    instance.reload();
    for pid in instance.workers() {
        assert_eq!((proc::ids(pid, "Uid"), proc::ids(pid, "Gid")), (vec![user; 4], vec![group; 4]));
    }
    instance.stop();
}

/// 41: an unknown user.
#[test]
fn a_user_that_there_is_not_is_named() {
    for arguments in [["--user", "pulsar-nobody-knows"], ["--group", "pulsar-nobody-knows"]] {
        let finished = Setup::faults(&arguments).finish();
        finished.assert_code(2).assert_calm().assert_stderr(&["pulsar-nobody-knows"]);
    }
}

/// 41: as any user.
#[test]
fn a_worker_has_no_files_but_its_own() {
    let setup = Setup::example("two_apps", &["-b", "127.0.0.1:0", "--wsgi2-bind", "127.0.0.1:0"]);
    let setup = setup.with(&["--workers", "2", "--wsgi2-workers", "2", "--pidfile", "pid"]);
    let instance = setup.addresses(2).start_ready(2);
    instance.wait_ready_of(1, 2);
    instance.reload();
    let all = proc::listening(instance.pid());
    for app in instance.info().apps {
        let mut of_this = None;
        for pid in app.ready() {
            let listening = proc::listening(pid);
            assert_eq!(listening.len(), 1, "{}: {listening:?}", app.name);
            assert!(listening.is_subset(&all) || listening.len() == 1);
            let files = proc::files(pid);
            for (number, target) in &files {
                let fine = target.starts_with("socket:")
                    || target.starts_with("pipe:")
                    || target.starts_with("anon_inode:")
                    || target.starts_with("/memfd:")
                    || target.starts_with("/dev/");
                assert!(fine, "{} {pid} has {number} -> {target}", app.name);
            }
            // The channel, the listener, and tokio's pair for signals; the control socket is the arbiter's.
            let sockets = files.values().filter(|target| target.starts_with("socket:"));
            let sockets = sockets.collect::<BTreeSet<_>>().len();
            assert!(sockets <= 5, "{} {pid}: {files:?}", app.name);
            assert!(*of_this.get_or_insert(sockets) == sockets, "all workers have the same: {files:?}");
        }
    }
    instance.stop();
}
