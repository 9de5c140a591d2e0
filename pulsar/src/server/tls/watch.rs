//! New certificates without a restart: a thread that looks at the files every few seconds.
//!
//! A thread of its own, since a file system can take its time, and since reading keys takes some of the processor's; it sleeps
//! nearly always. The rule it keeps: what is wrong with new files is told once, and the old certificates stay.

use std::{
    io,
    sync::{Arc, Weak},
    thread,
    time::Duration,
};

use super::{encryption::Encryption, mark::Mark};

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(5);
/// How long they have to stay as they are: a certificate and its key are two files, and are not written in one moment.
const SETTLED: Duration = Duration::from_millis(500);

impl Encryption {
    /// Reads the files anew whenever they have changed, as long as somebody needs them.
    ///
    /// # Errors
    ///
    /// When the system refuses a thread.
    pub(crate) fn watch(self: &Arc<Self>) -> io::Result<()> {
        let (watched, mark) = (Arc::downgrade(self), self.mark.clone());
        thread::Builder::new().name("pulsar-tls".into()).spawn(move || watch(&watched, mark)).map(drop)
    }
}

fn watch(watched: &Weak<Encryption>, mut known: Mark) {
    let mut warned = false;
    loop {
        thread::sleep(EVERY);
        let Some(encryption) = watched.upgrade() else { return };
        let mut found = Mark::of(&encryption.config);
        if found.is_denied() && !known.is_denied() {
            // Nothing that anybody does changes what this process may see.
            if !warned {
                warned = true;
                tracing::info!(
                    "this process may not look at the files of the certificates, as it runs as another user than the one that \
                     read them; reload the program (HUP) when they are renewed"
                );
            }
            continue;
        }
        if found == known {
            continue;
        }
        loop {
            thread::sleep(SETTLED);
            let again = Mark::of(&encryption.config);
            if again == found {
                break;
            }
            found = again;
        }
        known = found;
        match encryption.reread() {
            Ok(warnings) => {
                tracing::info!("the certificates have changed; new connections get the new ones");
                for warning in warnings {
                    tracing::warn!("{warning}");
                }
            }
            Err(problems) => tracing::error!(
                "the new certificates are not used, the old ones go on: {}. Reload the program (HUP) if this process may not \
                 read what whoever started it may",
                problems.join("; ")
            ),
        }
    }
}
