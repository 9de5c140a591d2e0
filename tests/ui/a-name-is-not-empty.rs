use pulsar::get;

#[get("/users", name = "")]
async fn users() {}

fn main() {}
