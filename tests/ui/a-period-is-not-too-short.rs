use pulsar::every;

#[every("10ms")]
async fn sweep() {}

fn main() {}
