use pulsar::HttpError;

#[derive(Debug, HttpError)]
struct Failed;

fn main() {}
