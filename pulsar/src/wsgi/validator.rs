//! A middleware that holds both sides to PEP 3333, as Python's `wsgiref.validate` does.
//!
//! It changes neither the request nor the answer, and runs where the application runs. Nothing here is needed to serve: what
//! would harm the connection is checked for every application, in `head` and `exchange`. The rule it keeps: what is once
//! broken fails the answer, whether or not the application looks at the error.

use std::{
    borrow::Cow,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::Method;
use http_body::{Frame, SizeHint};

use super::{
    application::{Answered, Application, AsyncApplication, Blocking, Callable, Kind, Outcome},
    body::{Body, Chunks, Kind as BodyKind},
    environ::Environ,
    error::Error,
    start_response::{StartResponse, Write},
    value::Value,
};
use crate::body::{self, BoxError, BoxFuture};

#[doc = include_str!("../docs/validator.md")]
pub fn validator<C: Callable<K>, K>(application: C) -> Application {
    let Application { name, kind } = application.into_application();
    let kind = match kind {
        Kind::Pool(callable) => Kind::Pool(blocking(name, callable)),
        Kind::Inline(callable) => Kind::Inline(blocking(name, callable)),
        Kind::Async(application) => Kind::Async(Arc::new(Validated { name, application })),
    };
    Application { name, kind }
}

fn blocking(name: &'static str, callable: Arc<Blocking>) -> Arc<Blocking> {
    Arc::new(move |environ: &mut Environ, start_response| {
        let call = Call::begin(name, environ)?;
        let outcome = callable(environ, call.watch(start_response));
        passed_on(call.returned(outcome)?, environ)
    })
}

struct Validated {
    name: &'static str,
    application: Arc<dyn AsyncApplication>,
}

impl AsyncApplication for Validated {
    fn call<'a>(
        &'a self,
        environ: &'a mut Environ,
        start_response: StartResponse,
    ) -> BoxFuture<'a, Answered> {
        Box::pin(async move {
            let call = match Call::begin(self.name, environ) {
                Ok(call) => call,
                Err(error) => return Answered(Err(error.into())),
            };
            let Answered(outcome) = self.application.call(environ, call.watch(start_response)).await;
            Answered(call.returned(outcome).and_then(|outcome| passed_on(outcome, environ)))
        })
    }

    fn call_alone(
        self: Arc<Self>,
        environ: Environ,
        start_response: StartResponse,
    ) -> BoxFuture<'static, Answered> {
        Box::pin(async move {
            let call = match Call::begin(self.name, &environ) {
                Ok(call) => call,
                Err(error) => return Answered(Err(error.into())),
            };
            let application = Arc::clone(&self.application);
            let Answered(outcome) = application.call_alone(environ, call.watch(start_response)).await;
            Answered(call.returned(outcome))
        })
    }
}

/// Checks the environ that the next application gets, if the request is passed on.
fn passed_on(outcome: Option<Body>, environ: &Environ) -> Outcome {
    if outcome.is_none() {
        check_environ(environ).map_err(|broken| broken.by(APPLICATION))?;
    }
    Ok(outcome)
}

/// One call of the application, from the environ to the end of the body.
#[derive(Default)]
struct Call(Mutex<Progress>);

#[derive(Default)]
struct Progress {
    /// `start_response` was called, and nothing was wrong with it.
    started: bool,
    /// The application has returned.
    returned: bool,
    end: End,
    /// The first rule that was broken.
    broken: Option<String>,
}

/// The end of the body.
#[derive(Default)]
enum End {
    #[default]
    Ahead,
    Reached,
    /// Somebody has asked behind it, and was told.
    Passed,
}

impl Call {
    /// Checks what the server gives.
    fn begin(name: &'static str, environ: &Environ) -> Result<Arc<Self>, Error> {
        check_environ(environ).map_err(|broken| broken.by(SERVER))?;
        warn(name, environ);
        Ok(Arc::default())
    }

    /// Has the calls of `start_response` and `write` checked.
    fn watch(self: &Arc<Self>, start_response: StartResponse) -> StartResponse {
        let call = Arc::clone(self);
        start_response
            .wrap(move |start_response, status, headers| call.start(start_response, status, headers))
    }

    fn start(
        self: &Arc<Self>,
        start_response: &StartResponse,
        status: &str,
        headers: &[(&str, &str)],
    ) -> Result<Write, Error> {
        check_head(status, headers).map_err(|broken| self.broken(broken.by(APPLICATION)))?;
        match start_response(status, headers) {
            Ok(write) => {
                self.progress().started = true;
                let call = Arc::clone(self);
                Ok(write.guarded(move || call.may_write()))
            }
            Err(Error::CalledTwice) => {
                let broken = Broken::new(
                    "start_response was called twice",
                    "the second call must say why, by `with_error`, and replaces the first",
                );
                Err(self.broken(broken.by(APPLICATION)))
            }
            // No rule is broken: an error came too late to be shown, or the client has gone.
            Err(error @ (Error::HeadersSent(_) | Error::Disconnected | Error::WouldBlock)) => Err(error),
            Err(error) => {
                self.progress().broken.get_or_insert_with(|| error.to_string());
                Err(error)
            }
        }
    }

    fn may_write(&self) -> Result<(), Error> {
        if !self.progress().returned {
            return Ok(());
        }
        let broken = Broken::new(
            "write was called after the application had returned",
            "what comes behind what was written must be in the body",
        );
        Err(self.broken(broken.by(APPLICATION)))
    }

    /// Checks what the application gives.
    fn returned(self: &Arc<Self>, outcome: Outcome) -> Outcome {
        let started = {
            let mut progress = self.progress();
            progress.returned = true;
            progress.verdict()?;
            progress.started
        };
        let Some(Body(kind)) = outcome? else {
            if started {
                let broken = Broken::new(
                    "start_response was called and the request passed on",
                    "an application that has called it must return a body",
                );
                return Err(broken.by(APPLICATION).into());
            }
            return Ok(None);
        };
        let kind = match kind {
            // It has a head, which no call has set.
            service @ BodyKind::Stream { has_head: true, .. } => service,
            BodyKind::Whole(_) if !started => return Err(NOT_STARTED.by(APPLICATION).into()),
            BodyKind::OnPool { ahead: Some(_), .. } if !started => {
                return Err(PIECE_BEFORE_START.by(APPLICATION).into());
            }
            BodyKind::Whole(bytes) => BodyKind::Whole(bytes),
            BodyKind::Chunks(chunks) => BodyKind::Chunks(self.check(chunks)),
            BodyKind::OnPool { ahead, chunks, pool } => {
                BodyKind::OnPool { ahead, chunks: self.check(chunks), pool }
            }
            BodyKind::Stream { body, .. } => {
                let checked = Checked { call: Arc::clone(self), pieces: body };
                BodyKind::Stream { body: body::Body::new(checked), has_head: false }
            }
        };
        Ok(Some(Body(kind)))
    }

    fn check(self: &Arc<Self>, pieces: Chunks) -> Chunks {
        Box::new(Checked { call: Arc::clone(self), pieces })
    }

    /// Checks what the body gave. What was broken meanwhile takes its place.
    fn gave<T>(&self, piece: Option<Result<T, BoxError>>) -> Option<Result<T, BoxError>> {
        let verdict = {
            let mut progress = self.progress();
            let verdict = match &piece {
                _ if progress.broken.is_some() => progress.verdict(),
                Some(Ok(_)) if !progress.started => Err(PIECE_BEFORE_START.by(APPLICATION)),
                None if !progress.started => Err(NOT_STARTED.by(APPLICATION)),
                _ => Ok(()),
            };
            if verdict.is_err() || !matches!(piece, Some(Ok(_))) {
                progress.end = End::Reached;
            }
            verdict
        };
        match verdict {
            Ok(()) => piece,
            Err(error) => Some(Err(error.into())),
        }
    }

    /// Somebody asks the body for a piece. Behind its end there is an error once, then nothing.
    fn asked(&self) -> Result<(), Option<BoxError>> {
        let mut progress = self.progress();
        match progress.end {
            End::Ahead => Ok(()),
            End::Reached => {
                progress.end = End::Passed;
                let broken =
                    Broken::new("the body was asked for a piece behind its end", "it must be dropped there");
                Err(Some(broken.by(SERVER).into()))
            }
            End::Passed => Err(None),
        }
    }

    /// Remembers what was broken, if it is the first.
    fn broken(&self, error: Error) -> Error {
        self.progress().broken.get_or_insert_with(|| error.to_string());
        error
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        // Nothing that can panic runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    fn verdict(&self) -> Result<(), Error> {
        self.broken.clone().map_or(Ok(()), |broken| Err(Error::Invalid(broken)))
    }
}

/// A body whose pieces are looked at.
struct Checked<P> {
    call: Arc<Call>,
    pieces: P,
}

impl Iterator for Checked<Chunks> {
    type Item = Result<Bytes, BoxError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Err(error) = self.call.asked() {
            return error.map(Err);
        }
        let piece = self.pieces.next();
        self.call.gave(piece)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.pieces.size_hint()
    }
}

impl http_body::Body for Checked<body::Body> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Err(error) = self.call.asked() {
            return Poll::Ready(error.map(Err));
        }
        let frame = ready!(Pin::new(&mut self.pieces).poll_frame(cx));
        Poll::Ready(self.call.gave(frame.map(|frame| frame.map_err(BoxError::from))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.pieces.size_hint()
    }
}

/// What was found, and the rule that says otherwise.
struct Broken {
    found: Cow<'static, str>,
    rule: &'static str,
}

impl Broken {
    fn new(found: impl Into<Cow<'static, str>>, rule: &'static str) -> Self {
        Self { found: found.into(), rule }
    }

    fn variable(name: &str, value: impl fmt::Debug, rule: &'static str) -> Self {
        Self::new(format!("{name} is {value:?}"), rule)
    }

    /// The error, and whose it is.
    fn by(self, whom: &str) -> Error {
        Error::Invalid(format!("{whom} breaks PEP 3333: {}; {}", self.found, self.rule))
    }
}

/// The environ, in the order of `wsgiref.validate.check_environ`.
fn check_environ(environ: &Environ) -> Result<(), Broken> {
    for name in REQUIRED {
        if environ.value(name).is_none() {
            return Err(Broken::new(format!("{name} is not in the environ"), "this variable is required"));
        }
    }
    for name in ["HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"] {
        if environ.value(name).is_some() {
            let rule = "the variable of this header is the one without `HTTP_`";
            return Err(Broken::new(format!("{name} is in the environ"), rule));
        }
    }
    for (name, value) in environ.iter().filter(|(name, _)| !name.contains('.')) {
        let Some(text) = value.as_str() else {
            return Err(Broken::variable(&name, value, "a variable without a dot in its name must be text"));
        };
        if text.chars().any(|c| c > '\u{ff}') {
            return Err(Broken::variable(
                &name,
                value,
                "each character must stand for one byte, up to U+00FF",
            ));
        }
    }
    check_variable(environ, "wsgi.version", "it must be (1, 0)", |value| {
        matches!(value, Value::Version(1, 0))
    })?;
    check_variable(environ, "wsgi.url_scheme", "it must be \"http\" or \"https\"", |value| {
        matches!(value.as_str(), Some("http" | "https"))
    })?;
    for name in ["wsgi.input", "wsgi.errors"] {
        check_variable(environ, name, "it must be the stream of the server", |value| {
            matches!(value, Value::Handle)
        })?;
    }
    for name in ["wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once"] {
        check_variable(environ, name, "it must be true or false", |value| matches!(value, Value::Bool(_)))?;
    }
    check_variable(environ, "REQUEST_METHOD", "it must be a method, such as \"GET\"", |value| {
        value.as_str().is_some_and(|method| Method::from_bytes(method.as_bytes()).is_ok())
    })?;
    for name in ["SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL"] {
        check_variable(environ, name, "it must not be empty", |value| value.as_str() != Some(""))?;
    }
    let script = environ.get("SCRIPT_NAME").unwrap_or_default();
    let path = environ.get("PATH_INFO").unwrap_or_default();
    // `OPTIONS *` asks about the server as a whole, which has no path.
    let is_server = path == "*" && environ.get("REQUEST_METHOD").as_deref() == Some("OPTIONS");
    for (name, path) in [("SCRIPT_NAME", &script), ("PATH_INFO", &path)] {
        if !path.is_empty() && !path.starts_with('/') && !is_server {
            return Err(Broken::variable(name, path, "it must be empty or begin with `/`"));
        }
    }
    let length = environ.get("CONTENT_LENGTH").unwrap_or_default();
    if !length.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Broken::variable("CONTENT_LENGTH", length, "it must be empty or a number"));
    }
    if script.is_empty() && path.is_empty() {
        let rule = "PATH_INFO must at least be \"/\" if SCRIPT_NAME is empty";
        return Err(Broken::new("SCRIPT_NAME and PATH_INFO are empty", rule));
    }
    if script == "/" {
        return Err(Broken::variable("SCRIPT_NAME", script, "it must be empty then, and PATH_INFO \"/\""));
    }
    Ok(())
}

fn check_variable(
    environ: &Environ,
    name: &str,
    rule: &'static str,
    is_right: impl Fn(&Value<'_>) -> bool,
) -> Result<(), Broken> {
    match environ.value(name) {
        Some(value) if !is_right(&value) => Err(Broken::variable(name, value, rule)),
        _ => Ok(()),
    }
}

/// What `wsgiref.validate` only warns of.
fn warn(callable: &'static str, environ: &Environ) {
    if environ.value("QUERY_STRING").is_none() {
        tracing::warn!(callable, "QUERY_STRING is not in the environ; some applications take it for granted");
    }
    let method = environ.get("REQUEST_METHOD").unwrap_or_default();
    if !METHODS.contains(&method.as_ref()) {
        tracing::warn!(callable, "REQUEST_METHOD is {method:?}, which is none of {METHODS:?}");
    }
}

/// The arguments of `start_response`, in the order of `wsgiref.validate`.
fn check_head(status: &str, headers: &[(&str, &str)]) -> Result<(), Broken> {
    let code = check_status(status)?;
    for (name, value) in headers {
        check_header(name, value)?;
    }
    let has_type = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    match (has_type, matches!(code, 204 | 304)) {
        (true, true) => Err(Broken::new(
            format!("a {code} has a Content-Type"),
            "it has no content, and must not have one",
        )),
        (false, false) => Err(Broken::new(
            format!("a {code} has no Content-Type"),
            "all but 204 and 304 must have one, since there is no default",
        )),
        _ => Ok(()),
    }
}

fn check_status(status: &str) -> Result<u16, Broken> {
    let found = || format!("the status is {status:?}");
    if status.contains(is_control) {
        return Err(Broken::new(found(), "it must not contain control characters"));
    }
    let parts = status.split_once(' ').filter(|(code, reason)| {
        let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
        is_code && !reason.is_empty() && reason.trim_matches(' ') == *reason
    });
    let Some(code) = parts.and_then(|(code, _)| code.parse().ok()) else {
        let rule = "it must be three digits, one space and a reason, such as \"200 OK\"";
        return Err(Broken::new(found(), rule));
    };
    if code < 100 {
        return Err(Broken::new(found(), "the number must be 100 or more"));
    }
    Ok(code)
}

fn check_header(name: &str, value: &str) -> Result<(), Broken> {
    let found = || format!("the name of a header is {name:?}");
    if name.eq_ignore_ascii_case("status") {
        return Err(Broken::new(found(), "the status must be the first argument, which is no header"));
    }
    if name.contains([':', '\n']) {
        return Err(Broken::new(found(), "it must not contain `:` or a newline"));
    }
    let rest = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !name.chars().all(rest) {
        return Err(Broken::new(found(), "it must be a letter, and then letters, digits, `-` and `_`"));
    }
    if name.ends_with(['-', '_']) {
        return Err(Broken::new(found(), "it must not end in `-` or `_`"));
    }
    if value.contains(is_control) {
        let rule = "it must not contain control characters, not even a tab";
        return Err(Broken::new(format!("the value of the header `{name}` is {value:?}"), rule));
    }
    Ok(())
}

/// Not those above U+007F, which are bytes of a text here.
fn is_control(c: char) -> bool {
    c.is_ascii_control()
}

const SERVER: &str = "the server, or a middleware in front of the application,";
const APPLICATION: &str = "the application";

const NOT_STARTED: Broken = Broken {
    found: Cow::Borrowed("the body was complete and start_response had not been called"),
    rule: "it must be called first, even for an empty body",
};
const PIECE_BEFORE_START: Broken = Broken {
    found: Cow::Borrowed("the body gave a piece and start_response had not been called"),
    rule: "it must be called before the first piece, even an empty one, is there",
};

/// Those of PEP 3333 that may not be missing.
const REQUIRED: [&str; 11] = [
    "REQUEST_METHOD",
    "SERVER_NAME",
    "SERVER_PORT",
    "SERVER_PROTOCOL",
    "wsgi.version",
    "wsgi.url_scheme",
    "wsgi.input",
    "wsgi.errors",
    "wsgi.multithread",
    "wsgi.multiprocess",
    "wsgi.run_once",
];

const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "OPTIONS", "PATCH", "PUT", "DELETE", "TRACE"];

#[cfg(test)]
mod tests;
