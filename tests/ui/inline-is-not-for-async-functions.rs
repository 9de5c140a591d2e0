use pulsar::get;

#[get("/users", inline)]
async fn users() {}

fn main() {}
