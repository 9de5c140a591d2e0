//! The pieces of a body, wherever they are made: there already, here, on the thread pool, by a stream.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body as _, SizeHint};
use tokio::sync::mpsc;

use super::{
    body::{Body, Chunks, Kind},
    exchange::PIECES,
};
use crate::{
    body::{self, BoxError, BoxFuture},
    pool::{Pool, PoolError},
};

/// Gives one piece after the other, none of them empty.
pub(super) enum Pieces {
    Ended,
    Whole(Bytes),
    Here(Chunks),
    OnPool(OnPool),
    Stream(body::Body),
}

impl Pieces {
    pub(super) fn of(body: Body) -> Self {
        match body.0 {
            Kind::Whole(bytes) if bytes.is_empty() => Self::Ended,
            Kind::Whole(bytes) => Self::Whole(bytes),
            Kind::Chunks(chunks) => Self::Here(chunks),
            Kind::OnPool { ahead, chunks, pool } => {
                Self::OnPool(OnPool { ahead, state: State::Resting(Held { chunks: Some(chunks), pool }) })
            }
            Kind::Stream { body, .. } => Self::Stream(body),
        }
    }

    /// Whether nothing comes any more, as far as that is known.
    pub(super) fn is_ended(&self) -> bool {
        match self {
            Self::Ended => true,
            Self::Whole(_) | Self::OnPool(_) => false,
            Self::Here(chunks) => chunks.size_hint() == (0, Some(0)),
            Self::Stream(body) => body.is_end_stream(),
        }
    }

    /// How many bytes will come, as far as that is known.
    pub(super) fn size_hint(&self) -> SizeHint {
        match self {
            Self::Ended => SizeHint::with_exact(0),
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Here(_) | Self::OnPool(_) => SizeHint::default(),
            Self::Stream(body) => body.size_hint(),
        }
    }

    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        let next = match self {
            Self::Ended => None,
            Self::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                *self = Self::Ended;
                return Poll::Ready(Some(Ok(bytes)));
            }
            Self::Here(chunks) => chunks.find(is_something),
            Self::OnPool(pieces) => ready!(pieces.poll_next(cx)),
            Self::Stream(body) => ready!(poll_stream(body, cx)),
        };
        if !matches!(next, Some(Ok(_))) {
            // Whatever made the pieces is dropped at once, not when the client has read them all.
            *self = Self::Ended;
        }
        Poll::Ready(next)
    }
}

fn is_something(chunk: &Result<Bytes, BoxError>) -> bool {
    !matches!(chunk, Ok(bytes) if bytes.is_empty())
}

fn poll_stream(body: &mut body::Body, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
    loop {
        match ready!(Pin::new(&mut *body).poll_frame(cx)) {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(bytes) if !bytes.is_empty() => return Poll::Ready(Some(Ok(bytes))),
                _ => {} // trailers, or an empty piece
            },
            Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            None => return Poll::Ready(None),
        }
    }
}

/// An iterator that may block, and therefore runs on threads of a pool.
///
/// A thread is held only while the client keeps up: when enough pieces wait for it the iterator rests, and goes on, maybe on
/// another thread, when they have been sent.
pub(super) struct OnPool {
    ahead: Option<Bytes>,
    state: State,
}

enum State {
    Resting(Held),
    Running { job: Option<BoxFuture<'static, Job>>, done: Option<Job>, pieces: mpsc::Receiver<Piece> },
    Ended,
}

type Piece = Result<Bytes, BoxError>;

/// How a job ended: the iterator goes on behind this piece, or there is nothing more.
type Job = Result<Option<(Piece, Held)>, PoolError>;

impl OnPool {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Piece>> {
        if let Some(ahead) = self.ahead.take() {
            return Poll::Ready(Some(Ok(ahead)));
        }
        loop {
            match &mut self.state {
                State::Ended => return Poll::Ready(None),
                State::Resting(_) => self.resume(),
                State::Running { job, done, pieces } => {
                    if let Some(running) = job
                        && let Poll::Ready(result) = running.as_mut().poll(cx)
                    {
                        *job = None;
                        *done = Some(result);
                    }
                    if let Some(piece) = ready!(pieces.poll_recv(cx)) {
                        return Poll::Ready(Some(piece));
                    }
                    // The job has let go of its end: it is over, or about to be.
                    let result = match (done.take(), job) {
                        (Some(result), _) => result,
                        (None, Some(running)) => ready!(running.as_mut().poll(cx)),
                        (None, None) => Ok(None),
                    };
                    self.state = State::Ended;
                    match result {
                        Ok(None) => {}
                        Ok(Some((piece, held))) => {
                            self.state = State::Resting(held);
                            return Poll::Ready(Some(piece));
                        }
                        Err(PoolError::Panicked(message)) => {
                            return Poll::Ready(Some(Err(format!("the body panicked: {message}").into())));
                        }
                        Err(PoolError::Full) => {
                            return Poll::Ready(Some(Err("the thread pool is shutting down".into())));
                        }
                    }
                }
            }
        }
    }

    fn resume(&mut self) {
        let State::Resting(held) = std::mem::replace(&mut self.state, State::Ended) else { return };
        let (sender, pieces) = mpsc::channel(PIECES);
        let pool = held.pool.clone();
        let job = Box::pin(async move { pool.run_more(move || make(held, &sender)).await });
        self.state = State::Running { job: Some(job), done: None, pieces };
    }
}

/// An iterator that is dropped on a thread of its pool, wherever it is let go of: resting, or waiting for a place.
struct Held {
    chunks: Option<Chunks>,
    pool: Pool,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(chunks) = self.chunks.take() {
            self.pool.release(chunks);
        }
    }
}

/// Makes pieces until the iterator ends, fails, or as many wait as may.
fn make(mut held: Held, sender: &mpsc::Sender<Piece>) -> Option<(Piece, Held)> {
    // Out of its hands: whatever happens to it here happens on the pool.
    let mut chunks = held.chunks.take()?;
    while let Some(piece) = chunks.find(is_something) {
        let failed = piece.is_err();
        match sender.try_send(piece) {
            Ok(()) if failed => return None,
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(piece)) => {
                held.chunks = Some(chunks);
                return Some((piece, held));
            }
            // The client has gone.
            Err(mpsc::error::TrySendError::Closed(_)) => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::{
        future::poll_fn,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
    };

    use super::*;
    use crate::wsgi::body::IntoBody;

    /// Counts how often something is dropped.
    struct Guard(Arc<AtomicUsize>);

    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn guarded(dropped: &Arc<AtomicUsize>, count: usize) -> Body {
        let guard = Guard(Arc::clone(dropped));
        (0..count)
            .map(move |n| {
                let _alive = &guard;
                if n % 3 == 2 { String::new() } else { n.to_string() }
            })
            .into_body()
    }

    #[tokio::test]
    async fn a_slow_reader_gets_every_piece_once_and_the_iterator_is_dropped_once() {
        let pool = Pool::new(1, 1).unwrap();
        for on_pool in [false, true] {
            let dropped = Arc::new(AtomicUsize::new(0));
            let body = guarded(&dropped, 100);
            let body = if on_pool { body.on_pool(&pool).unwrap() } else { body };
            let mut pieces = Pieces::of(body);
            let mut seen = Vec::new();
            while let Some(piece) = poll_fn(|cx| pieces.poll_next(cx)).await {
                seen.push(String::from_utf8(piece.unwrap().to_vec()).unwrap());
                // Whoever reads slowly lets others run in between.
                tokio::task::yield_now().await;
            }
            let expected: Vec<_> = (0..100).filter(|n| n % 3 != 2).map(|n| n.to_string()).collect();
            assert_eq!(seen, expected, "on the pool: {on_pool}");
            assert_eq!(dropped.load(Ordering::SeqCst), 1, "on the pool: {on_pool}");
        }
    }

    #[tokio::test]
    async fn a_reader_that_goes_away_drops_the_iterator_once_and_frees_the_thread() {
        let pool = Pool::new(1, 0).unwrap();
        for reads in [0, 1, 5] {
            let dropped = Arc::new(AtomicUsize::new(0));
            let mut pieces = Pieces::of(guarded(&dropped, usize::MAX).on_pool(&pool).unwrap());
            for _ in 0..reads {
                poll_fn(|cx| pieces.poll_next(cx)).await.unwrap().unwrap();
            }
            drop(pieces);
            // The only thread is free again, and whatever it had to drop came first.
            pool.run_more(|| ()).await.unwrap();
            pool.run_more(|| ()).await.unwrap();
            assert_eq!(dropped.load(Ordering::SeqCst), 1, "after {reads} pieces");
        }
    }

    #[tokio::test]
    async fn an_error_and_a_panic_end_the_pieces() {
        let pool = Pool::new(1, 1).unwrap();
        let failing =
            || ["a", "b"].into_iter().map(Ok).chain([Err(std::io::Error::other("torn"))]).into_body();
        let panicking = || (0..3).map(|n| if n == 2 { panic!("no {n}") } else { "x" }).into_body();
        let bodies: [(&dyn Fn() -> Body, &str); 2] =
            [(&failing, "torn"), (&panicking, "the body panicked: no 2")];
        for (body, message) in bodies {
            let mut pieces = Pieces::of(body().on_pool(&pool).unwrap());
            let mut count = 0;
            let error = loop {
                match poll_fn(|cx| pieces.poll_next(cx)).await {
                    Some(Ok(_)) => count += 1,
                    Some(Err(error)) => break error.to_string(),
                    None => panic!("it ended as if nothing had happened"),
                }
            };
            assert_eq!((count, error.as_str()), (2, message));
            assert!(poll_fn(|cx| pieces.poll_next(cx)).await.is_none());
        }
    }
}
