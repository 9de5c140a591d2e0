mod users {}

#[pulsar::get("/users")]
async fn users() {}

#[pulsar::get("/teams", url = false)]
async fn teams() {}

mod teams {}

fn main() {}
