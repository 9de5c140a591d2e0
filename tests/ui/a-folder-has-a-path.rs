pulsar::static_files!("assets");

fn main() {}
