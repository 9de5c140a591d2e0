use pulsar::get;

#[get]
async fn home() {}

fn main() {}
