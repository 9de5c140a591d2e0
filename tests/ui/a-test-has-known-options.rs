#[pulsar::test(sockte, provide)]
async fn home() {}

fn main() {}
