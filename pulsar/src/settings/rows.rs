//! The table: everything that a user can set, one row per setting, one file per section.
//!
//! Command line, environment, file, `--help`, `--print-config` and `docs/settings.md` are made from these rows. Beyond
//! them only few settings are known by name: `config`, which says where a source is, and those that have to fit one another.
//! The rule it keeps: to add a setting is to add a field and a row.

mod addresses;
mod connections;
mod files;
mod http2;
mod logs;
mod processes;
mod proxies;
mod requests;
mod rights;
mod supervision;
mod tls;
mod websocket;

use std::sync::LazyLock;

use crate::settings::{limits::UNLIMITED, row::Row, typed::Settings, values::OFF};

/// Every setting, in the order of the help.
pub(super) static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    [
        addresses::ROWS,
        processes::ROWS,
        supervision::ROWS,
        requests::ROWS,
        proxies::ROWS,
        connections::ROWS,
        http2::ROWS,
        websocket::ROWS,
        tls::ROWS,
        logs::ROWS,
        rights::ROWS,
        files::ROWS,
    ]
    .concat()
});

/// The row of this name.
pub(super) fn row(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}

/// The names of the limits that these settings take away.
pub(crate) fn without_limits(settings: &Settings) -> Vec<&'static str> {
    let is_away = |row: &&Row| {
        let value = (row.show)(settings);
        value == UNLIMITED || (row.name == "min_rate" && value == OFF)
    };
    ROWS.iter().filter(is_away).map(|row| row.name).collect()
}

/// Where the row stands in the table.
pub(super) fn index(row: &Row) -> usize {
    ROWS.iter().position(|other| other.name == row.name).expect("rows are made nowhere but in the table")
}

#[cfg(test)]
mod tests;
