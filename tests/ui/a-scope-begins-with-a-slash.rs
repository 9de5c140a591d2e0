pulsar::scope!("api");

fn main() {}
