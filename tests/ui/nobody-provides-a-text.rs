use pulsar::provide;

struct Greeting(String);

#[provide]
fn greeting(name: &str) -> Greeting {
    Greeting(name.to_owned())
}

fn main() {}
