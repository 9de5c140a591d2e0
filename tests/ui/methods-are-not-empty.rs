use pulsar::route;

#[route("/users", methods = [])]
async fn users() {}

fn main() {}
