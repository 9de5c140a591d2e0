pulsar::scope!();

fn main() {}
