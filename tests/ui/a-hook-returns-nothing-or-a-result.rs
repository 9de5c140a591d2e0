use pulsar::on;

#[on(worker_start)]
async fn warm() -> usize {
    7
}

fn main() {}
