use pulsar::get;

struct Broken;

#[get("/user")]
async fn user() -> Result<String, Broken> {
    Err(Broken)
}

#[get("/file")]
fn file() -> std::io::Result<String> {
    std::fs::read_to_string("file")
}

fn main() {}
