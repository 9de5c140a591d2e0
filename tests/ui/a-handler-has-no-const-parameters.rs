use pulsar::get;

#[get("/users")]
async fn users<const LIMIT: usize>() {}

fn main() {}
