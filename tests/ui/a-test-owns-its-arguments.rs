use pulsar::testing::Client;

#[pulsar::test]
async fn home(client: &Client) {
    client.get("/").send().await;
}

fn main() {}
