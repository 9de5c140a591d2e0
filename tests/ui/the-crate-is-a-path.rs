use pulsar::get;

#[get("/users", crate = "pulsar")]
async fn users() {}

fn main() {}
