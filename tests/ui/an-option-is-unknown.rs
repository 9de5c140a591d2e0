use pulsar::get;

#[get("/users", rank = 1)]
async fn users() {}

fn main() {}
