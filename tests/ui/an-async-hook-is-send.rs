use std::rc::Rc;

use pulsar::on;

#[on(worker_start)]
async fn warm() {
    let here = Rc::new(7);
    std::future::ready(()).await;
    drop(here);
}

fn main() {}
