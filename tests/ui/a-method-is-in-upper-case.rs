use pulsar::route;

#[route("/users", method = "get")]
async fn users() {}

fn main() {}
