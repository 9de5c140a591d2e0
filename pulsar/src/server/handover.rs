//! Whether the task that runs here has handed a part of an answer over and waits until the client takes it.
//!
//! HTTP/2 asks for the next part of a body when its stream may send more, which a client can put off for ever without
//! blocking the socket. A stream and the body of its answer know nothing of each other, but they are polled together: what the
//! body notes here, whoever polled the stream reads afterwards.

use std::cell::Cell;

/// How an answer goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Handover {
    /// There is more, or may be, and the client has to take what it has first.
    pub(super) waits: bool,
    /// The client took something.
    pub(super) moved: bool,
}

thread_local! {
    static CURRENT: Cell<Handover> = const { Cell::new(Handover { waits: false, moved: false }) };
}

/// Notes that the client lets an answer go on.
pub(super) fn goes_on() {
    CURRENT.set(Handover { waits: false, moved: true });
}

/// Notes that a part of an answer is handed over.
pub(super) fn hands_over() {
    CURRENT.set(Handover { waits: true, moved: true });
}

/// Begins a poll of a stream which waited for its client, or did not, after the last one.
pub(super) fn begin(waits: bool) {
    CURRENT.set(Handover { waits, moved: false });
}

/// What was noted since.
pub(super) fn end() -> Handover {
    CURRENT.take()
}
