//! Workers that are processes: messages between them, hooks at their events, tasks that run in each or in exactly one.
//!
//! What can be asked is tested without processes elsewhere; here it is what the processes add.

use std::{collections::BTreeSet, fs};

use pulsar_tests::{Folder, until};
use serde_json::{Value, json};

use crate::support::{Instance, Setup, proc};

/// The program `peers` with so many workers of its first application, and the folder of its notes.
fn peers(workers: &str) -> (Instance, Folder) {
    let setup = Setup::example("peers", &["-b", "127.0.0.1:0", "--workers", workers]).addresses(2);
    let notes = Folder::new();
    let path = notes.join("notes").display().to_string();
    let instance = setup.variable("NOTES", &path).start_ready(workers.parse().expect("a number"));
    (instance, notes)
}

fn lines(notes: &Folder) -> Vec<String> {
    fs::read_to_string(notes.join("notes")).unwrap_or_default().lines().map(str::to_owned).collect()
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Asks until the worker of this slot is the one that answers, over a connection of its own.
fn from_slot(instance: &Instance, slot: u64, path: &str) -> String {
    for _ in 0..1000 {
        let mut client = instance.running().connect();
        if value(client.get("/me").text())["slot"] == slot {
            return client.get(path).text().to_owned();
        }
    }
    panic!("the worker of slot {slot} never answered");
}

#[test]
fn a_worker_asks_tells_and_finds_the_others() {
    let (instance, _notes) = peers("3");
    let pids = instance.workers_of("peers");
    let workers = value(&from_slot(&instance, 0, "/workers"));
    let workers = workers.as_array().expect("a list");
    assert_eq!(workers.iter().map(|worker| worker["slot"].as_u64().unwrap()).collect::<Vec<_>>(), [0, 1, 2]);
    let told: BTreeSet<_> = workers.iter().map(|worker| worker["pid"].as_u64().unwrap()).collect();
    assert_eq!(told, pids.iter().map(|pid| u64::from(*pid)).collect());

    assert_eq!(from_slot(&instance, 0, "/ask/1/ping/0"), r#""pong""#);
    assert_eq!(from_slot(&instance, 0, "/ask/2/echo/7"), "7");
    assert_eq!(from_slot(&instance, 0, "/ask/2/hear/7"), "7");
    assert_eq!(from_slot(&instance, 1, "/ask/2/hear/3"), "10");
    assert_eq!(from_slot(&instance, 0, "/broadcast/5"), "2");
    until("the others have heard it, this one has not", || {
        let heard = |slot: u64| from_slot(&instance, 0, &format!("/ask/{slot}/heard/0"));
        (heard(0), heard(1), heard(2)) == ("0".to_owned(), "5".to_owned(), "15".to_owned())
    });
    let asked: BTreeSet<_> =
        (0..20).map(|_| value(&from_slot(&instance, 0, "/any"))["slot"].as_u64().unwrap()).collect();
    assert_eq!(asked, BTreeSet::from([1, 2]), "any is one of the others, each in its turn");
    let other = value(&from_slot(&instance, 0, "/ask/other/0"));
    assert_eq!((&other["app"], &other["slot"]), (&json!("other"), &json!(0)));
    // A text of quotation marks is twice as long in the message, and the message in the channel.
    assert_eq!(from_slot(&instance, 0, "/echo/100000"), "true");
    instance.stop();
}

#[test]
fn what_cannot_be_asked_is_told_with_the_reason() {
    let (instance, _notes) = peers("2");
    for (path, expected) in [
        (
            "/ask/7/ping/0",
            "error: the worker in slot 7 is not there or not ready; `workers()` lists who is: 0, 1",
        ),
        ("/ask/nobody/0", "error: there is no application `nobody`; the program has `peers`, `other`"),
        ("/ask/1/haer/0", "error: the worker has no handler of the message `haer`; did you mean `hear`?"),
        ("/ask/1/fail/0", "disk on fire"),
        ("/ask/1/panic/0", "no luck"),
        ("/echo/200000", "has 400002 bytes of JSON, and 262144 is the most"),
    ] {
        let told = from_slot(&instance, 0, path);
        assert!(told.starts_with("error: ") && told.contains(expected), "{path}: {told}");
    }
    let told = from_slot(&instance, 0, "/ask/1/die/0");
    assert_eq!(
        told,
        "error: the worker ended before it answered `die`; whether the handler has run is not known"
    );
    instance.wait_ready(2);
    assert_eq!(from_slot(&instance, 0, "/ask/1/ping/0"), r#""pong""#);
    instance.stop();
}

#[test]
fn a_flood_of_messages_is_answered_or_refused_and_hurts_nobody() {
    let (instance, _notes) = peers("2");
    let before = instance.workers();
    for _ in 0..3 {
        let answer = from_slot(&instance, 0, "/flood/3000");
        let (right, busy) = answer.split_once(' ').expect("two numbers");
        let (right, busy): (u64, u64) = (right.parse().unwrap(), busy.parse().unwrap());
        assert_eq!(right + busy, 3000, "every one has an outcome");
        assert!(right > 0, "and some are answered: {answer}");
    }
    assert_eq!(instance.workers(), before);
    instance.stop();
}

#[test]
fn hooks_run_at_their_events_in_their_processes() {
    let (instance, notes) = peers("1");
    let first = *instance.workers_of("peers").first().expect("there is one");
    let begun = lines(&notes);
    assert_eq!(begun[0], "starting");
    assert!(
        begun.contains(&"spawn peers 0".to_owned()) && begun.contains(&"spawn other 0".to_owned()),
        "{begun:?}"
    );
    assert!(begun.contains(&format!("start peers 0 {first}")), "in the worker: {begun:?}");
    until("it is ready", || lines(&notes).contains(&"ready".to_owned()));
    instance.reload();
    until("the old worker is gone", || {
        let lines = lines(&notes);
        lines.contains(&"reload".to_owned())
            && lines.contains(&format!("stopping peers 0 {first}"))
            && lines.contains(&format!("exit peers 0 {first} true as requested"))
    });
    let second = *instance.workers_of("peers").first().expect("there is one");
    proc::signal(second, "KILL");
    let expected = format!("exit peers 0 {second} true ended by SIGKILL, which the arbiter did not send");
    until("its end is told with the cause", || lines(&notes).contains(&expected));
    instance.wait_ready(1);
    instance.stop();
    assert_eq!(lines(&notes).last().map(String::as_str), Some("end 0"));
}

#[test]
fn a_task_runs_in_every_worker_and_one_in_exactly_one() {
    let (instance, notes) = peers("3");
    let workers = instance.workers_of("peers");
    let pids = |what: &str, from: usize| -> Vec<u32> {
        let prefix = format!("{what} peers ");
        lines(&notes)[from..].iter().filter_map(|line| line.strip_prefix(&prefix)?.parse().ok()).collect()
    };
    let distinct = |pids: Vec<u32>| BTreeSet::from_iter(pids);
    until("every worker has ticked", || distinct(pids("tick", 0)) == workers);
    until("one has run what is run once", || pids("once", 0).len() >= 5);
    let leader = pids("once", 0)[0];
    assert_eq!(distinct(pids("once", 0)), BTreeSet::from([leader]));
    proc::signal(leader, "KILL");
    until("it is gone", || !proc::is_alive(leader));
    let from = lines(&notes).len();
    until("another one has taken over", || pids("once", from).len() >= 5);
    // Whoever has its place may be the one from then on; at no time there are two.
    let after = pids("once", from);
    let changes = after.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!(!after.contains(&leader) && changes <= 1, "{after:?}");
    instance.stop();
}
