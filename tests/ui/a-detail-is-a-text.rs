use pulsar::HttpError;

#[derive(Debug, HttpError)]
#[detail(5)]
struct Failed;

fn main() {}
