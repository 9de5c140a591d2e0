//! The standard error, written to by whoever must never wait for its reader.
//!
//! A full pipe costs lines, whose number is told later, and not the life of the program. It knows no levels and no format.

use std::{
    io::{self, Write},
    os::fd::AsFd,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use crate::arbiter::process;

/// How many pieces nobody has read.
static LOST: AtomicU64 = AtomicU64::new(0);

/// So many bytes a pipe takes at once if it takes any.
const PIECE: usize = 4096;

/// The standard error. What it cannot take at once is lost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut stderr = io::stderr().lock();
        for piece in bytes.chunks(PIECE) {
            if !process::is_writable(stderr.as_fd()) {
                LOST.fetch_add(1, Relaxed);
                break;
            }
            let lost = LOST.swap(0, Relaxed);
            if lost > 0 {
                // Whether that is read is as uncertain as everything else here.
                let _ =
                    writeln!(stderr, "pulsar: {lost} lines of the log were lost; nobody read them in time");
            }
            if stderr.write_all(piece).is_err() {
                break;
            }
        }
        // A log that cannot be written is no reason to fail.
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Tells people a line.
pub(crate) fn say(line: impl std::fmt::Display) {
    let _ = Stderr.write_all(format!("{line}\n").as_bytes());
}
