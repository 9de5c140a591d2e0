use pulsar::get;

#[get(name = "users", "/users")]
async fn users() {}

fn main() {}
