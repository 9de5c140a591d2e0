#![doc = include_str!("docs/guide.md")]

pub mod body;
pub mod context;
pub mod error;
pub mod extract;
pub mod handler;
pub mod middleware;
pub mod place;
mod pool;
pub mod problem;
pub mod registry;
pub mod request;
pub mod router;
pub mod server;
pub mod settings;
pub mod testing;

pub use axum_core::response::IntoResponse;
pub use context::Context;
pub use error::{Error, Result};
pub use extract::State;
pub use problem::Problem;
pub use settings::Settings;
