use pulsar::route;

#[route("/users", method = "GET", methods = ["POST"])]
async fn users() {}

fn main() {}
