use pulsar::get;

#[get("/users")]
async unsafe fn users() {}

fn main() {}
