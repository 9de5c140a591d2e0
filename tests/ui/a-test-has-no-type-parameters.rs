use pulsar::testing::FromTest;

#[pulsar::test]
async fn home<T: FromTest>(argument: T) {
    drop(argument);
}

fn main() {}
