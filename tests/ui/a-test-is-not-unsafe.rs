#[pulsar::test]
unsafe fn home() {}

fn main() {}
