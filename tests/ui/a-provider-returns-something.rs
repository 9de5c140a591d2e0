use pulsar::provide;

#[provide]
fn db() {}

fn main() {}
