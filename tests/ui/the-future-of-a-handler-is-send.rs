use std::rc::Rc;

use pulsar::get;

#[get("/")]
async fn home() -> String {
    let text = Rc::new("kept over an await".to_owned());
    std::future::ready(()).await;
    text.to_string()
}

#[get("/<name>")]
async fn page(name: &str, headers: pulsar::HeaderMap) -> String {
    let text = Rc::new(format!("{name} {headers:?}"));
    std::future::ready(()).await;
    text.to_string()
}

fn main() {}
