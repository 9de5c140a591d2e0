use pulsar::get;

#[get("/users", nmae = "people")]
async fn users() {}

fn main() {}
