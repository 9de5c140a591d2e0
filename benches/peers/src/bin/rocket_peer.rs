//! Rocket, with the settings that it has in release builds, and its log switched off.

use peers::{HELLO, MESSAGE, Message, Order, arguments};
use rocket::{
    Config,
    config::{LogLevel, Shutdown},
    get, post, routes,
    serde::json::Json,
};

#[get("/plaintext")]
fn plaintext() -> &'static str {
    HELLO
}

#[get("/json")]
fn json() -> Json<Message> {
    Json(MESSAGE)
}

#[get("/user/<id>/post/<slug>")]
fn user(id: u32, slug: &str) -> String {
    format!("{id} {slug}")
}

#[post("/echo", data = "<order>")]
fn echo(order: Json<Order>) -> Json<Order> {
    order
}

fn main() -> Result<(), Box<rocket::Error>> {
    let (port, workers) = arguments();
    let shutdown = Shutdown { grace: 0, mercy: 0, ..Shutdown::default() };
    let config = Config { port, workers, shutdown, log_level: LogLevel::Off, ..Config::release_default() };
    let rocket = rocket::custom(config).mount("/", routes![plaintext, json, user, echo]);
    rocket::execute(rocket.launch()).map(drop).map_err(Box::new)
}
