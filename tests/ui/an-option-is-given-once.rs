use pulsar::get;

#[get("/users", name = "users", name = "people")]
async fn users() {}

fn main() {}
