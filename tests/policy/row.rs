//! A row: bytes that come in, and what has to come of them.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use crate::{
    routes::READERS,
    support::{End, On, Outcome, Served, Servers, latin1},
};

/// One row of the table, or a part of one that has several inputs.
pub(crate) struct Row {
    pub(crate) number: u8,
    name: String,
    bytes: Vec<u8>,
    /// Whether the client sends nothing more, and says so.
    fin: bool,
    expected: Vec<(On, Expected)>,
}

/// Variables of the environ: their values, or that they are not there.
type Variables = &'static [(&'static str, Option<&'static str>)];

enum Expected {
    /// The application was given this.
    Seen(Variables, End),
    /// The server answered with one of these, closed, and nobody else heard of it.
    Refused(&'static [u16]),
    /// The application may have been asked, but answered no success: one of these statuses, or nothing; and it is closed.
    Broken(&'static [u16]),
    /// The application answered so.
    Answered(&'static [u16], End),
    /// These answers came, one after the other.
    InTurn(&'static [u16], End),
}

pub(crate) const WSGI: [On; 2] = [On::Sync, On::Async];
pub(crate) const ALL: [On; 3] = [On::Sync, On::Async, On::Routes];

impl Row {
    /// The text is one of bytes.
    pub(crate) fn new(number: u8, name: impl fmt::Display, text: impl AsRef<str>) -> Self {
        let name = format!("row {number}, {name}");
        Self { number, name, bytes: latin1(text.as_ref()), fin: false, expected: Vec::new() }
    }

    /// A GET with these header lines.
    pub(crate) fn headers(number: u8, lines: &str) -> Self {
        Self::new(number, format_args!("{lines:?}"), format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n"))
    }

    /// A request line without its version.
    pub(crate) fn line(number: u8, line: &str) -> Self {
        let short: String = line.chars().take(40).collect();
        Self::new(number, format_args!("{short:?}"), format!("{line} HTTP/1.1\r\nHost: a\r\n\r\n"))
    }

    /// A POST with these header lines, and what follows them.
    pub(crate) fn post(number: u8, lines: &str, body: &str) -> Self {
        let short: String = body.chars().take(40).collect();
        Self::new(
            number,
            format_args!("{lines:?} {short:?}"),
            format!("POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n{body}"),
        )
    }

    /// A chunked POST.
    pub(crate) fn chunked(number: u8, body: &str) -> Self {
        Self::post(number, "Transfer-Encoding: chunked\r\n", body)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn fin(mut self) -> Self {
        self.fin = true;
        self
    }

    fn on(mut self, on: &[On], expected: impl Fn() -> Expected) -> Self {
        self.expected.extend(on.iter().map(|on| (*on, expected())));
        self
    }

    /// WSGI callables are given these variables, and the connection goes on.
    pub(crate) fn seen(self, variables: Variables) -> Self {
        self.on(&WSGI, || Expected::Seen(variables, End::Open))
    }

    /// The same, and the connection is closed.
    pub(crate) fn seen_and_closed(self, variables: Variables) -> Self {
        self.on(&WSGI, || Expected::Seen(variables, End::Closed))
    }

    pub(crate) fn refused(self, statuses: &'static [u16]) -> Self {
        self.on(&ALL, || Expected::Refused(statuses))
    }

    pub(crate) fn refused_on(self, on: On, statuses: &'static [u16]) -> Self {
        self.on(&[on], || Expected::Refused(statuses))
    }

    pub(crate) fn broken(self, statuses: &'static [u16]) -> Self {
        self.on(&ALL, || Expected::Broken(statuses))
    }

    /// Routes answer so, and the connection goes on.
    pub(crate) fn routes(self, statuses: &'static [u16]) -> Self {
        self.on(&[On::Routes], || Expected::Answered(statuses, End::Open))
    }

    /// The same, and it is closed.
    pub(crate) fn routes_close(self, statuses: &'static [u16]) -> Self {
        self.on(&[On::Routes], || Expected::Answered(statuses, End::Closed))
    }

    pub(crate) fn answered_on(self, on: On, statuses: &'static [u16], end: End) -> Self {
        self.on(&[on], || Expected::Answered(statuses, end))
    }

    /// There is more than one request in it.
    pub(crate) fn in_turn(self, on: &[On], statuses: &'static [u16], end: End) -> Self {
        self.on(on, || Expected::InTurn(statuses, end))
    }

    /// Sends it to each application, whole and, if it is short, cut at every byte.
    pub(crate) fn run(&self, servers: &Servers) -> Result<(), String> {
        assert!(!self.expected.is_empty(), "{} expects nothing", self.name);
        for (on, expected) in &self.expected {
            let served = servers.get(*on);
            // A body is read in as many ways as there are.
            let reads = *on == On::Routes && matches!(expected, Expected::Broken(_));
            for (path, header) in if reads { &READERS[..] } else { &[("/", "")] } {
                let bytes = self.bytes_to(path, header);
                self.ask(served, &bytes, expected)
                    .map_err(|why| format!("{} ({on:?} {path}): {why}", self.name))?;
            }
        }
        Ok(())
    }

    fn bytes_to(&self, path: &str, header: &str) -> Vec<u8> {
        match self.bytes.strip_prefix(b"POST / HTTP/1.1\r\n") {
            Some(rest) => [b"POST ", path.as_bytes(), b" HTTP/1.1\r\n", header.as_bytes(), rest].concat(),
            None => self.bytes.clone(),
        }
    }

    fn ask(&self, served: &Served, bytes: &[u8], expected: &Expected) -> Result<(), String> {
        let cuts = if bytes.len() <= LONGEST_CUT { 1..bytes.len() } else { 0..0 };
        for at in std::iter::once(None).chain(cuts.map(Some)) {
            let before = served.counts();
            let asked = catch_unwind(AssertUnwindSafe(|| {
                let outcome = match at {
                    None => served.ask(bytes, self.fin),
                    Some(at) => served.ask_in_two(bytes, at, self.fin),
                };
                let after = served.counts();
                expected.check(&outcome, (after.0 - before.0, after.1 - before.1), at.is_none());
            }));
            if let Err(panic) = asked {
                let why = panic.downcast_ref::<String>().cloned().unwrap_or_default();
                return Err(match at {
                    None => why,
                    Some(at) => format!("cut at byte {at}: {why}"),
                });
            }
        }
        Ok(())
    }
}

/// Longer inputs are sent whole.
const LONGEST_CUT: usize = 150;

impl Expected {
    fn check(&self, outcome: &Outcome, (called, succeeded): (usize, usize), is_tcp: bool) {
        match self {
            Self::Seen(variables, end) => {
                let environ = outcome.environ();
                for (name, value) in *variables {
                    if *name == "SERVER_NAME" && !is_tcp {
                        continue;
                    }
                    let seen = environ.get(*name).and_then(|value| value.as_str());
                    assert_eq!(seen, *value, "{name}: {outcome:?}");
                }
                assert_eq!(outcome.answers.len(), 1, "{outcome:?}");
                assert_eq!(outcome.end, *end, "{outcome:?}");
                assert_eq!((called, succeeded), (1, 1), "{outcome:?}");
            }
            Self::Refused(statuses) => {
                assert_one(outcome, statuses);
                assert_eq!(outcome.end, End::Closed, "{outcome:?}");
                assert_eq!(called, 0, "nobody is asked: {outcome:?}");
            }
            Self::Broken(statuses) => {
                if !outcome.answers.is_empty() {
                    assert_one(outcome, statuses);
                }
                assert_eq!(outcome.end, End::Closed, "{outcome:?}");
                assert_eq!(succeeded, 0, "a body that is not whole is no success: {outcome:?}");
            }
            Self::Answered(statuses, end) => {
                assert_one(outcome, statuses);
                assert_eq!(outcome.end, *end, "{outcome:?}");
            }
            Self::InTurn(statuses, end) => {
                assert_eq!((&outcome.statuses()[..], outcome.end), (*statuses, *end), "{outcome:?}");
            }
        }
    }
}

#[track_caller]
fn assert_one(outcome: &Outcome, statuses: &[u16]) {
    let one = matches!(&outcome.statuses()[..], [status] if statuses.contains(status));
    assert!(one, "one of {statuses:?} expected: {outcome:?}");
}

/// Runs all rows, also when one fails.
#[track_caller]
pub(crate) fn run(rows: impl IntoIterator<Item = Row>) {
    let servers = Servers::start();
    let failed: Vec<_> = rows.into_iter().filter_map(|row| row.run(&servers).err()).collect();
    assert!(failed.is_empty(), "{} inputs failed:\n{}", failed.len(), failed.join("\n"));
}
