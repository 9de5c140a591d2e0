pulsar::scope!("/users/<int:id>");

fn main() {}
