use pulsar::HttpError;

#[derive(Debug, HttpError)]
enum Failed {
    #[status(200)]
    Fine,
}

fn main() {}
