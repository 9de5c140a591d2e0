pulsar::scope!(prefix = "/api");

fn main() {}
