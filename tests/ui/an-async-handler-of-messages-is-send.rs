use std::rc::Rc;

use pulsar::on;

#[on(message = "count")]
async fn count() -> usize {
    let here = Rc::new(7);
    std::future::ready(()).await;
    *here
}

fn main() {}
