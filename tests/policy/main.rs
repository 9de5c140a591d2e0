//! The table of raw inputs, row by row: bytes in on a real socket, and what comes out, what becomes of the connection, what
//! the application saw of it.
//!
//! The numbers are those of the table in the guide's page about HTTP. Each short input is sent whole and cut at every byte, to
//! callables on the pool and on the event loop and to routes; nothing may depend on where bytes are cut.

mod answers;
mod bodies;
mod connections;
mod http2;
mod requests;
mod routes;
mod row;
mod storm;
mod support;

/// The rows of the table.
const ROWS: std::ops::RangeInclusive<u8> = 1..=95;

#[test]
fn no_row_is_missing() {
    let tables = [requests::rows(), bodies::rows(), connections::rows()];
    let rows = tables.iter().flatten().map(|row| row.number);
    let all: std::collections::BTreeSet<u8> =
        rows.chain(connections::CONVERSATIONS).chain(answers::numbers()).chain(http2::numbers()).collect();
    let missing: Vec<_> = ROWS.filter(|number| !all.contains(number)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
