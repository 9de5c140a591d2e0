pulsar::static_files!("/static/<path:file>", "assets");

fn main() {}
