struct Rate(f64);

#[pulsar::test(Rate(1.5))]
async fn home() {
    let _ = Rate(1.5).0;
}

fn main() {}
