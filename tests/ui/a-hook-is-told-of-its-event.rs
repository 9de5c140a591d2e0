#![allow(unused_variables)]

use pulsar::{Worker, on};

#[on(worker_exit)]
fn note(worker: &Worker) {}

fn main() {}
