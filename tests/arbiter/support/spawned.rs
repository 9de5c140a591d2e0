//! A program whose output is nobody's: for tests that look at it before it serves, or that take its output away.

use std::{
    ops::{Deref, DerefMut},
    process::{Child, Command},
};

/// A child that does not outlive its test. Its workers notice that it is gone.
#[derive(Debug)]
pub(crate) struct Spawned(Child);

impl Spawned {
    /// Starts a command.
    #[track_caller]
    pub(crate) fn of(mut command: Command) -> Self {
        Self(command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }
}

impl Deref for Spawned {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Spawned {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        // It has mostly ended before, and been waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
