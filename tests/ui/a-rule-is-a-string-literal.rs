use pulsar::get;

const RULE: &str = "/users";

#[get(RULE)]
async fn users() {}

fn main() {}
