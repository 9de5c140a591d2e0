struct Tests;

impl Tests {
    #[pulsar::test]
    async fn home(&self) {}
}

fn main() {}
