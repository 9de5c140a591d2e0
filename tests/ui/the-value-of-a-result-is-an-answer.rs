use pulsar::get;

struct User;

#[get("/user")]
async fn user() -> pulsar::Result<User> {
    Ok(User)
}

#[get("/name")]
fn name() -> Result<User, pulsar::Error> {
    Ok(User)
}

fn main() {}
