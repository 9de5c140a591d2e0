pulsar::static_files!("/", ".", fallback = "../index.html");

fn main() {}
