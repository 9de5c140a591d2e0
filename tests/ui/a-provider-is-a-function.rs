use pulsar::provide;

#[provide]
struct Db;

fn main() {}
