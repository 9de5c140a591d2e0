//! The standard error, written to by whoever must never wait for its reader.
//!
//! A full pipe costs lines, whose number is told later, and not the life of the program. What the program itself prints is not
//! touched: it goes to the standard error as it was found, which may wait. It knows no levels and no format.

use std::{
    fs::File,
    io::{self, Write},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use crate::arbiter::process;

/// How many pieces nobody has read.
static LOST: AtomicU64 = AtomicU64::new(0);

/// The standard error once more, with a description of its own that does not block. None until somebody has looked, or where there is no
/// such thing.
static SINK: Mutex<Sink> = Mutex::new(Sink::Unknown);

enum Sink {
    Unknown,
    /// A pipe.
    Own(File),
    /// Anything else: it does not block for long, or is asked first.
    Shared,
}

/// So many bytes a pipe takes at once if it takes any.
const PIECE: usize = 4096;

/// The standard error. What it cannot take at once is lost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let lost = LOST.swap(0, Relaxed);
        if lost > 0 {
            let note = format!("pulsar: {lost} lines of the log were lost; nobody read them in time\n");
            if !put(note.as_bytes()) {
                LOST.fetch_add(lost, Relaxed);
            }
        }
        if !bytes.chunks(PIECE).all(put) {
            LOST.fetch_add(1, Relaxed);
        }
        // A log that cannot be written is no reason to fail.
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes a piece, if that is possible at once.
fn put(piece: &[u8]) -> bool {
    let mut sink = SINK.lock().unwrap_or_else(PoisonError::into_inner);
    if matches!(*sink, Sink::Unknown) {
        *sink = process::without_waiting(stderr()).map_or(Sink::Shared, Sink::Own);
    }
    match &mut *sink {
        Sink::Own(file) => file.write_all(piece).is_ok(),
        Sink::Unknown | Sink::Shared => process::write_now(stderr(), piece),
    }
}

/// Has the log go where this leads, which does not block; without it, where the standard error leads by now.
pub(super) fn redirect(to: Option<OwnedFd>) {
    *SINK.lock().unwrap_or_else(PoisonError::into_inner) =
        to.map_or(Sink::Unknown, |fd| Sink::Own(fd.into()));
}

/// A copy of what the log is written to, if that is one that does not block.
pub(super) fn own_sink() -> Option<OwnedFd> {
    put(b"");
    match &*SINK.lock().unwrap_or_else(PoisonError::into_inner) {
        Sink::Own(file) => file.as_fd().try_clone_to_owned().ok(),
        Sink::Unknown | Sink::Shared => None,
    }
}

/// Has panics be reported as before, unless nobody reads the standard error: then the thread would wait for ever.
pub(crate) fn guard_panics() {
    // Opened now, so that a program has the same files from its beginning to its end.
    put(b"");
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if process::is_writable(stderr()) {
            report(panic);
        } else {
            LOST.fetch_add(1, Relaxed);
        }
    }));
}

fn stderr() -> BorrowedFd<'static> {
    static STDERR: std::sync::LazyLock<io::Stderr> = std::sync::LazyLock::new(io::stderr);
    STDERR.as_fd()
}

/// Tells people a line.
pub(crate) fn say(line: impl std::fmt::Display) {
    let _ = Stderr.write_all(format!("{line}\n").as_bytes());
}
