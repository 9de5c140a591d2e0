#[pulsar::get("/users/<int:id>")]
async fn user(id: u64) -> String {
    format!("{id}")
}

fn main() {
    let _: pulsar::url::Url = pulsar::url!();
    pulsar::url!("/users/7");
    pulsar::url!(user(7));
    pulsar::url!(user { 7 });
    pulsar::url!(user { id = 7 });
    pulsar::url!(user { id: });
    pulsar::url!(user { ..other });
    pulsar::url!(user::<u64> { id: 7 });
    pulsar::url!(user { id: 7 }, page = 2);
    pulsar::url!(user { id: 7 }, "page");
}
