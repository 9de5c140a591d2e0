//! The command `top`: a running instance, live in the terminal.
//!
//! The feature `top` brings the terminal; without it the command says so.

#[cfg_attr(feature = "top", path = "enabled.rs")]
#[cfg_attr(not(feature = "top"), path = "disabled.rs")]
mod imp;

pub(super) use self::imp::run;
