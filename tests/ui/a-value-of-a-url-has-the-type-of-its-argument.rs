#[pulsar::get("/users/<int:id>/<slug>")]
async fn user(id: u64, slug: &str) -> String {
    format!("{id} {slug}")
}

fn main() {
    let name = String::from("ada");
    pulsar::url!(user { id: "7", slug: "ada" });
    pulsar::url!(user { id: 7, slug: 8 });
    pulsar::url!(user { id: 7, slug: name });
}
