#[pulsar::get("/users/<int:id>/<slug>")]
async fn user(id: u64, slug: &str) -> String {
    format!("{id} {slug}")
}

fn main() {
    pulsar::url!(user { id: 7 });
    pulsar::url!(user);
}
