pulsar::static_files!("/static");

fn main() {}
