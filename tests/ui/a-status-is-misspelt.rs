use pulsar::HttpError;

#[derive(Debug, HttpError)]
enum Failed {
    #[status(NOT_FUOND)]
    Missing,
}

fn main() {}
