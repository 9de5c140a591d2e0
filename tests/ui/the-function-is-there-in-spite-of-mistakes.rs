use pulsar::get;

#[get("users")]
fn users() -> u8 {
    5
}

fn main() {
    let _: u8 = users();
}
