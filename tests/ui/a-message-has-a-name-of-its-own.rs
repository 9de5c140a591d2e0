use pulsar::on;

#[on(message = "ping")]
async fn ping() -> u8 {
    7
}

fn main() {}
