#[pulsar::test(ignore)]
async fn home() {}

fn main() {}
