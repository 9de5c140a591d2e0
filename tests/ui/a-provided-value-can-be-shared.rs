use std::rc::Rc;

use pulsar::provide;

#[provide]
fn names() -> Rc<Vec<String>> {
    Rc::default()
}

#[provide]
async fn counts() -> pulsar::Result<std::cell::RefCell<u32>> {
    Ok(7.into())
}

fn main() {}
