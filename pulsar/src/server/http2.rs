//! A connection that speaks HTTP/2: hyper and h2 do, within bounds, and are told when to end.
//!
//! h2 itself bounds what a client can make it keep or do: streams, resets, continuations, small and empty frames of data. What
//! it answers as often as it is asked, PING and SETTINGS, costs no memory, since the next one is read when the answer is out.

use std::{
    error::Error as _,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http_body::Body;
use hyper::{body::Incoming, rt::Executor, server::conn::http2, service::HttpService};
use hyper_util::rt::{TokioIo, TokioTimer};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep};

use crate::{
    board::Limit,
    body::BoxError,
    server::{
        activity::{Activity, Busy, Due, Stage},
        clock::Phase,
        config::ServerConfig,
        handover,
        stream::Stream,
    },
};

/// The bounds of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Http2 {
    max_header_list: u32,
    max_streams: u32,
    stream_window: u32,
    connection_window: u32,
    ping_interval: Option<Duration>,
    ping_timeout: Duration,
    max_resets: usize,
    write_timeout: Option<Duration>,
}

/// How much of an answer is kept for a client that does not take it, for each stream.
const MAX_SEND_BUFFER: usize = 64 * 1024;
/// Streams that a client opened and gave up before they could be begun.
const MAX_PENDING_RESETS: usize = 20;

impl Http2 {
    /// The bounds that a configuration asks for; none if it wants HTTP/1 alone.
    pub(super) fn new(config: &ServerConfig) -> Option<Self> {
        config.http2.then_some(Self {
            // The settings allow far less than this.
            max_header_list: u32::try_from(config.max_head).unwrap_or(u32::MAX),
            max_streams: config.h2_max_streams,
            stream_window: config.h2_stream_window,
            connection_window: config.h2_connection_window,
            ping_interval: config.h2_ping_interval,
            ping_timeout: config.h2_ping_timeout,
            max_resets: config.h2_max_resets,
            write_timeout: config.write_timeout,
        })
    }

    fn builder(self, activity: &Arc<Activity>) -> http2::Builder<OnThread> {
        let on_thread = OnThread { activity: Arc::clone(activity), write_timeout: self.write_timeout };
        let mut http = http2::Builder::new(on_thread);
        http.timer(TokioTimer::new())
            .max_concurrent_streams(self.max_streams)
            .initial_stream_window_size(self.stream_window)
            .initial_connection_window_size(self.connection_window)
            .keep_alive_interval(self.ping_interval)
            .keep_alive_timeout(self.ping_timeout)
            .max_local_error_reset_streams(self.max_resets)
            .max_pending_accept_reset_streams(MAX_PENDING_RESETS)
            .max_header_list_size(self.max_header_list)
            .max_send_buf_size(MAX_SEND_BUFFER)
            .enable_connect_protocol();
        http
    }
}

/// Runs the streams of a connection on its thread. While there are any, it is busy.
#[derive(Clone)]
struct OnThread {
    activity: Arc<Activity>,
    write_timeout: Option<Duration>,
}

impl<F> Executor<F> for OnThread
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        tokio::spawn(Watched {
            stream,
            waits: false,
            timer: None,
            write_timeout: self.write_timeout,
            activity: Arc::clone(&self.activity),
            _busy: Busy::begin(&self.activity),
        });
    }
}

pin_project! {
    /// A stream, which is reset if its client takes nothing of its answer.
    struct Watched<F> {
        #[pin]
        stream: F,
        waits: bool,
        // There is none until a client has to be waited for.
        timer: Option<Pin<Box<Sleep>>>,
        write_timeout: Option<Duration>,
        activity: Arc<Activity>,
        _busy: Busy,
    }
}

impl<F: Future<Output = ()>> Future for Watched<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        handover::begin(*this.waits);
        let polled = this.stream.poll(cx);
        let handover = handover::end();
        *this.waits = handover.waits;
        let Some(limit) = *this.write_timeout else { return polled };
        if polled.is_ready() || !handover.waits {
            *this.timer = None;
            return polled;
        }
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep(limit)));
        if handover.moved {
            timer.as_mut().reset(Instant::now() + limit);
        }
        while timer.as_mut().poll(cx).is_ready() {
            // One stream may wait for what others have to send before it.
            if this.activity.stands_still() {
                this.activity.line().reached(Limit::WriteTimeout);
                return Poll::Ready(());
            }
            timer.as_mut().reset(Instant::now() + limit);
        }
        Poll::Pending
    }
}

/// Serves a connection until it ends.
pub(super) async fn serve_http2<S, B>(
    http: Http2,
    stream: Stream,
    service: S,
    activity: Arc<Activity>,
) -> Result<(), BoxError>
where
    S: HttpService<Incoming, ResBody = B, Error: Into<BoxError>, Future: Send + 'static>,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    activity.speaks_http2();
    let mut connection = http.builder(&activity).serve_connection(TokioIo::new(stream), service);
    let mut ends = false;
    let ended = poll_fn(|cx| {
        loop {
            // Polled first, because a request may have come together with the end of the time.
            if let Poll::Ready(result) = Pin::new(&mut connection).poll(cx) {
                return Poll::Ready(result);
            }
            let (phase, due) = (activity.phase(), activity.due());
            match due {
                _ if phase == Phase::Cut => return Poll::Ready(Ok(())),
                Some(Due::Write | Due::Rate) => {
                    activity.cut();
                    return Poll::Ready(Ok(()));
                }
                Some(Due::Goodbye) => return Poll::Ready(Ok(())),
                _ => {}
            }
            // Who has heard of the end closes; who has not is not waited for.
            let is_over = due.is_some() || phase == Phase::Closing;
            if is_over && !activity.is_busy() && !activity.is_at(Stage::Goodbye) {
                activity.enter(Stage::Goodbye);
            }
            // A client may go on sending requests until it has heard of it, and all of them are answered.
            if !ends && (is_over || phase > Phase::Running || activity.is_last()) {
                ends = true;
                Pin::new(&mut connection).graceful_shutdown();
                continue;
            }
            return Poll::Pending;
        }
    })
    .await;
    ended.map_err(|error| {
        if is_flood(&error) {
            activity.line().reached(Limit::Http2);
        }
        error.into()
    })
}

/// Whether a connection ended because the client overdid something.
fn is_flood(error: &hyper::Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<h2::Error>());
    cause.is_some_and(|cause| cause.is_library() && cause.reason() == Some(h2::Reason::ENHANCE_YOUR_CALM))
}
