use pulsar::on;

struct Size;

#[on(message = "size")]
async fn size() -> Size {
    Size
}

fn main() {}
