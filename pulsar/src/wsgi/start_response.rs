//! `start_response` and `write`, as PEP 3333 has them: things to call.

use std::{
    fmt, io,
    ops::Deref,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;

use super::{body::Body, error::Error, exchange::Exchange, head::Head};
use crate::body::{BoxError, Response};

/// `start_response(status, headers)`.
type Call = dyn Fn(&str, &[(&str, &str)]) -> Result<Write, Error> + Send + Sync;

/// `write(data)`.
type WriteCall = dyn Fn(&[u8]) -> Result<(), Error> + Send + Sync;

/// Says whether anything may be written now.
type Guard = Arc<dyn Fn() -> Result<(), Error> + Send + Sync>;

/// What a callable begins its answer with: `start_response("200 OK", &[("Content-Type", "text/plain")])?`.
///
/// The status is a number and a reason; header names and values are text, each character a byte. The call gives
/// [`write`](Write), which is rarely needed. Nothing is sent before the first bytes of the body are there, so that until then
/// the answer can still be replaced.
///
/// # Errors
///
/// The call fails if the status or a header is malformed or is not the application's to set, and if it is the second one: that
/// has to say why, see [`with_error`](Self::with_error).
///
/// ```
/// use pulsar::wsgi::{self, Environ, IntoBody, StartResponse};
///
/// fn hello(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
///     let data = "Hello World!\n";
///     start_response("200 OK", &[("Content-Type", "text/plain"), ("Content-Length", &data.len().to_string())])?;
///     Ok([data])
/// }
/// ```
#[derive(Clone)]
pub struct StartResponse {
    exchange: Arc<Exchange>,
    call: Arc<Call>,
}

impl StartResponse {
    pub(super) fn new(exchange: Arc<Exchange>) -> Self {
        let shared = Arc::clone(&exchange);
        let call: Arc<Call> = Arc::new(move |status, headers| {
            shared.start(status, headers)?;
            Ok(Write { exchange: Arc::clone(&shared), call: OnceLock::new(), guards: Vec::new() })
        });
        Self { exchange, call }
    }

    /// Says why the answer is begun once more: the third argument of the PEP, `exc_info`.
    ///
    /// The call then replaces what the first one set. If that is on its way to the client already, it fails with this error.
    ///
    /// ```
    /// use pulsar::wsgi::{self, Environ, IntoBody, StartResponse};
    ///
    /// fn app(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    ///     start_response("200 OK", &[("Content-Type", "text/html")])?;
    ///     match std::fs::read_to_string("page.html") {
    ///         Ok(page) => Ok([page]),
    ///         Err(error) => {
    ///             start_response.with_error(error)("500 Internal Server Error", &[("Content-Type", "text/plain")])?;
    ///             Ok(["no page\n".to_owned()])
    ///         }
    ///     }
    /// }
    /// ```
    pub fn with_error(&self, error: impl Into<BoxError>) -> WithError<'_> {
        self.exchange.excuse(Some(error.into()));
        WithError(self)
    }

    /// Puts a function around the call: what a middleware does that looks at or adds headers.
    ///
    /// ```
    /// use pulsar::wsgi::StartResponse;
    ///
    /// fn with_server_name(start_response: StartResponse) -> StartResponse {
    ///     start_response.wrap(|start_response, status, headers| {
    ///         let mut headers = headers.to_vec();
    ///         headers.push(("Server", "shop"));
    ///         start_response(status, &headers)
    ///     })
    /// }
    /// ```
    #[must_use]
    pub fn wrap<F>(self, around: F) -> Self
    where
        F: Fn(&StartResponse, &str, &[(&str, &str)]) -> Result<Write, Error> + Send + Sync + 'static,
    {
        let exchange = Arc::clone(&self.exchange);
        Self { exchange, call: Arc::new(move |status, headers| around(&self, status, headers)) }
    }

    /// The callable has returned: nothing is written any more.
    pub(super) fn close(&self) {
        self.exchange.close();
    }

    /// Begins the answer with that of a service, and gives its body.
    pub(crate) fn answer(&self, response: Response) -> Body {
        let (parts, body) = response.into_parts();
        self.exchange.set_head(Head::from_service(parts));
        Body::from_service(body)
    }

    /// Lets somebody change the status and the headers of an answer that is not out.
    pub(super) fn change_head(&self, change: impl FnOnce(&mut http::Response<()>)) {
        self.exchange.change_head(|head| {
            let mut response = head.into_response();
            change(&mut response);
            Head::from_service(response.into_parts().0)
        });
    }
}

impl Deref for StartResponse {
    type Target = Call;

    fn deref(&self) -> &Call {
        &*self.call
    }
}

impl fmt::Debug for StartResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartResponse").field("callable", &self.exchange.callable).finish_non_exhaustive()
    }
}

/// [`StartResponse`], with a reason to be called again: what [`with_error`](StartResponse::with_error) gives, to be called once.
#[derive(Debug)]
#[must_use = "it is called, like `start_response` itself"]
pub struct WithError<'a>(&'a StartResponse);

impl Deref for WithError<'_> {
    type Target = Call;

    fn deref(&self) -> &Call {
        &*self.0.call
    }
}

impl Drop for WithError<'_> {
    fn drop(&mut self) {
        // A reason that was not used is none for a later call.
        self.0.exchange.excuse(None);
    }
}

/// `write`, which a call of [`StartResponse`] gives: sends bytes at once, before the body that the callable returns.
///
/// PEP 3333 has it for old applications; a body that is an iterator does the same. It is called, `write(b"data")?`, or used as
/// an [`io::Write`]. It waits while the client is slower than the application; an `async` callable uses [`send`](Self::send) instead.
///
/// # Errors
///
/// Writing fails once the client has gone, once the callable has returned, for what is more than the `Content-Length`, and
/// with [`Error::WouldBlock`] on the event loop where it would have to wait.
///
/// ```
/// use pulsar::wsgi::{self, Environ, IntoBody, StartResponse};
///
/// fn app(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
///     let write = start_response("200 OK", &[("Content-Type", "text/plain")])?;
///     write(b"first\n")?;
///     Ok(["second\n"])
/// }
/// ```
pub struct Write {
    exchange: Arc<Exchange>,
    /// Made when it is first called, since hardly anybody does.
    call: OnceLock<Box<WriteCall>>,
    /// Who has to agree before anything is written.
    guards: Vec<Guard>,
}

impl Write {
    /// Sends bytes from an `async` callable; waits while the client is slower.
    ///
    /// # Errors
    ///
    /// As described [above](Self).
    ///
    /// ```
    /// use pulsar::wsgi::{self, Environ, IntoBody, StartResponse};
    ///
    /// async fn app(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    ///     let write = start_response("200 OK", &[("Content-Type", "text/plain")])?;
    ///     for n in 0..1000 {
    ///         write.send(format!("line {n}\n")).await?;
    ///     }
    ///     Ok("done\n")
    /// }
    /// ```
    pub async fn send(&self, data: impl Into<Bytes>) -> Result<(), Error> {
        ask(&self.guards)?;
        self.exchange.write_async(data.into()).await
    }

    /// Has a function asked before anything is written.
    pub(super) fn guarded(mut self, guard: impl Fn() -> Result<(), Error> + Send + Sync + 'static) -> Self {
        self.guards.push(Arc::new(guard));
        self.call = OnceLock::new();
        self
    }
}

fn ask(guards: &[Guard]) -> Result<(), Error> {
    guards.iter().try_for_each(|guard| guard())
}

impl Deref for Write {
    type Target = WriteCall;

    fn deref(&self) -> &WriteCall {
        self.call.get_or_init(|| {
            let (exchange, guards) = (Arc::clone(&self.exchange), self.guards.clone());
            Box::new(move |data| {
                ask(&guards)?;
                exchange.write(Bytes::copy_from_slice(data))
            })
        })
    }
}

impl io::Write for Write {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        ask(&self.guards)?;
        self.exchange.write(Bytes::copy_from_slice(data))?;
        Ok(data.len())
    }

    /// Does nothing: whatever is written is sent at once.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Write").field("callable", &self.exchange.callable).finish_non_exhaustive()
    }
}
