//! The error that a handler returns when it has nothing better to say.
//!
//! [`Error`] takes any `std::error::Error` by `?` and remembers it as its source. It decides nothing about HTTP but the
//! status; `problem` turns it into an answer, in one place for the whole program.

use std::{borrow::Cow, error::Error as StdError, fmt};

use http::StatusCode;

use crate::body::BoxError;

/// What a handler returns: a value, or an [`Error`].
///
/// ```
/// fn parse(text: &str) -> pulsar::Result<u8> {
///     Ok(text.parse()?)
/// }
///
/// assert_eq!(parse("x").unwrap_err().status_code(), 500);
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error on its way to becoming an answer.
///
/// Any [`std::error::Error`] turns into one by `?` and is then the fault of the program: status 500, its chain of sources
/// is logged with the route and never sent. An error that is the client's fault is made on purpose, by
/// [`Error::status`], and its detail is sent. One exception: the errors of reading the body of a request are the client's as they
/// are, and answered with 400, 408 or 413.
///
/// Like other types that take every error by `?`, it does not implement [`std::error::Error`] itself.
///
/// ```
/// use pulsar::{Error, Result};
///
/// fn read(name: &str) -> Result<String> {
///     if name.is_empty() {
///         return Err(Error::status(404).detail("this document has no name"));
///     }
///     Ok(std::fs::read_to_string(name)?) // 500, logged, if the file is not there
/// }
///
/// assert_eq!(read("").unwrap_err().status_code(), 404);
/// assert_eq!(read("no such file").unwrap_err().status_code(), 500);
/// ```
pub struct Error {
    status: StatusCode,
    detail: Option<Cow<'static, str>>,
    source: Option<BoxError>,
}

impl Error {
    /// An error that the program is to blame for: status 500, `source` is logged.
    ///
    /// ```
    /// let error = pulsar::Error::new("the queue is gone");
    /// assert_eq!(error.status_code(), 500);
    /// ```
    pub fn new(source: impl Into<BoxError>) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, detail: None, source: Some(source.into()) }
    }

    /// An error answered with `status`, given as a number or a [`StatusCode`].
    ///
    /// A number that is no error status (400 to 599) is a mistake of the program: it becomes a 500 that says so in the
    /// log.
    ///
    /// ```
    /// use pulsar::{Error, http::StatusCode};
    /// assert_eq!(Error::status(404).status_code(), 404);
    /// assert_eq!(Error::status(StatusCode::CONFLICT).status_code(), 409);
    /// assert_eq!(Error::status(7).status_code(), 500);
    /// ```
    pub fn status<S>(status: S) -> Self
    where
        S: TryInto<StatusCode> + Copy + fmt::Debug,
    {
        match status.try_into() {
            Ok(code) if code.is_client_error() || code.is_server_error() => {
                Self { status: code, detail: None, source: None }
            }
            _ => Self::new(format!("Error::status({status:?}) is not an error status (400 to 599)")),
        }
    }

    /// Adds what the client is told. Sent for every status, so write nothing here that it must not know.
    ///
    /// ```
    /// let error = pulsar::Error::status(409).detail("this name is taken");
    /// assert_eq!(error.to_string(), "409 Conflict: this name is taken");
    /// ```
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds the cause. It is logged for a server error (5xx), and never sent.
    ///
    /// ```
    /// let cause = "x".parse::<u8>().unwrap_err();
    /// let error = pulsar::Error::status(503).with_source(cause);
    /// assert_eq!(error.source().unwrap().to_string(), "invalid digit found in string");
    /// ```
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The status that the answer will have.
    ///
    /// ```
    /// assert_eq!(pulsar::Error::status(404).status_code(), 404);
    /// ```
    pub fn status_code(&self) -> StatusCode {
        self.status
    }

    /// The cause, if there is one.
    ///
    /// ```
    /// assert!(pulsar::Error::status(404).source().is_none());
    /// ```
    pub fn source(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.source.as_deref()
    }

    pub(crate) fn into_parts(self) -> (StatusCode, Option<Cow<'static, str>>, Option<BoxError>) {
        (self.status, self.detail, self.source)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.detail, &self.source) {
            (Some(detail), _) => write!(f, "{}: {detail}", self.status),
            (None, Some(source)) => write!(f, "{}: {}", self.status, Chain(source.as_ref())),
            (None, None) => self.status.fmt(f),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("status", &self.status)
            .field("detail", &self.detail)
            .field("source", &self.source)
            .finish()
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for Error {
    fn from(source: E) -> Self {
        Self::new(source)
    }
}

/// So that a provider, which may fail with any error, may fail with this one. Where nobody is answered the status says
/// nothing; it stands only for what else is missing.
impl From<Error> for BoxError {
    fn from(error: Error) -> Self {
        match (error.detail, error.source) {
            (None, Some(source)) => source,
            (Some(detail), Some(source)) => format!("{detail}: {}", Chain(source.as_ref())).into(),
            (Some(detail), None) => detail.into(),
            (None, None) => error.status.to_string().into(),
        }
    }
}

/// Prints an error and its sources, `outer: inner: innermost`.
pub(crate) struct Chain<'a>(pub(crate) &'a (dyn StdError + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(error) = next {
            write!(f, ": {error}")?;
            next = error.source();
        }
        Ok(())
    }
}
