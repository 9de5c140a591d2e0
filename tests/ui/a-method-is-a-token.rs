use pulsar::route;

#[route("/users", method = "GET POST")]
async fn users() {}

fn main() {}
