//! The handle against an arbiter that is played by the test.

use std::time::Duration;

use super::{Cluster, ClusterError, MOST_BYTES, Outgoing, PLACES, Refusal, Target};
use crate::worker::Worker;

fn me() -> Worker {
    Worker::new("shop", 0, 1)
}

#[tokio::test]
async fn what_is_for_others_goes_to_the_arbiter() {
    let (cluster, mut outgoing) = Cluster::linked(me());
    let other = Worker::new("shop", 1, 1).with_pid(7);
    let ready = vec![me(), other.clone()];
    let arbiter = tokio::spawn(async move {
        let mut seen = Vec::new();
        while let Some(outgoing) = outgoing.recv().await {
            match outgoing {
                Outgoing::Call { target, name, payload, answer } => {
                    seen.push(format!("call {target} {name}"));
                    answer.send(Ok(payload)).unwrap();
                }
                Outgoing::Send { target, name, delivered, .. } => {
                    seen.push(format!("send {target} {name}"));
                    delivered.send(Ok(())).unwrap();
                }
                Outgoing::Broadcast { name, reached, .. } => {
                    seen.push(format!("broadcast {name}"));
                    reached.send(Ok(3)).unwrap();
                }
                Outgoing::Workers { ready: reply } => {
                    seen.push("workers".to_owned());
                    reply.send(Ok(ready.clone())).unwrap();
                }
            }
        }
        seen
    });
    assert_eq!(cluster.ask::<u8>(Target::Slot(1), "double", &7).await.unwrap(), 7);
    cluster.send(Target::Any, "clear", "key").await.unwrap();
    assert_eq!(cluster.broadcast("clear", "key").await.unwrap(), 3);
    assert_eq!(cluster.workers().await.unwrap(), [me(), other]);
    // What is for this worker needs no arbiter.
    assert_eq!(cluster.ask::<String>(Target::Slot(0), "ping", &()).await.unwrap(), "pong");
    drop(cluster);
    let seen = arbiter.await.unwrap();
    assert_eq!(
        seen,
        ["call the worker in slot 1 double", "send another worker clear", "broadcast clear", "workers"]
    );
}

#[tokio::test]
async fn what_the_other_side_refuses_is_told() {
    let (cluster, mut outgoing) = Cluster::linked(me());
    tokio::spawn(async move {
        let mut refusals = [
            Refusal::NoWorker { ready: vec![] },
            Refusal::NoHandler { known: vec!["ping".to_owned()] },
            Refusal::Busy,
            Refusal::Lost,
        ]
        .into_iter();
        while let Some(Outgoing::Call { answer, .. }) = outgoing.recv().await {
            match refusals.next() {
                Some(refusal) => answer.send(Err(refusal)).unwrap(),
                None => drop(answer),
            }
        }
    });
    for expected in [
        "the worker in slot 1 is not ready, and no other one is; try again when one has started",
        "no worker has a handler of the message `x`; there are `ping`",
        "`x` found no place in a queue: more is sent than workers handle; send less, or try again later",
        "the worker ended before it answered `x`; whether the handler has run is not known",
        "the arbiter is gone, and this worker is about to end: nothing can be sent",
    ] {
        assert_eq!(cluster.ask::<u8>(Target::Slot(1), "x", &()).await.unwrap_err().to_string(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_without_an_end() {
    let (cluster, outgoing) = Cluster::linked(me());
    let cluster = cluster.timeout(Duration::from_secs(1));
    for _ in 0..PLACES {
        assert!(matches!(cluster.workers().await, Err(ClusterError::TimedOut { .. })));
    }
    assert!(matches!(cluster.workers().await, Err(ClusterError::Busy { .. })));
    drop(outgoing);
    assert!(matches!(cluster.workers().await, Err(ClusterError::Gone)));
}

#[tokio::test]
async fn a_payload_is_small_and_can_be_written() {
    let cluster = Cluster::alone(me());
    let large = "x".repeat(MOST_BYTES);
    let error = cluster.send(Target::Me, "echo", &large).await.unwrap_err();
    assert!(
        matches!(error, ClusterError::TooLarge { what: "payload", bytes, .. } if bytes == MOST_BYTES + 2)
    );
    let no_json = std::collections::HashMap::from([((1, 2), 3)]);
    let error = cluster.ask::<u8>(Target::Me, "echo", &no_json).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the payload of `echo` cannot be written as JSON: key must be a string. Its sender has to pass another type"
    );
    assert!(std::error::Error::source(&error).is_some());
}
