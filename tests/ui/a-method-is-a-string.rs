use pulsar::route;

#[route("/users", method = GET)]
async fn users() {}

fn main() {}
