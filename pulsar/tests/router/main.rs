//! The router as its users see it: rules in, requests in, answers out, without a socket and without macros.

mod conflicts;
mod model;
mod mounts;
mod rules;
mod slashes;
mod support;
mod urls;
mod values;
