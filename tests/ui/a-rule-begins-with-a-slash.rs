use pulsar::get;

#[get("users")]
async fn users() {}

fn main() {}
