//! PEP 3333 over sockets: bytes in, and out come bytes, what the callable saw and what was logged.
//!
//! Most of it is tables, and every table is run for each way in which a callable can be written.

mod environ;
mod input;
mod pool;
mod rules;
mod streaming;
mod support;

#[test]
fn there_are_at_least_sixty_behaviours() {
    let rows = environ::ROWS + input::ROWS + pool::ROWS + rules::ROWS + streaming::ROWS;
    assert!(rows >= 60, "{rows} rows");
}
