#[pulsar::test]
mod tests {
    fn home() {}
}

fn main() {}
