mod users {
    #[pulsar::get("/users/<int:id>")]
    async fn private(id: u64) -> String {
        format!("{id}")
    }

    #[pulsar::get("/users", url = false)]
    pub async fn without() {}
}

fn plain() {}

#[pulsar::get("/there")]
async fn there() {}

#[allow(non_camel_case_types)]
struct elsewhere_url {
    x: u8,
}

fn main() {
    pulsar::url!(plain);
    pulsar::url!(their);
    pulsar::url!(users::without);
    pulsar::url!(users::private { id: 7 });
    pulsar::url!(elsewhere { x: 7 });
}
