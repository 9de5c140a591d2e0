//! State: made by providers when the program starts, found by its type.
//!
//!     cargo run --example state
//!     curl http://127.0.0.1:8060/notes
//!     curl -X POST http://127.0.0.1:8060/notes -H 'content-type: application/json' -d '{"text":"buy milk"}'
//!     curl http://127.0.0.1:8060/notes/1

use std::{
    io,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use pulsar::{Error, Json, Result, Settings, State, StatusCode, get, post, provide};
use serde::{Deserialize, Serialize};

/// The place of a real database.
struct Notes {
    texts: Mutex<Vec<String>>,
    most: usize,
}

/// Counts what is asked of the notes.
struct Counter(AtomicUsize);

/// A provider may be `async`, may fail (the program then does not start and says why), and may ask for the settings.
#[provide]
async fn notes(settings: &Settings) -> io::Result<Notes> {
    let most = 10 * settings.threads;
    Ok(Notes { texts: Mutex::new(vec!["the first note".to_owned()]), most })
}

/// Providers may depend on one another: this one runs after that of `Notes`.
#[provide]
fn counter(notes: &Notes) -> Counter {
    let there_already = notes.texts.lock().map_or(0, |texts| texts.len());
    Counter(AtomicUsize::new(there_already))
}

#[derive(Deserialize, Serialize)]
struct Note {
    text: String,
}

#[get("/notes")]
async fn list(notes: State<Notes>, counter: State<Counter>) -> Result<Json<Vec<String>>> {
    counter.0.0.fetch_add(1, Ordering::Relaxed);
    Ok(Json(lock(&notes)?.clone()))
}

#[get("/notes/<int(min=1):number>")]
async fn show(number: usize, notes: State<Notes>) -> Result<Json<Note>> {
    let text = lock(&notes)?.get(number - 1).cloned();
    text.map(|text| Json(Note { text })).ok_or(Error::status(404).detail("there is no note of this number"))
}

#[post("/notes")]
async fn add(notes: State<Notes>, note: Json<Note>) -> Result<(StatusCode, String)> {
    let mut texts = lock(&notes)?;
    if texts.len() >= notes.most {
        return Err(Error::status(507).detail("the notes are full"));
    }
    texts.push(note.0.text);
    Ok((StatusCode::CREATED, format!("/notes/{}\n", texts.len())))
}

/// A lock that a panic left behind is the program's fault: 500, and why is logged.
fn lock(notes: &Notes) -> Result<std::sync::MutexGuard<'_, Vec<String>>> {
    notes.texts.lock().map_err(|_| Error::new("a handler panicked while it had the notes"))
}

pulsar::main!();
