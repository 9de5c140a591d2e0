//! Built programs, started and called like a user does.

mod addresses;
mod bad_http;
mod bench;
mod certificates;
mod commands;
mod examples;
mod logs;
mod mistakes;
mod signals;
mod tls;
