//! Does nothing: cargo wants a build script for `links`, by which it refuses a second copy of this crate in a program.

fn main() {
    // Nothing that changes has it run again.
    println!("cargo::rerun-if-changed=build.rs");
}
