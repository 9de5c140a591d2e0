#[pulsar::test]
async fn home(client: impl Send) {
    drop(client);
}

fn main() {}
