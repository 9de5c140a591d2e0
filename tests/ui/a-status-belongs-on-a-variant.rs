use pulsar::HttpError;

#[derive(Debug, HttpError)]
enum Failed {
    Missing(#[status(404)] u8),
}

fn main() {}
