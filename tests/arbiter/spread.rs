//! How the connections of clients spread over workers, which all wait at the same queue.

use std::{collections::BTreeMap, net::TcpStream};

use pulsar_tests::wire::Client;

use crate::support::{Instance, Setup};

const CONNECTIONS: usize = 64;

/// The most connections of one of two: 60 %.
const MOST: usize = CONNECTIONS * 60 / 100;

/// A busy machine may once not let a worker run when it is its turn, so that most rounds count.
const ROUNDS: usize = 5;

#[test]
fn connections_spread_evenly_over_two_workers() {
    let instance = Setup::faults(&["--workers", "2"]).start_ready(2);
    for (way, open) in [
        ("at once", at_once as fn(&Instance) -> Vec<Client<TcpStream>>),
        ("one after the other", one_after_the_other),
    ] {
        let mut largest = Vec::new();
        for _ in 0..ROUNDS {
            let mut counts = BTreeMap::new();
            let mut clients = open(&instance);
            for client in &mut clients {
                *counts.entry(client.get("/whoami").text().to_owned()).or_insert(0) += 1;
            }
            assert_eq!(counts.values().sum::<usize>(), CONNECTIONS);
            largest.push(counts.into_values().max().unwrap_or(0));
            // Until the worker has closed too, the connection counts.
            for mut client in clients {
                client.half_close();
                client.rest();
            }
        }
        let even = largest.iter().filter(|&&largest| largest <= MOST).count();
        assert!(even * 2 > ROUNDS, "{way}, the most connections of one worker: {largest:?}");
    }
    instance.stop();
}

fn at_once(instance: &Instance) -> Vec<Client<TcpStream>> {
    (0..CONNECTIONS).map(|_| instance.running().connect()).collect()
}

/// Each has had its answer before the next one comes.
fn one_after_the_other(instance: &Instance) -> Vec<Client<TcpStream>> {
    let connect = |_| {
        let mut client = instance.running().connect();
        client.get("/whoami").assert_status(200);
        client
    };
    (0..CONNECTIONS).map(connect).collect()
}
