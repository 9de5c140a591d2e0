use pulsar::get;

#[get("/users")]
async fn users(page) -> String {
    String::new()
}

fn main() {}
