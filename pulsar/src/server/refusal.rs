//! Requests that never became one: what is answered to them without the application, and what is told of that.

use std::{future::poll_fn, pin::Pin, sync::Arc, task::Poll, time::SystemTime};

use axum_core::response::IntoResponse;
use http::StatusCode;
use http_body_util::{BodyExt, Collected};
use tokio::io::AsyncWrite;

use crate::{
    board::Limit,
    problem::Problem,
    request::Connection,
    server::{access_log::Log, activity::Activity, clock::Phase, stream::Stream},
};

/// Where refusals of one connection are told.
pub(super) struct Refusals {
    log: Option<Arc<Log>>,
    connection: Connection,
    activity: Arc<Activity>,
}

impl Refusals {
    pub(super) fn new(log: Option<Arc<Log>>, connection: Connection, activity: Arc<Activity>) -> Self {
        Self { log, connection, activity }
    }

    /// hyper has answered something that is no request, and closed.
    pub(super) fn malformed(&self, error: &hyper::Error) {
        let Some(status) = status(error) else { return };
        match status {
            StatusCode::URI_TOO_LONG => self.activity.line().reached(Limit::MaxTarget),
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => self.activity.line().reached(Limit::MaxHead),
            _ => {}
        }
        self.tell(status);
    }

    fn tell(&self, status: StatusCode) {
        if let Some(log) = &self.log {
            log.refused(&self.connection, status);
        }
    }
}

/// The status that hyper answers a parse error with, if it answers.
fn status(error: &hyper::Error) -> Option<StatusCode> {
    if !error.is_parse() || error.is_parse_version_h2() {
        return None;
    }
    Some(match error.is_parse_too_large() {
        false => StatusCode::BAD_REQUEST,
        // The kind of an error of hyper is known by its text alone.
        true if error.to_string().contains("URI") => StatusCode::URI_TOO_LONG,
        true => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    })
}

/// Answers a head that takes too long with 408, and closes.
pub(super) async fn refuse_slow_head(mut stream: Stream, refusals: &Refusals) {
    let status = StatusCode::REQUEST_TIMEOUT;
    let answer =
        answer(Problem::new(status).with_detail("the head of the request did not come in time")).await;
    let mut left = answer.as_slice();
    poll_fn(|cx| {
        while !left.is_empty() {
            match Pin::new(&mut stream).poll_write(cx, left) {
                Poll::Ready(Ok(count @ 1..)) => left = &left[count..],
                // A client that has not even taken a short answer gets none.
                _ => return Poll::Ready(()),
            }
        }
        Poll::Ready(())
    })
    .await;
    refusals.tell(status);
    let activity = Arc::clone(stream.activity());
    poll_fn(|cx| {
        let closed = Pin::new(&mut stream).poll_shutdown(cx).is_ready();
        if closed || activity.phase() == Phase::Cut || activity.due().is_some() {
            return Poll::Ready(());
        }
        Poll::Pending
    })
    .await;
}

/// A problem document as HTTP/1.1 writes it, for a connection that is closed after it.
async fn answer(problem: Problem) -> Vec<u8> {
    let (parts, body) = problem.into_response().into_parts();
    // A body in memory cannot fail.
    let body = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
    let date = httpdate::fmt_http_date(SystemTime::now());
    let mut answer = format!(
        "HTTP/1.1 {}\r\ndate: {date}\r\ncontent-length: {}\r\nconnection: close\r\n",
        parts.status,
        body.len()
    )
    .into_bytes();
    for (name, value) in &parts.headers {
        if name != http::header::CONTENT_LENGTH {
            answer.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
    }
    answer.extend_from_slice(b"\r\n");
    answer.extend_from_slice(&body);
    answer
}
