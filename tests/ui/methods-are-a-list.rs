use pulsar::route;

#[route("/users", methods = "GET")]
async fn users() {}

fn main() {}
