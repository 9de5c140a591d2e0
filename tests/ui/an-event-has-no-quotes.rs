use pulsar::on;

#[on("starting")]
fn hello() {}

fn main() {}
