use pulsar::get;

#[get("/echo/<text>")]
fn echo(text: &str) -> &str {
    text
}

fn main() {}
