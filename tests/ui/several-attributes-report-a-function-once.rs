use pulsar::{get, route};

#[get("/users")]
#[route("/people", methods = ["GET", "POST"])]
async fn users<T>() {}

fn main() {}
