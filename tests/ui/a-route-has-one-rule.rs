use pulsar::get;

#[get("/users", "/people")]
async fn users() {}

fn main() {}
