use pulsar::get;

struct Users;

impl Users {
    #[get("/users")]
    async fn all(&self) {}
}

fn main() {}
