use pulsar::get;

struct User;

#[get("/user")]
async fn user() -> User {
    User
}

#[get("/users")]
fn users() -> Vec<User> {
    Vec::new()
}

fn main() {}
