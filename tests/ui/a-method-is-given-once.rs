use pulsar::route;

#[route("/users", methods = ["GET", "GET"])]
async fn users() {}

fn main() {}
