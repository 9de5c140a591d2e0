use pulsar::get;

#[get("/users/<int:id>")]
async fn user() {}

fn main() {}
