use pulsar::get;

#[get("/users")]
struct Users;

fn main() {}
