#![allow(unused_variables)]

use pulsar::{Settings, State, on};

#[on(starting)]
fn hello(settings: State<Settings>) {}

fn main() {}
