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
    let rows = [
        ("environ", environ::ROWS),
        ("input", input::ROWS),
        ("pool", pool::ROWS),
        ("rules", rules::ROWS),
        ("streaming", streaming::ROWS),
    ];
    let sum: usize = rows.iter().map(|(_, rows)| rows).sum();
    println!("{sum} rows: {rows:?}");
    assert!(sum >= 60, "{sum} rows: {rows:?}");
}
