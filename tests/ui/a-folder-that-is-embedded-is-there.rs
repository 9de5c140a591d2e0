pulsar::static_files!("/static", "/no/such/folder", embed);

fn main() {}
