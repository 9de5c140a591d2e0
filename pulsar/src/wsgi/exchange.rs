//! What `start_response`, `write` and the sending of an answer have in common: how far one answer has come.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    task::Waker,
};

use bytes::Bytes;
use http::StatusCode;
use tokio::sync::mpsc;

use super::{error::Error, head::Head};
use crate::{body::BoxError, pool::may_block, problem::Accept, request::RequestId};

/// How many pieces that were written may wait for a slow client.
pub(super) const PIECES: usize = 8;

/// One answer on its way, shared by the callable and by whoever sends.
#[derive(Debug)]
pub(super) struct Exchange {
    /// The name of the callable, for the log.
    pub(super) callable: &'static str,
    pub(super) id: Option<RequestId>,
    /// In which form the client wants to be told of errors.
    pub(super) accept: Accept,
    /// The answer to HEAD has no body.
    pub(super) head_only: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    head: Option<Head>,
    /// Why `start_response` is about to be called again.
    error: Option<BoxError>,
    /// The head is out, or on its way: it cannot be replaced any more.
    sent: bool,
    /// Why nothing may be written any more.
    end: Option<End>,
    writer: Option<mpsc::Sender<Bytes>>,
    /// The other end of `writer`, until it is fetched.
    written: Option<mpsc::Receiver<Bytes>>,
    /// What `Content-Length` says, and how much of it may still be written.
    length: Option<u64>,
    left: Option<u64>,
    /// Who waits for the first `write`.
    waker: Option<Waker>,
}

#[derive(Clone, Copy, Debug)]
enum End {
    /// The callable has returned.
    Returned,
    /// The client has gone.
    Gone,
}

impl State {
    fn close(&mut self) {
        self.end.get_or_insert(End::Returned);
        self.writer = None;
    }
}

impl Exchange {
    pub(super) fn new(
        callable: &'static str,
        id: Option<RequestId>,
        accept: Accept,
        head_only: bool,
    ) -> Self {
        Self { callable, id, accept, head_only, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `start_response(status, headers)`.
    pub(super) fn start(&self, status: &str, headers: &[(&str, &str)]) -> Result<(), Error> {
        let head = Head::parse(status, headers);
        let mut state = self.state();
        let error = state.error.take();
        match error {
            Some(error) if state.sent => return Err(Error::HeadersSent(error)),
            None if state.sent || state.head.is_some() => return Err(Error::CalledTwice),
            _ => {}
        }
        state.head = Some(head?);
        Ok(())
    }

    /// The next call of `start_response` may replace the head if there is an error.
    pub(super) fn excuse(&self, error: Option<BoxError>) {
        self.state().error = error;
    }

    /// Has a head that comes from elsewhere, such as the answer of a service.
    pub(super) fn set_head(&self, head: Head) {
        self.state().head = Some(head);
    }

    /// Lets somebody change the head, if there is one that is not out.
    pub(super) fn change_head(&self, change: impl FnOnce(Head) -> Head) {
        let mut state = self.state();
        // What was written has the head with it, even if nobody has fetched the two yet.
        let head = if state.sent { None } else { state.head.take() };
        drop(state);
        if let Some(head) = head {
            // Not under the lock: whoever changes it may panic.
            let head = change(head);
            self.state().head = Some(head);
        }
    }

    /// Takes the head for sending.
    pub(super) fn take_head(&self) -> Option<Head> {
        let mut state = self.state();
        let head = state.head.take();
        state.sent |= head.is_some();
        head
    }

    /// The head and what is written, once there is something: then sending begins before the callable has returned. Otherwise
    /// the waker is woken when there is.
    pub(super) fn take_written(&self, waker: &Waker) -> Option<(Head, mpsc::Receiver<Bytes>)> {
        let mut state = self.state();
        let Some(written) = state.written.take() else {
            if !state.waker.as_ref().is_some_and(|known| known.will_wake(waker)) {
                state.waker = Some(waker.clone());
            }
            return None;
        };
        state.head.take().map(|head| (head, written))
    }

    /// The callable has returned: nothing more may be written. What was written is still to be fetched.
    pub(super) fn close(&self) {
        self.state().close();
    }

    /// The same, for who fetches it.
    pub(super) fn close_and_take_written(&self) -> Option<(Head, mpsc::Receiver<Bytes>)> {
        let mut state = self.state();
        state.close();
        let written = state.written.take()?;
        state.head.take().map(|head| (head, written))
    }

    /// Nobody will fetch what is written: whoever is writing does not wait any more.
    pub(super) fn abandon(&self) {
        let mut state = self.state();
        state.end.get_or_insert(End::Gone);
        (state.writer, state.written) = (None, None);
    }

    /// `write(data)`: waits for a slow client where that is allowed.
    pub(super) fn write(&self, data: Bytes) -> Result<(), Error> {
        let Some(Piece { writer, data, over }) = self.piece(data)? else { return Ok(()) };
        if may_block() {
            writer.blocking_send(data).map_err(|_| Error::Disconnected)?;
        } else {
            writer.try_send(data).map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => Error::WouldBlock,
                mpsc::error::TrySendError::Closed(_) => Error::Disconnected,
            })?;
        }
        over.map_or(Ok(()), Err)
    }

    /// The same for an `async` callable.
    pub(super) async fn write_async(&self, data: Bytes) -> Result<(), Error> {
        let Some(Piece { writer, data, over }) = self.piece(data)? else { return Ok(()) };
        writer.send(data).await.map_err(|_| Error::Disconnected)?;
        over.map_or(Ok(()), Err)
    }

    /// What is to be sent of this; `None` if nothing is.
    fn piece(&self, mut data: Bytes) -> Result<Option<Piece>, Error> {
        let mut state = self.state();
        let head = state.head.as_ref();
        if data.is_empty()
            || !state.sent && head.is_some_and(|head| self.head_only || !may_have_body(head.status))
        {
            return Ok(None);
        }
        match state.end {
            Some(End::Returned) => return Err(Error::WrittenLate),
            Some(End::Gone) => return Err(Error::Disconnected),
            None => {}
        }
        if !state.sent {
            state.length = head.ok_or(Error::NotCalled)?.length;
            state.left = state.length;
            state.sent = true;
            let (writer, written) = mpsc::channel(PIECES);
            (state.writer, state.written) = (Some(writer), Some(written));
            if let Some(waker) = state.waker.take() {
                waker.wake();
            }
        }
        let writer = state.writer.clone().ok_or(Error::Disconnected)?;
        let mut over = None;
        if let (Some(length), Some(left)) = (state.length, state.left) {
            let allowed = usize::try_from(left).unwrap_or(usize::MAX).min(data.len());
            over = (allowed < data.len()).then_some(Error::TooLong(length));
            data.truncate(allowed);
            state.left = Some(left - allowed as u64);
        }
        match over {
            Some(error) if data.is_empty() => Err(error),
            over => Ok(Some(Piece { writer, data, over })),
        }
    }
}

/// Data on its way to the client.
struct Piece {
    writer: mpsc::Sender<Bytes>,
    data: Bytes,
    /// There was more of it than the `Content-Length` allows.
    over: Option<Error>,
}

/// Whether an answer of this status has a body (RFC 9110 sections 15.3.5 and 15.4.5).
pub(super) fn may_have_body(status: StatusCode) -> bool {
    status != StatusCode::NO_CONTENT && status != StatusCode::NOT_MODIFIED
}
