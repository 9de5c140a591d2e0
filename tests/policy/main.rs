//! The table of raw inputs, row by row: bytes in on a real socket, and what comes out, what becomes of the connection, what
//! the application saw of it.
//!
//! The numbers are those of the table in the guide's page about HTTP. Each short input is sent whole and cut at every byte, to
//! callables on the pool and on the event loop and to routes; nothing may depend on where bytes are cut.

mod bodies;
mod requests;
mod routes;
mod row;
mod support;
