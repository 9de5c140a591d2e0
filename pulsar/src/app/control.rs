//! The commands to a running instance: `info`, `top`, `ping`, `reload`, `workers`, `stop`, `quit`.
//!
//! The instance has settings of its own; those of the command only say where it is to be found.

use super::{commands::complain, program::Program};
use crate::settings::{Command, Resolved};

/// No instance could be asked.
const FAILED: u8 = 1;

/// Hands the command to the instance of this program and prints what it answers.
pub(super) fn run(program: &Program, _command: &Command, _resolved: &Resolved) -> u8 {
    complain(format_args!("pulsar: no running instance of {} found", program.name()));
    FAILED
}
