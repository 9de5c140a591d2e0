//! A web framework whose routes are annotations and whose server is supervised.

pub mod body;
pub mod connection;
pub mod server;
