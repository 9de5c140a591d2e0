use pulsar::get;

struct User;
struct Broken;

#[get("/user")]
async fn user() -> Result<User, Broken> {
    Err(Broken)
}

fn main() {}
