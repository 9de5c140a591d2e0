#[pulsar::get("/users/<int:id>")]
async fn user(id: u64) -> String {
    format!("{id}")
}

fn main() {
    pulsar::url!(user { idd: 7 });
    pulsar::url!(user { id: 7, page: 2 });
    pulsar::url!(user { id: 7, id: 8 });
}
