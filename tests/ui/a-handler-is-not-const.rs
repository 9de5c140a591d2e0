use pulsar::get;

#[get("/users")]
const fn users() {}

fn main() {}
