//! `wsgi.errors`: a stream of text that ends in the log.

use std::io::{self, Write};

/// The error stream of PEP 3333, `wsgi.errors`: each line becomes an entry of the log that names the callable.
///
/// What is not ended by a newline is logged by [`flush`](Write::flush), or when the stream is dropped.
#[derive(Debug)]
pub struct Errors {
    callable: &'static str,
    line: Vec<u8>,
}

impl Errors {
    pub(super) fn new(callable: &'static str) -> Self {
        Self { callable, line: Vec::new() }
    }

    fn log(&mut self) {
        let text = String::from_utf8_lossy(&self.line);
        if !text.trim().is_empty() {
            tracing::error!(callable = self.callable, "{}", text.trim_end());
        }
        self.line.clear();
    }
}

impl Write for Errors {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                self.log();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.log();
        Ok(())
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        self.log();
    }
}
