#[pulsar::test(flavor = "multi_thread", worker_threads = 2)]
async fn home() {}

fn main() {}
