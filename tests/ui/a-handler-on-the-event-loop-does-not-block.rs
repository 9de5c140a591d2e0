#![deny(deprecated)]
// No lint but that one has anything to say.
#![deny(warnings, nonstandard_style)]
#![forbid(missing_docs, unreachable_pub, non_ascii_idents, uncommon_codepoints, confusable_idents)]
#![forbid(mixed_script_confusables, unused, single_use_lifetimes, unnameable_types)]
//! A program.

use std::time::Duration;

use pulsar::get;

#[get("/nap")]
async fn nap() {
    std::thread::sleep(Duration::from_secs(1));
}

#[get("/file")]
async fn file() -> pulsar::Result<String> {
    use std::{fs, io};
    if let Err(error) = fs::metadata("file.txt") {
        return Err(io::Error::other(error).into());
    }
    Ok(std::fs::read_to_string("file.txt")?)
}

#[get("/quick", inline)]
fn quick() -> pulsar::Result<Vec<u8>> {
    Ok(std::process::Command::new("date").output()?.stdout)
}

// These are meant, or run elsewhere.
#[get("/meant", allow(blocking))]
async fn meant() {
    std::thread::sleep(Duration::from_secs(1));
}

#[get("/allowed")]
#[allow(deprecated)]
async fn allowed() {
    std::thread::sleep(Duration::from_secs(1));
}

#[get("/pool")]
fn pool() {
    std::thread::sleep(Duration::from_secs(1));
}

#[get("/thread")]
async fn thread() {
    std::thread::spawn(|| std::thread::sleep(Duration::from_secs(1)));
}

fn main() {}
