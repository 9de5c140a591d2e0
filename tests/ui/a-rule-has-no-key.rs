use pulsar::get;

#[get(path = "/users")]
async fn users() {}

fn main() {}
