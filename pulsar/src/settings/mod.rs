//! Settings: what a user can set, where a value may come from, and which one counts.

mod bind;
mod mistake;
mod typed;
mod values;

pub use crate::settings::{
    bind::{Bind, Host},
    mistake::InvalidValue,
    typed::Settings,
    values::{AccessLog, BodyLimit, LogFormat, LogLevel, PoolSize},
};
