//! What a test program logs, to look for lines in.

use std::{
    io,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use tracing_subscriber::fmt::MakeWriter;

use crate::until;

/// What was logged by all tests of a program together: a test looks for lines that name what is its own.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// The log, which is written from the first call on.
    ///
    /// # Panics
    ///
    /// When somebody else has set up `tracing`.
    pub fn get() -> &'static Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        LOG.get_or_init(|| {
            let log = Self::default();
            let subscriber = tracing_subscriber::fmt()
                .with_max_level(tracing::Level::DEBUG)
                .with_writer(log.clone())
                .with_ansi(false)
                .finish();
            tracing::subscriber::set_global_default(subscriber).expect("nobody else sets one");
            log
        })
    }

    /// The lines that have `part` in them.
    pub fn lines(&self, part: &str) -> Vec<String> {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let text = String::from_utf8_lossy(&bytes);
        text.lines().filter(|line| line.contains(part)).map(str::to_owned).collect()
    }

    /// The lines about a WSGI callable.
    pub fn of(&self, callable: &str) -> Vec<String> {
        self.lines(&format!("callable={callable:?}"))
    }

    /// Asserts that there is one line about a callable, an error, and that it has this part.
    ///
    /// # Panics
    ///
    /// When there is none, another one, or more.
    #[track_caller]
    pub fn assert(&self, callable: &str, part: &str) {
        // What a callable does behind its answer is logged behind it.
        until(&format!("there is a line about {callable}"), || !self.of(callable).is_empty());
        let lines = self.of(callable);
        assert!(
            matches!(&lines[..], [line] if line.contains("ERROR") && line.contains(part)),
            "{callable}: one line with {part:?} expected in {lines:#?}"
        );
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl io::Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(text)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
