//! The shortest program: one function, one URL.
//!
//!     cargo run --example hello_route
//!     curl http://127.0.0.1:8060/hello/Ada

#[pulsar::get("/hello/<name>")]
async fn hello(name: &str) -> String {
    format!("Hello, {name}!\n")
}

pulsar::main!();
