pulsar::static_files!("/static", "assets", index = "docs/index.html");

fn main() {}
