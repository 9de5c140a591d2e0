//! An axum router and a folder of files, mounted in a program: how a service moves over one route at a time.
//!
//!     cargo run --example mounted_axum
//!     curl http://127.0.0.1:8060/new
//!     curl http://127.0.0.1:8060/old/users/7
//!     curl -i http://127.0.0.1:8060/files/Cargo.toml -H 'range: bytes=0-8'

use std::process::ExitCode;

use axum::{Router, extract::Path, routing};
use pulsar::{Program, app::App, get};
use tower_http::services::ServeDir;

/// A route that has moved already.
#[get("/new")]
async fn new() -> &'static str {
    "new\n"
}

/// What is still axum's.
fn old() -> Router {
    Router::new()
        .route("/users/{id}", routing::get(async |Path(id): Path<u32>| format!("old user {id}\n")))
        .fallback(async || "axum has no such page\n")
}

/// What `pulsar::main!` writes, by hand: a program, its first application, and what that one has mounted.
fn main() -> ExitCode {
    let app = App::new("mounted_axum").router(|router| {
        // It sees the path without the prefix, and has to know that for where it redirects to.
        let files = ServeDir::new(env!("CARGO_MANIFEST_DIR")).redirect_path_prefix("/files");
        router.mount("/old", old()).mount("/files", files)
    });
    Program::new("mounted_axum", env!("CARGO_PKG_VERSION")).root(module_path!()).main(app).run()
}
