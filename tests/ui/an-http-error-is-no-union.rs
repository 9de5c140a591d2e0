use pulsar::HttpError;

#[derive(HttpError)]
union Failed {
    number: u8,
}

fn main() {}
