mod users {
    #[pulsar::get("/users/<int:id>")]
    async fn private(id: u64) -> String {
        format!("{id}")
    }

    #[pulsar::get("/users", url = false)]
    pub async fn without() {}
}

fn plain() {}

struct Place_url {
    x: u8,
}

#[pulsar::get("/there")]
async fn there() {}

fn main() {
    pulsar::url!(plain);
    pulsar::url!(their);
    pulsar::url!(users::without);
    pulsar::url!(users::private { id: 7 });
    pulsar::url!(Place { x: 7 });
}
