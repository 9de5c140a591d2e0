use std::{num::ParseIntError, str::FromStr};

struct UserId(u64);

impl FromStr for UserId {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(UserId)
    }
}

#[pulsar::get("/users/<int:id>")]
async fn user(id: UserId) -> String {
    format!("{}", id.0)
}

fn main() {
    pulsar::url!(user { id: UserId(7) });
}
