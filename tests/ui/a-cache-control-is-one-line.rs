pulsar::static_files!("/static", "assets", cache_control = "public\nSet-Cookie: a=b");

fn main() {}
