use pulsar::get;

#[get("/users", method = "POST")]
async fn users() {}

fn main() {}
