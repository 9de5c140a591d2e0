//! A connection that speaks HTTP/1: hyper reads and writes, and is told when to end.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use http_body::Body;
use hyper::{body::Incoming, server::conn::http1, service::HttpService};
use hyper_util::rt::TokioIo;

use crate::{
    body::BoxError,
    server::{
        activity::{Activity, Due, Stage},
        clock::Phase,
        config::ServerConfig,
        refusal::{Refusals, refuse_slow_head},
        stream::Stream,
        wakes::ConnectionWaker,
    },
};

/// The settings of HTTP/1.1.
pub(super) fn http1(config: &ServerConfig) -> http1::Builder {
    let mut http = http1::Builder::new();
    if config.max_headers != DEFAULT_HEADERS {
        // Only then, since hyper keeps its own number of them on the stack.
        http.max_headers(config.max_headers);
    }
    // Not `pipeline_flush`: it keeps answers back while anything unread is there, so that a bad or unfinished request takes
    // the answers before it along, and its own 400 too; `Stream` knows better. Without `writev`, an answer is one buffer and one write.
    http.writev(false)
        .keep_alive(!config.keep_alive.is_zero())
        // The limit for a head is kept by `Activity`, at a fraction of the cost.
        .header_read_timeout(None)
        .max_header_size(config.max_head)
        // Also the largest piece of a body; hyper's default of 400 KiB lets a client pin that much.
        .max_buf_size(config.max_head.max(64 * 1024));
    http
}

/// The most header fields that hyper takes by default.
const DEFAULT_HEADERS: usize = 100;

/// How a connection ended.
enum End {
    /// By itself, or as it was told.
    Finished(Result<(), hyper::Error>),
    /// A head was begun, and is not waited for any longer.
    SlowHead,
    /// In the middle of whatever it did.
    Dropped,
    /// Its time was up, and nothing was under way.
    Idle,
}

/// Has hyper do all that it can.
#[inline]
fn poll<C: Future + Unpin>(connection: &mut C, activity: &Activity, cx: &mut Context<'_>) -> Poll<C::Output> {
    match Pin::new(&mut *connection).poll(cx) {
        // hyper alone can have the stream flushed, and does so whenever it is polled.
        Poll::Pending if activity.lets_go() => Pin::new(connection).poll(cx),
        polled => polled,
    }
}

/// Serves a connection until it ends.
pub(super) async fn serve_http1<S, B>(
    http: &http1::Builder,
    stream: Stream,
    service: S,
    activity: &Activity,
    refusals: &Refusals,
) -> Result<(), BoxError>
where
    S: HttpService<Incoming, ResBody = B, Error: Into<BoxError>>,
    B: Body<Error: Into<BoxError>> + 'static,
{
    // An upgraded stream outlives this task. It belongs to the application from then on, and counts as open.
    let mut connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
    let mut ends = false;
    let mut waker = ConnectionWaker::default();
    let end = poll_fn(|cx| {
        loop {
            // Polled first, because a request may have come together with the end of the time.
            activity.takes_turn();
            let polled = if activity.has_body() {
                // Where one request has a body the next one has too. To the others a waker of its own is not worth its cost.
                poll(&mut connection, activity, &mut Context::from_waker(waker.of(cx.waker())))
            } else {
                poll(&mut connection, activity, cx)
            };
            if let Poll::Ready(result) = polled {
                return Poll::Ready(End::Finished(result));
            }
            let phase = activity.phase();
            if phase == Phase::Cut {
                return Poll::Ready(End::Dropped);
            }
            if phase == Phase::Closing && activity.reads_head() {
                return Poll::Ready(End::SlowHead);
            }
            // hyper would close within a head; it is waited for, and then answered as the last one.
            if !ends && (phase == Phase::Closing || activity.is_last()) && !activity.reads_head() {
                ends = true;
                Pin::new(&mut connection).graceful_shutdown();
                continue;
            }
            return match activity.due() {
                None => Poll::Pending,
                Some(Due::Head) => Poll::Ready(End::SlowHead),
                Some(Due::Idle | Due::Shed) => Poll::Ready(End::Idle),
                Some(due) => {
                    if matches!(due, Due::Write | Due::Rate) {
                        activity.cut();
                    }
                    Poll::Ready(End::Dropped)
                }
            };
        }
    })
    .await;
    let parts = connection.into_parts();
    match (end, parts) {
        (End::Finished(Ok(())), None) => activity.enter(Stage::Tunnel),
        (End::Idle, Some(parts)) => parts.io.into_inner().part(),
        (End::SlowHead, Some(parts)) => refuse_slow_head(parts.io.into_inner(), refusals).await,
        (End::Finished(Err(error)), _) => {
            refusals.malformed(&error);
            return Err(error.into());
        }
        _ => {}
    }
    Ok(())
}
