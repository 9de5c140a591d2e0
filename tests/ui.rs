//! What the compiler says about mistakes: one file each in `ui/`, named as a sentence, with the messages beside it.
//!
//! The messages are those of stable Rust. `TRYBUILD=overwrite cargo test --test ui` writes them anew: look at them
//! before you commit them.

#[test]
fn mistakes_are_explained() {
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}
