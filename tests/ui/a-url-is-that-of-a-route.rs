mod users {
    #[pulsar::get("/users/<int:id>")]
    async fn private(id: u64) -> String {
        format!("{id}")
    }
}

fn plain() {}

struct Place {
    x: u8,
}

fn main() {
    pulsar::url!(plain);
    pulsar::url!(plian { id: 7 });
    pulsar::url!(Place { x: 7 });
    pulsar::url!(users::private { id: 7 });
}
