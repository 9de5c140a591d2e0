use pulsar::on;

#[on(startign)]
fn hello() {}

fn main() {}
