use pulsar::get;

#[get("/users", name = 5)]
async fn users() {}

fn main() {}
