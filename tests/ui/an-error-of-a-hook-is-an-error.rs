use pulsar::on;

struct Broken;

#[on(worker_start)]
async fn warm() -> Result<(), Broken> {
    Err(Broken)
}

fn main() {}
