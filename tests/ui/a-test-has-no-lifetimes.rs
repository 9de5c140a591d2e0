use pulsar::testing::Client;

#[pulsar::test]
async fn home<'a>(client: Client) {
    let _: &'a str = "";
    drop(client);
}

fn main() {}
