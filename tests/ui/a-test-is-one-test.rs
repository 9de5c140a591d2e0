#[pulsar::test]
#[test]
fn home() {}

fn main() {}
