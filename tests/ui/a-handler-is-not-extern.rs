use pulsar::get;

#[get("/users")]
extern "C" fn users() {}

fn main() {}
