//! The body of an answer: one value, or pieces that are sent as they come.

use std::{
    borrow::Cow,
    fmt,
    io::{self, Read},
    iter, option, slice, vec,
};

use bytes::Bytes;
use futures_core::TryStream;

use crate::{
    body::{self, BoxError},
    pool::Pool,
};

/// Pieces of a body, one after the other.
pub(super) type Chunks = Box<dyn Iterator<Item = Result<Bytes, BoxError>> + Send>;

/// The body of an answer, whatever it is made of; see [`IntoBody`].
///
/// ```
/// use pulsar::wsgi::Body;
///
/// let value = Body::from("Hello");
/// let pieces = Body::chunks((0..3).map(|n| format!("line {n}\n")));
/// let nothing = Body::empty();
/// ```
pub struct Body(pub(super) Kind);

pub(super) enum Kind {
    /// All of it.
    Whole(Bytes),
    /// Pieces that an iterator makes.
    Chunks(Chunks),
    /// The same, on threads of a pool; the first piece is there already.
    OnPool { ahead: Option<Bytes>, chunks: Chunks, pool: Pool },
    /// A stream, polled on the event loop. That of a service has a head already.
    Stream { body: body::Body, has_head: bool },
}

impl Body {
    /// A body without bytes.
    pub fn empty() -> Self {
        Self(Kind::Whole(Bytes::new()))
    }

    /// The pieces of an iterator, each sent when it comes. The iterator of a callable that is a plain `fn` runs on the
    /// thread pool and may block; no thread is held while the client is slow. It is dropped once it has ended or the client
    /// has gone.
    ///
    /// Most iterators are bodies themselves; this is for types of your own.
    pub fn chunks<I>(chunks: I) -> Self
    where
        I: IntoIterator<Item: IntoChunk + 'static, IntoIter: Send + 'static>,
    {
        Self(Kind::Chunks(Box::new(chunks.into_iter().map(IntoChunk::into_chunk))))
    }

    /// The pieces of a stream, each sent when it comes.
    ///
    /// ```
    /// use futures_util::stream;
    /// use pulsar::wsgi::{self, Body, Environ, IntoBody, StartResponse};
    ///
    /// async fn app(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    ///     start_response("200 OK", &[("Content-Type", "text/plain")])?;
    ///     Ok(Body::stream(stream::iter(["first\n", "second\n"].map(Ok::<_, std::io::Error>))))
    /// }
    /// ```
    pub fn stream<S>(stream: S) -> Self
    where
        S: TryStream<Ok: Into<Bytes>, Error: Into<BoxError>> + Send + 'static,
    {
        Self(Kind::Stream { body: body::Body::from_stream(stream), has_head: false })
    }

    pub(super) fn from_service(body: body::Body) -> Self {
        Self(Kind::Stream { body, has_head: true })
    }

    /// Has an iterator make its first piece now: the first one with something in it, before which nothing need have begun.
    pub(super) fn with_first_piece(self) -> Result<Self, BoxError> {
        let Kind::Chunks(mut chunks) = self.0 else { return Ok(self) };
        match first_of(&mut chunks)? {
            Some(first) => Ok(Self(Kind::Chunks(Box::new(iter::once(Ok(first)).chain(chunks))))),
            None => Ok(Self::empty()),
        }
    }

    /// Has its iterator, if it is one, run on a pool, on whose thread this is called: it makes the first piece.
    pub(super) fn on_pool(self, pool: &Pool) -> Result<Self, BoxError> {
        let Kind::Chunks(mut chunks) = self.0 else { return Ok(self) };
        let Some(ahead) = first_of(&mut chunks)? else { return Ok(Self::empty()) };
        if chunks.size_hint() == (0, Some(0)) {
            return Ok(Self(Kind::Whole(ahead)));
        }
        Ok(Self(Kind::OnPool { ahead: Some(ahead), chunks, pool: pool.clone() }))
    }
}

/// The first piece that is not empty.
fn first_of(chunks: &mut Chunks) -> Result<Option<Bytes>, BoxError> {
    chunks.find(|chunk| !matches!(chunk, Ok(chunk) if chunk.is_empty())).transpose()
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Whole(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            Kind::Chunks(_) | Kind::OnPool { .. } => f.write_str("Body(chunks)"),
            Kind::Stream { .. } => f.write_str("Body(stream)"),
        }
    }
}

/// What can be a piece of a body.
///
/// A `Result` is one too: its error ends the body, and cuts the connection, so that a client cannot take it for complete.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a piece of a body",
    note = "pieces are `&'static str`, `String`, `Vec<u8>`, `&'static [u8]`, `Bytes`, or a `Result` of one of these"
)]
pub trait IntoChunk {
    /// The bytes, or why there are none.
    ///
    /// # Errors
    ///
    /// Those of the application.
    fn into_chunk(self) -> Result<Bytes, BoxError>;
}

/// What a callable can return as the body: a value, a list of values, or an iterator of them.
///
/// | type | how it is sent |
/// |---|---|
/// | `&'static str`, `String`, `Vec<u8>`, `&'static [u8]`, `Bytes`, `()` | as one piece, with its `Content-Length` |
/// | arrays, vectors and iterators of these, or of `Result`s of these | piece by piece, as they come |
/// | [`FileWrapper`] | the same, as it is read |
/// | [`Body`] | as it was made, by [`Body::chunks`] or [`Body::stream`] |
///
/// ```
/// use pulsar::wsgi::{self, Environ, IntoBody, StartResponse};
///
/// fn countdown(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
///     start_response("200 OK", &[("Content-Type", "text/plain")])?;
///     Ok((1..=3).rev().map(|n| format!("{n}\n")))
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the body of an answer",
    note = "a body is a text, bytes, a list or an iterator of these, or a `wsgi::Body`; `Body::chunks` takes any iterator, \
            `Body::stream` any stream"
)]
pub trait IntoBody {
    /// The body.
    fn into_body(self) -> Body;
}

impl IntoBody for Body {
    fn into_body(self) -> Body {
        self
    }
}

impl IntoBody for () {
    fn into_body(self) -> Body {
        Body::empty()
    }
}

macro_rules! values {
    ($($value:ty => $into_bytes:expr,)*) => {$(
        impl IntoChunk for $value {
            fn into_chunk(self) -> Result<Bytes, BoxError> {
                let into_bytes: fn($value) -> Bytes = $into_bytes;
                Ok(into_bytes(self))
            }
        }

        impl IntoBody for $value {
            fn into_body(self) -> Body {
                Body::from(self)
            }
        }

        impl From<$value> for Body {
            fn from(value: $value) -> Self {
                let into_bytes: fn($value) -> Bytes = $into_bytes;
                Self(Kind::Whole(into_bytes(value)))
            }
        }
    )*};
}

values! {
    &'static str => |text| Bytes::from_static(text.as_bytes()),
    String => Bytes::from,
    Cow<'static, str> => |text| match text {
        Cow::Borrowed(text) => Bytes::from_static(text.as_bytes()),
        Cow::Owned(text) => Bytes::from(text),
    },
    &'static [u8] => Bytes::from_static,
    Vec<u8> => Bytes::from,
    Bytes => |bytes| bytes,
}

impl<const N: usize> IntoChunk for &'static [u8; N] {
    fn into_chunk(self) -> Result<Bytes, BoxError> {
        Ok(Bytes::from_static(self))
    }
}

impl<const N: usize> IntoBody for &'static [u8; N] {
    fn into_body(self) -> Body {
        Body(Kind::Whole(Bytes::from_static(self)))
    }
}

impl<C: IntoChunk, E: Into<BoxError>> IntoChunk for Result<C, E> {
    fn into_chunk(self) -> Result<Bytes, BoxError> {
        self.map_err(Into::into)?.into_chunk()
    }
}

impl<C: IntoChunk + Send + 'static, const N: usize> IntoBody for [C; N] {
    fn into_body(self) -> Body {
        list(self.into_iter())
    }
}

impl<C: IntoChunk + Send + 'static> IntoBody for Vec<C> {
    fn into_body(self) -> Body {
        list(self.into_iter())
    }
}

/// One piece is a value, whose length is known.
fn list<C: IntoChunk + 'static>(mut pieces: impl ExactSizeIterator<Item = C> + Send + 'static) -> Body {
    if pieces.len() > 1 {
        return Body::chunks(pieces);
    }
    match pieces.next().map(IntoChunk::into_chunk) {
        None => Body::empty(),
        Some(Ok(bytes)) => Body(Kind::Whole(bytes)),
        Some(Err(error)) => Body(Kind::Chunks(Box::new(iter::once(Err(error))))),
    }
}

/// Iterators are named one by one, since a text or a list might become one in a later version of Rust, and would then be
/// two kinds of body.
macro_rules! iterators {
    ($($iterator:ident::$name:ident<$($parameter:ident),*>,)*) => {$(
        impl<$($parameter),*> IntoBody for $iterator::$name<$($parameter),*>
        where
            Self: Iterator<Item: IntoChunk + 'static> + Send + 'static,
        {
            fn into_body(self) -> Body {
                Body::chunks(self)
            }
        }
    )*};
}

iterators! {
    iter::Chain<A, B>,
    iter::Cloned<I>,
    iter::Copied<I>,
    iter::Filter<I, F>,
    iter::FilterMap<I, F>,
    iter::FromFn<F>,
    iter::Inspect<I, F>,
    iter::Map<I, F>,
    iter::MapWhile<I, F>,
    iter::Once<C>,
    iter::OnceWith<F>,
    iter::RepeatN<C>,
    iter::Rev<I>,
    iter::Scan<I, S, F>,
    iter::Skip<I>,
    iter::SkipWhile<I, F>,
    iter::StepBy<I>,
    iter::Successors<C, F>,
    iter::Take<I>,
    iter::TakeWhile<I, F>,
    option::IntoIter<C>,
    vec::IntoIter<C>,
}

impl<C> IntoBody for slice::Iter<'static, C>
where
    Self: Iterator<Item: IntoChunk + 'static> + Send + 'static,
{
    fn into_body(self) -> Body {
        Body::chunks(self)
    }
}

impl<C: IntoChunk + 'static> IntoBody for Box<dyn Iterator<Item = C> + Send> {
    fn into_body(self) -> Body {
        Body::chunks(self)
    }
}

/// A body that reads a file, or anything else that can be read, in pieces: `wsgi.file_wrapper`.
///
/// An error while it is read cuts the connection.
///
/// ```
/// use std::io::Read;
///
/// use pulsar::wsgi::FileWrapper;
///
/// let mut pieces = FileWrapper::new(std::io::repeat(b'x').take(10)).block_size(4);
/// assert_eq!(pieces.next().unwrap().unwrap(), "xxxx");
/// assert_eq!(pieces.count(), 2);
/// ```
#[derive(Debug)]
pub struct FileWrapper<R> {
    file: Option<R>,
    block_size: usize,
}

impl<R: Read> FileWrapper<R> {
    /// A body of pieces of 64 KiB.
    pub fn new(file: R) -> Self {
        Self { file: Some(file), block_size: 64 * 1024 }
    }

    /// The size of a piece in bytes; 0 counts as 1.
    #[must_use]
    pub fn block_size(mut self, bytes: usize) -> Self {
        self.block_size = bytes.max(1);
        self
    }
}

impl<R: Read> Iterator for FileWrapper<R> {
    type Item = io::Result<Bytes>;

    fn next(&mut self) -> Option<io::Result<Bytes>> {
        let file = self.file.as_mut()?;
        let mut block = Vec::new();
        let read = file.take(self.block_size as u64).read_to_end(&mut block);
        if read.is_err() || block.is_empty() {
            // Closed as soon as there is nothing more to read.
            self.file = None;
        }
        match read {
            Ok(0) => None,
            Ok(_) => Some(Ok(block.into())),
            Err(error) => Some(Err(error)),
        }
    }
}

impl<R: Read + Send + 'static> IntoBody for FileWrapper<R> {
    fn into_body(self) -> Body {
        Body::chunks(self)
    }
}
