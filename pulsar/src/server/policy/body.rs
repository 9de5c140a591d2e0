//! The body of a request on its way to the application: as long as it may be, and no slower.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::LengthLimitError;
use tokio::{
    runtime::Handle,
    time::{Instant, Sleep, sleep_until},
};

use crate::{
    board::Limit,
    body::{BodyTimeout, BoxError, BrokenBody},
    server::wakes::hold_back,
};

/// What a body may take.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BodyLimits {
    /// The most bytes. Who makes the body sees to it: a length that is said is compared before, and another body is cut off there.
    pub(crate) max: Option<u64>,
    /// The longest time between two pieces.
    pub(crate) gap: Option<Duration>,
    /// The fewest bytes per second, after [`GRACE`].
    pub(crate) min_rate: Option<u32>,
}

/// How long a body may be slower than `min_rate` at first.
pub(crate) const GRACE: Duration = Duration::from_secs(10);

/// A body within limits. Time counts only while somebody waits for the client.
pub(crate) struct RequestBody<B, F> {
    body: B,
    limits: BodyLimits,
    read: u64,
    /// How long it has been waited for, up to the last piece.
    waited: Duration,
    waiting: Option<Waiting>,
    /// Where its timer runs: whoever reads it may be on a thread without one.
    runtime: Handle,
    /// Told why it cannot be read to its end.
    failed: F,
    /// Whether it was polled before anything was there.
    is_asked_for: bool,
    is_over: bool,
}

struct Waiting {
    since: Instant,
    timer: Pin<Box<Sleep>>,
    limit: Limit,
}

/// Why a body cannot be read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A limit was reached.
    Reached(Limit),
    /// It is malformed, or its client has gone.
    Broken,
}

impl<B, F: Fn(Failure)> RequestBody<B, F> {
    /// Limits a body, whose reader is on this thread's runtime.
    pub(crate) fn new(body: B, limits: BodyLimits, failed: F) -> Self {
        Self {
            body,
            limits,
            read: 0,
            waited: Duration::ZERO,
            waiting: None,
            runtime: Handle::current(),
            failed,
            is_asked_for: false,
            is_over: false,
        }
    }

    /// Until when the next piece has to be there, and by which limit.
    fn deadline(&self) -> Option<(Duration, Limit)> {
        let gap = self.limits.gap.map(|gap| (gap, Limit::BodyTimeout));
        let rate = self.limits.min_rate.filter(|rate| *rate > 0).map(|rate| {
            // Beyond any time that is waited for, it does not matter how long exactly.
            #[allow(clippy::cast_precision_loss)]
            let seconds = (self.read as f64 / f64::from(rate)).min(1e9);
            let most = GRACE.max(Duration::from_secs_f64(seconds));
            (most.saturating_sub(self.waited), Limit::MinRate)
        });
        [gap, rate].into_iter().flatten().min_by_key(|(time, _)| *time)
    }

    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<Limit> {
        if self.waiting.is_none() {
            let Some((time, limit)) = self.deadline() else { return Poll::Pending };
            let since = Instant::now();
            let _context = self.runtime.enter();
            self.waiting = Some(Waiting { since, timer: Box::pin(sleep_until(since + time)), limit });
        }
        match &mut self.waiting {
            Some(waiting) => waiting.timer.as_mut().poll(cx).map(|()| waiting.limit),
            None => Poll::Pending,
        }
    }
}

impl<B, F> Body for RequestBody<B, F>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
    F: Fn(Failure) + Unpin,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if this.is_over {
            return Poll::Ready(None);
        }
        let polled = hold_back(|| {
            let polled = Pin::new(&mut this.body).poll_frame(cx);
            let is_last = polled.is_ready() && this.body.is_end_stream();
            (polled, is_last)
        });
        let Poll::Ready(frame) = polled else {
            // What has come with the head is handed over as soon as somebody asks; that is no waiting, and worth no timer.
            if !std::mem::replace(&mut this.is_asked_for, true) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let Poll::Ready(limit) = this.poll_late(cx) else { return Poll::Pending };
            (this.failed)(Failure::Reached(limit));
            this.is_over = true;
            return Poll::Ready(Some(Err(BodyTimeout::new(limit.name()).into())));
        };
        if let Some(waiting) = this.waiting.take() {
            this.waited += waiting.since.elapsed();
        }
        let mut frame = match frame {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => {
                this.is_over = true;
                let error = error.into();
                if error.is::<LengthLimitError>() {
                    (this.failed)(Failure::Reached(Limit::MaxBody));
                    return Poll::Ready(Some(Err(error)));
                }
                (this.failed)(Failure::Broken);
                return Poll::Ready(Some(Err(BrokenBody::new(error).into())));
            }
            None => {
                this.is_over = true;
                return Poll::Ready(None);
            }
        };
        if let Some(data) = frame.data_ref() {
            this.read += data.len() as u64;
        } else if let Some(trailers) = frame.trailers_mut() {
            // Where there are trailers there is one at least, or something that hyper has dropped: in HTTP/2 pseudo-headers; in HTTP/1
            // all that follows a bare LF, which may be the next request.
            if trailers.is_empty() {
                this.is_over = true;
                (this.failed)(Failure::Broken);
                return Poll::Ready(Some(Err(BrokenBody::new(None).into())));
            }
            drop_forbidden(trailers);
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.is_over || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Takes out of trailers what must not come after a body, RFC 9110 section 6.5.1: who merges them would change what was judged.
fn drop_forbidden(trailers: &mut HeaderMap) {
    const FORBIDDEN: [HeaderName; 20] = [
        header::AUTHORIZATION,
        header::CACHE_CONTROL,
        header::CONNECTION,
        header::CONTENT_ENCODING,
        header::CONTENT_LENGTH,
        header::CONTENT_RANGE,
        header::CONTENT_TYPE,
        header::COOKIE,
        header::EXPECT,
        header::FORWARDED,
        header::HOST,
        header::MAX_FORWARDS,
        header::PRAGMA,
        header::PROXY_AUTHORIZATION,
        header::RANGE,
        header::SET_COOKIE,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
    ];
    for name in &FORBIDDEN {
        trailers.remove(name);
    }
    let proxied = trailers.keys().filter(|name| name.as_str().starts_with("x-forwarded-")).cloned();
    for name in proxied.collect::<Vec<_>>() {
        trailers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        sync::{
            Arc, Mutex,
            atomic::{AtomicUsize, Ordering::Relaxed},
        },
        task::{Wake, Waker},
    };

    use futures_util::{StreamExt, stream};
    use http_body_util::{BodyExt, Limited, StreamBody};
    use tokio::time::sleep;

    use super::*;
    use crate::server::wakes::ConnectionWaker;

    /// Pieces of so many bytes, each after so many milliseconds.
    fn pieces(pieces: &[(u64, usize)]) -> impl Body<Data = Bytes, Error = Infallible> + Unpin + use<> {
        let frames = stream::iter(pieces.to_vec()).then(|(wait, length)| async move {
            sleep(Duration::from_millis(wait)).await;
            Ok(Frame::data(Bytes::from(vec![b'x'; length])))
        });
        StreamBody::new(Box::pin(frames))
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_take_its_limits_and_no_more() {
        type Row<'a> = (BodyLimits, &'a [(u64, usize)], Result<usize, Limit>);
        let limits = BodyLimits { max: Some(10), gap: Some(Duration::from_secs(2)), min_rate: None };
        let slow = BodyLimits { max: None, gap: None, min_rate: Some(10) };
        let rows: &[Row<'_>] = &[
            (limits, &[(0, 10)], Ok(10)),
            (limits, &[(0, 5), (0, 5)], Ok(10)),
            (limits, &[(0, 11)], Err(Limit::MaxBody)),
            (limits, &[(0, 5), (0, 6)], Err(Limit::MaxBody)),
            (limits, &[(1900, 1), (1900, 1), (1900, 1)], Ok(3)),
            (limits, &[(1900, 1), (2100, 1)], Err(Limit::BodyTimeout)),
            (limits, &[], Ok(0)),
            // Ten a second for thirteen seconds are enough, also if they come late.
            (slow, &[(9900, 130), (3000, 1)], Ok(131)),
            (slow, &[(10_100, 100)], Err(Limit::MinRate)),
            (slow, &[(5000, 60), (4900, 40), (2000, 1)], Err(Limit::MinRate)),
            (slow, &[(0, 1000), (90_000, 1)], Ok(1001)),
        ];
        for (limits, pieces_, expected) in rows {
            let failed = Mutex::new(None);
            let most = limits.max.map_or(usize::MAX, |max| usize::try_from(max).unwrap());
            let body = RequestBody::new(Limited::new(pieces(pieces_), most), *limits, |failure| {
                *failed.lock().unwrap() = Some(failure);
            });
            let read = body.collect().await.map(|body| body.to_bytes().len());
            let by = *failed.lock().unwrap();
            match (read, expected) {
                (Ok(read), Ok(expected)) => assert_eq!((read, by), (*expected, None), "{pieces_:?}"),
                (Err(error), Err(expected)) => {
                    assert_eq!(by, Some(Failure::Reached(*expected)), "{pieces_:?}");
                    assert_eq!(error.is::<LengthLimitError>(), *expected == Limit::MaxBody);
                    assert_eq!(error.is::<BodyTimeout>(), *expected != Limit::MaxBody);
                }
                (read, _) => panic!("{pieces_:?}: {read:?}, {by:?}"),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_may_take_its_time() {
        let limits = BodyLimits { max: None, gap: Some(Duration::from_secs(2)), min_rate: Some(1_000_000) };
        let mut body = RequestBody::new(pieces(&[(0, 1), (0, 1), (0, 1)]), limits, |_| {});
        let mut read = 0;
        while let Some(frame) = body.frame().await {
            read += frame.unwrap().data_ref().map_or(0, Bytes::len);
            sleep(Duration::from_secs(60)).await;
        }
        assert_eq!(read, 3);
    }

    /// So many pieces of a connection that is woken for each, as hyper does it.
    struct Pieces {
        left: usize,
        connection: Waker,
    }

    impl Body for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            self.connection.wake_by_ref();
            self.left -= 1;
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x")))))
        }

        fn is_end_stream(&self) -> bool {
            self.left == 0
        }
    }

    #[tokio::test]
    async fn a_connection_is_woken_for_every_piece_but_the_last() {
        struct Woken(AtomicUsize);
        impl Wake for Woken {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, Relaxed);
            }
        }
        let woken = Arc::new(Woken(AtomicUsize::new(0)));
        let connection = ConnectionWaker::default().of(&Waker::from(Arc::clone(&woken))).clone();
        let mut body = RequestBody::new(Pieces { left: 3, connection }, BodyLimits::default(), |_| {});
        for expected in [1, 2, 2] {
            assert!(body.frame().await.unwrap().unwrap().is_data());
            assert_eq!(woken.0.load(Relaxed), expected);
        }
    }

    #[test]
    fn trailers_have_nothing_that_would_have_been_judged() {
        let names = ["content-length", "host", "transfer-encoding", "x-forwarded-for", "x-checksum"];
        let mut trailers: HeaderMap =
            names.iter().map(|name| (HeaderName::from_static(name), "1".parse().unwrap())).collect();
        drop_forbidden(&mut trailers);
        assert_eq!(trailers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x-checksum"]);
    }
}
