//! What the compiler says about mistakes: one file each in `ui/`, named as a sentence, with the messages beside it.
//!
//! The messages are those of stable Rust. `TRYBUILD=overwrite cargo test --test ui` writes them anew: look at them
//! before you commit them.

use std::{fs, path::PathBuf};

#[test]
fn mistakes_are_explained() {
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}

/// The snapshots that are compared above, by the names of their files.
fn messages() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("ui");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "stderr"));
    files.map(|path| (path.display().to_string(), fs::read_to_string(&path).unwrap())).collect()
}

#[test]
fn no_message_names_what_is_internal() {
    // What `pulsar::__private` re-exports for generated code and no page of the documentation has, and what axum-core hides.
    const INTERNAL: &[&str] = &[
        "__private",
        "_pulsar",
        "ViaParts",
        "ViaRequest",
        "IntoOutcome",
        "NoExtractor",
        "NoRequirement",
        "OfHead",
        "OfRequest",
        "Params",
        "Probe",
        "Refusal",
        "Reply",
        "Returned",
        "handler::Head",
        "handler::Last",
        "registry::",
    ];
    let wrong: Vec<String> = messages()
        .iter()
        .flat_map(|(file, text)| {
            let found = INTERNAL.iter().filter(|word| text.contains(**word));
            found.map(move |word| format!("{file}: {word}"))
        })
        .collect();
    assert!(wrong.is_empty(), "messages with names that no user knows:\n{}", wrong.join("\n"));
}

#[test]
fn many_mistakes_have_a_message_of_their_own() {
    let count = messages().len();
    assert!(count >= 100, "{count} mistakes are explained");
}
