mod users {
    #[pulsar::get("/users/<int:id>")]
    pub async fn show(id: u64) -> String {
        format!("{id}")
    }
}

use users::show;

fn main() {
    let _ = show(7);
    pulsar::url!(users::show { id: 7 });
    pulsar::url!(show { id: 7 });
}
