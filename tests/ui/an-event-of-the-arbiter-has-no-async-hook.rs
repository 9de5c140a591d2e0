use pulsar::on;

#[on(when_ready)]
async fn hello() {}

fn main() {}
