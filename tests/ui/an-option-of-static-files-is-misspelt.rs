pulsar::static_files!("/static", "assets", fallbak = "index.html");

fn main() {}
