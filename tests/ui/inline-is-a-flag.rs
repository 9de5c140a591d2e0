use pulsar::get;

#[get("/users", inline = true)]
fn users() {}

fn main() {}
