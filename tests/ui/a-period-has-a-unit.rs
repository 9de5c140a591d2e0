use pulsar::every;

#[every("30")]
async fn sweep() {}

fn main() {}
