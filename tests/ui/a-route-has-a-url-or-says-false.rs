#[pulsar::get("/a", url)]
async fn one() {}

#[pulsar::get("/b", url = "two_page")]
async fn two() {}

#[pulsar::get("/c", url = true)]
async fn three() {}

#[pulsar::get("/d", url = false)]
#[pulsar::post("/d")]
async fn four() {}

fn main() {}
