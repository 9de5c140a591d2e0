use pulsar::provide;

#[provide]
fn clock() -> impl Clone {
    5
}

fn main() {}
