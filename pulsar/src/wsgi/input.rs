//! `wsgi.input`: the body of the request as a stream that blocks, or does not.
//!
//! Nothing stands between the reader and the connection: what is not read is not taken off the wire, so that a slow
//! application slows its client down and no memory grows. An end that comes too early is an error, never an end.

use std::{
    collections::VecDeque,
    error::Error,
    fmt,
    io::{self, BufRead, Read},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker, ready},
    thread::{self, Thread},
};

use bytes::{Buf, Bytes};
use http_body::Body as _;
use http_body_util::LengthLimitError;
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

use crate::{
    body::{Body, BodyTimeout},
    pool::may_block,
};

/// The body of a request: `wsgi.input` of PEP 3333.
///
/// A callable that is a plain `fn` reads it with [`Read`] and [`BufRead`], which block its thread; an `async` one with
/// tokio's `AsyncRead` and `AsyncBufRead`. The end is the end of the body, also of a chunked one (`wsgi.input_terminated`).
///
/// # Errors
///
/// Reading fails if the client goes away in mid-body, sends a malformed one, one longer than the setting `max_body`, or one slower
/// than `body_timeout` and `min_rate`; and it goes on failing then. On the event loop `Read` fails with [`io::ErrorKind::WouldBlock`] where it would have to wait.
///
/// ```
/// use std::io::Read;
///
/// use pulsar::wsgi::{self, Environ, IntoBody, StartResponse};
///
/// fn length(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
///     let mut body = Vec::new();
///     environ.input().read_to_end(&mut body)?;
///     start_response("200 OK", &[("Content-Type", "text/plain")])?;
///     Ok(format!("{} bytes\n", body.len()))
/// }
/// ```
pub struct Input {
    /// What has been read from the connection and not yet by the application.
    buffered: VecDeque<Bytes>,
    source: Source,
}

enum Source {
    Body(Body),
    Ended,
    Failed(Failure),
}

/// Why a body cannot be read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It is longer than `max_body`.
    TooLong,
    /// Its client is slower than the settings allow.
    TooSlow,
    /// It is malformed, or the client has gone.
    Broken,
}

impl Failure {
    fn of(error: &(dyn Error + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            if error.is::<LengthLimitError>() {
                return Self::TooLong;
            }
            if error.is::<BodyTimeout>() {
                return Self::TooSlow;
            }
            next = error.source();
        }
        Self::Broken
    }

    /// The failure that an error comes from, if it does.
    pub(super) fn find(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            // The error inside of an `io::Error` is not its source but the error itself.
            let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            if let Some(failure) = inner.and_then(|inner| inner.downcast_ref()) {
                return Some(*failure);
            }
            next = error.source();
        }
        None
    }

    fn to_error(self) -> io::Error {
        let kind = match self {
            Self::TooLong => io::ErrorKind::InvalidData,
            Self::TooSlow => io::ErrorKind::TimedOut,
            Self::Broken => io::ErrorKind::UnexpectedEof,
        };
        io::Error::new(kind, self)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the body is longer than `max_body`",
            Self::TooSlow => "the body came too slowly",
            Self::Broken => "the client has gone, or sent a malformed body, before its end",
        })
    }
}

impl Error for Failure {}

impl Input {
    pub(super) fn new(body: Body) -> Self {
        let source = if body.is_end_stream() { Source::Ended } else { Source::Body(body) };
        Self { buffered: VecDeque::new(), source }
    }

    /// Without anything to read.
    pub(super) fn empty() -> Self {
        Self { buffered: VecDeque::new(), source: Source::Ended }
    }

    /// Whether all of it has come.
    pub(super) fn is_complete(&self) -> bool {
        matches!(self.source, Source::Ended)
    }

    /// How many bytes have been read ahead.
    pub(super) fn buffered(&self) -> usize {
        self.buffered.iter().map(Bytes::len).sum()
    }

    /// Reads ahead until the end or until there are `most` bytes.
    pub(super) fn poll_ahead(&mut self, cx: &mut Context<'_>, most: usize) -> Poll<Result<(), Failure>> {
        let mut have = self.buffered();
        while have < most {
            match ready!(self.poll_chunk(cx)) {
                Ok(Some(chunk)) => {
                    have += chunk.len();
                    self.buffered.push_back(chunk);
                }
                Ok(None) => break,
                Err(failure) => return Poll::Ready(Err(failure)),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// The next piece from the connection.
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Failure>> {
        loop {
            let body = match &mut self.source {
                Source::Body(body) => body,
                Source::Ended => return Poll::Ready(Ok(None)),
                Source::Failed(failure) => return Poll::Ready(Err(*failure)),
            };
            match ready!(Pin::new(body).poll_frame(cx)) {
                // Trailers are not for the application, and an empty piece is none.
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if !data.is_empty() => return Poll::Ready(Ok(Some(data))),
                    _ => {}
                },
                Some(Err(error)) => {
                    let failure = Failure::of(&error);
                    self.source = Source::Failed(failure);
                    return Poll::Ready(Err(failure));
                }
                None => {
                    self.source = Source::Ended;
                    return Poll::Ready(Ok(None));
                }
            }
        }
    }

    /// Makes sure that there is something to read; false at the end.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if !self.buffered.is_empty() {
            return Poll::Ready(Ok(true));
        }
        match ready!(self.poll_chunk(cx)) {
            Ok(Some(chunk)) => {
                self.buffered.push_back(chunk);
                Poll::Ready(Ok(true))
            }
            Ok(None) => Poll::Ready(Ok(false)),
            Err(failure) => Poll::Ready(Err(failure.to_error())),
        }
    }

    fn first(&self) -> &[u8] {
        self.buffered.front().map_or(&[], |chunk| chunk)
    }

    fn advance(&mut self, count: usize) {
        if let Some(chunk) = self.buffered.front_mut() {
            chunk.advance(count);
            if chunk.is_empty() {
                self.buffered.pop_front();
            }
        }
    }

    /// The body of a request that is passed on.
    pub(super) fn into_body(self) -> Body {
        match (self.buffered.is_empty(), self.source) {
            (true, Source::Body(body)) => body,
            (true, Source::Ended) => Body::empty(),
            (_, source) => Body::new(Remainder(Self { buffered: self.buffered, source })),
        }
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = self.fill_buf()?.read(buffer)?;
        self.advance(count);
        Ok(count)
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.buffered.is_empty() {
            wait(|cx| self.poll_fill(cx))?;
        }
        Ok(self.first())
    }

    fn consume(&mut self, count: usize) {
        self.advance(count);
    }
}

impl AsyncRead for Input {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if ready!(self.poll_fill(cx))? {
            let count = self.first().len().min(buffer.remaining());
            buffer.put_slice(&self.first()[..count]);
            self.advance(count);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncBufRead for Input {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        ready!(this.poll_fill(cx))?;
        Poll::Ready(Ok(this.first()))
    }

    fn consume(mut self: Pin<&mut Self>, count: usize) {
        self.advance(count);
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.source {
            Source::Body(_) => "open",
            Source::Ended => "complete",
            Source::Failed(_) => "failed",
        };
        write!(f, "Input({state})")
    }
}

/// What is left of a body of which a part was read ahead.
struct Remainder(Input);

impl http_body::Body for Remainder {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<http_body::Frame<Bytes>>>> {
        let chunk = match self.0.buffered.pop_front() {
            Some(chunk) => Ok(Some(chunk)),
            None => ready!(self.0.poll_chunk(cx)),
        };
        Poll::Ready(match chunk {
            Ok(chunk) => chunk.map(|chunk| Ok(http_body::Frame::data(chunk))),
            Err(failure) => Some(Err(failure.to_error())),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.0.buffered.is_empty() && self.0.is_complete()
    }
}

/// Waits on this thread for what another one brings.
fn wait<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<io::Result<T>>) -> io::Result<T> {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    // What is there needs no waker.
    if let Poll::Ready(result) = poll(&mut Context::from_waker(Waker::noop())) {
        return result;
    }
    if !may_block() {
        return Err(io::Error::new(
            io::ErrorKind::WouldBlock,
            "`wsgi.input` would have to be waited for on the event loop: read it with `AsyncRead` in an `async` \
             callable, and leave out `inline` for one that reads long bodies",
        ));
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(result) = poll(&mut cx) {
            return result;
        }
        thread::park();
    }
}
