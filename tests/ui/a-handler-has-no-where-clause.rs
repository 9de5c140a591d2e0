use pulsar::get;

#[get("/users")]
async fn users()
where
    String: Clone,
{
}

fn main() {}
