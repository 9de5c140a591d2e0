//! Static files: a folder below a path, with a page for every path that is no file. A release build has the files in itself.
//!
//!     cargo run --example files
//!     curl http://127.0.0.1:8060/hello
//!     curl -i http://127.0.0.1:8060/
//!     curl -i http://127.0.0.1:8060/site.css -H 'range: bytes=0-3'
//!     curl -i http://127.0.0.1:8060/site.css -H 'accept-encoding: gzip, br' -H 'if-none-match: "another"'
//!     curl -i http://127.0.0.1:8060/users/7 -H 'accept: text/html'
//!     curl -i http://127.0.0.1:8060/logo.png
//!     curl -i http://127.0.0.1:8060/site.css -X DELETE

use pulsar::{get, static_files};

// The folder stands beside Cargo.toml. Run from here it is read from the disk: a change shows at once.
static_files!("/", "assets", fallback = "index.html", cache_control = "public, max-age=3600", embed);

/// A route wins over a file, and over the page for all paths.
#[get("/hello")]
async fn hello() -> &'static str {
    "Hello from a route\n"
}

pulsar::main!();
