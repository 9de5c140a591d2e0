use pulsar::provide;

struct Broken;

#[provide]
fn names() -> Result<Vec<String>, Broken> {
    Err(Broken)
}

fn main() {}
