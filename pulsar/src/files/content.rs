//! The content of a file, and the body of an answer that is made of parts of it.
//!
//! What is short is read at once, together with opening it; what is long is read piece by piece as the client takes it. An event loop
//! reads what is in memory (`cached`). The rest is read by a pool of threads that only reads files: a handler that waits for something
//! else cannot keep it from that. The rule it keeps: what was promised is sent, or the connection breaks; nothing is made up.

use std::{
    collections::VecDeque,
    fs::File,
    io,
    ops::Range,
    os::unix::fs::FileExt,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};

use super::{
    cached::{self, Patience},
    path::FilePath,
};
use crate::{
    body::{Body, BoxError, BoxFuture},
    pool::{Pool, PoolError},
};

/// What is read at once, and how much of the rest one job reads: a balance of memory for each slow client and of ways to the pool.
const PIECE: u64 = 64 * 1024;

/// Most disks have no use for more readers at a time. Threads are started when they are needed.
const MOST_THREADS: usize = 16;

/// How many requests may wait for a thread before others are refused with 503.
const QUEUE: usize = 1024;

/// The pool that reads files, one for the process.
pub(super) fn pool() -> io::Result<&'static Pool> {
    static POOL: OnceLock<Pool> = OnceLock::new();
    if let Some(pool) = POOL.get() {
        return Ok(pool);
    }
    let pool = Pool::new(MOST_THREADS, QUEUE)?;
    Ok(POOL.get_or_init(|| pool))
}

/// Where the bytes of a file are.
#[derive(Debug)]
pub(super) enum Content {
    Disk(Arc<File>),
    Memory(&'static [u8]),
}

/// A part of a body.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// What stands between parts of the file.
    Text(Bytes),
    /// These bytes of the file.
    File(Range<u64>),
}

impl Part {
    fn length(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::File(range) => range.end - range.start,
        }
    }
}

/// How many bytes these are.
pub(super) fn length(parts: &[Part]) -> u64 {
    parts.iter().map(Part::length).sum()
}

impl Content {
    /// A body of these parts, which lie within the file. It blocks if the file is on a disk and there is patience. The path is for
    /// the log.
    ///
    /// # Errors
    ///
    /// Fails if what is read at once cannot be read, and with `WouldBlock` if that takes more patience.
    pub(super) fn into_body(self, parts: Vec<Part>, path: &FilePath, patience: Patience) -> io::Result<Body> {
        let slices: Vec<_> = match self {
            Self::Memory(content) => parts.into_iter().map(|part| part.of_memory(content)).collect(),
            Self::Disk(file) if length(&parts) <= PIECE => {
                let slices = parts.into_iter().map(|part| part.of_file(&file, patience));
                slices.collect::<io::Result<_>>()?
            }
            Self::Disk(file) => {
                let remaining = length(&parts);
                return Ok(Body::new(Reading {
                    file,
                    path: path.clone(),
                    parts: parts.into(),
                    remaining,
                    has_cache: true,
                    buffer: BytesMut::new(),
                    job: None,
                }));
            }
        };
        Ok(match <[Bytes; 1]>::try_from(slices) {
            Ok([all]) => Body::from(all),
            Err(slices) => Body::from(slices.concat()),
        })
    }
}

impl Part {
    fn of_file(self, file: &File, patience: Patience) -> io::Result<Bytes> {
        match self {
            Self::Text(text) => Ok(text),
            Self::File(range) if patience == Patience::Some => read(file, &range),
            Self::File(range) => match cached::read(file, &range, &mut BytesMut::new()) {
                Ok(bytes) if bytes.len() as u64 == range.end - range.start => Ok(bytes),
                // Not all of it is in memory; or something is wrong, and whoever has patience finds out what.
                Ok(_) | Err(_) => Err(io::ErrorKind::WouldBlock.into()),
            },
        }
    }

    fn of_memory(self, content: &'static [u8]) -> Bytes {
        match self {
            Self::Text(text) => text,
            Self::File(range) => {
                // A slice that is in memory has a length that fits.
                let at = |offset| usize::try_from(offset).unwrap_or(usize::MAX);
                Bytes::from_static(content.get(at(range.start)..at(range.end)).unwrap_or_default())
            }
        }
    }
}

/// Reads a range that is not too long. Less than that is an error: the client was told how much will come.
fn read(file: &File, range: &Range<u64>) -> io::Result<Bytes> {
    let length = usize::try_from(range.end - range.start).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    match file.read_exact_at(&mut bytes, range.start) {
        Ok(()) => Ok(bytes.into()),
        Err(error) => Err(told(error)),
    }
}

/// What the log says of an error.
fn told(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            io::Error::new(error.kind(), "the file became shorter while it was sent")
        }
        _ => error,
    }
}

type Job = BoxFuture<'static, Result<io::Result<Bytes>, PoolError>>;

/// A body that reads a file as it is sent.
struct Reading {
    file: Arc<File>,
    path: FilePath,
    parts: VecDeque<Part>,
    remaining: u64,
    /// Whether the system may have it in memory.
    has_cache: bool,
    buffer: BytesMut,
    job: Option<Job>,
}

/// The next piece of a body.
enum Next {
    Read(io::Result<Bytes>),
    /// What reads it.
    Job(Job),
}

impl Reading {
    fn next(&mut self) -> Option<Next> {
        loop {
            match self.parts.front_mut()? {
                Part::Text(text) => {
                    let text = std::mem::take(text);
                    self.parts.pop_front();
                    return Some(Next::Read(Ok(text)));
                }
                Part::File(range) if range.is_empty() => {
                    self.parts.pop_front();
                }
                Part::File(range) => {
                    let end = range.end.min(range.start + PIECE);
                    let piece = range.start..end;
                    if self.has_cache {
                        match cached::read(&self.file, &piece, &mut self.buffer) {
                            Ok(bytes) => {
                                range.start += bytes.len() as u64;
                                return Some(Next::Read(Ok(bytes)));
                            }
                            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                                self.has_cache = false;
                            }
                            Err(error) => return Some(Next::Read(Err(told(error)))),
                        }
                    }
                    range.start = end;
                    let file = Arc::clone(&self.file);
                    return Some(Next::Job(Box::pin(async move {
                        match pool() {
                            Ok(pool) => pool.run_more(move || read(&file, &piece)).await,
                            Err(error) => Ok(Err(error)),
                        }
                    })));
                }
            }
        }
    }

    /// What becomes of a piece.
    fn sent(&mut self, read: Result<io::Result<Bytes>, PoolError>) -> Result<Frame<Bytes>, BoxError> {
        match read {
            Ok(Ok(bytes)) => {
                self.remaining -= bytes.len() as u64;
                Ok(Frame::data(bytes))
            }
            Ok(Err(error)) => Err(self.fail(error.into())),
            Err(PoolError::Full) => Err(self.fail("the thread pool is shutting down".into())),
            Err(PoolError::Panicked(message)) => Err(self.fail(message.into())),
        }
    }

    fn fail(&mut self, error: BoxError) -> BoxError {
        tracing::warn!("the body of the file `{}` breaks off: {error}", self.path);
        self.parts.clear();
        self.remaining = 0;
        error
    }
}

impl http_body::Body for Reading {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.job.is_none() {
            match self.next() {
                None => return Poll::Ready(None),
                Some(Next::Read(read)) => return Poll::Ready(Some(self.sent(Ok(read)))),
                Some(Next::Job(job)) => self.job = Some(job),
            }
        }
        let Some(job) = &mut self.job else { return Poll::Ready(None) };
        let result = ready!(job.as_mut().poll(cx));
        self.job = None;
        Poll::Ready(Some(self.sent(result)))
    }

    fn is_end_stream(&self) -> bool {
        self.parts.is_empty() && self.job.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write};

    use http_body_util::BodyExt;

    use super::*;

    fn path() -> FilePath {
        FilePath::of_file("a.bin").unwrap()
    }

    fn file(size: u64) -> File {
        let path = std::env::temp_dir().join(format!("pulsar-content-{}-{size}", std::process::id()));
        let mut file =
            File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
        fs::remove_file(path).unwrap();
        for n in 0..size {
            file.write_all(&[(n % 251) as u8]).unwrap();
        }
        file
    }

    #[tokio::test]
    async fn parts_are_read_at_once_or_piece_by_piece() {
        let sizes = [10, PIECE - 1, PIECE, PIECE + 1, PIECE * 2, PIECE * 2 + 5];
        // The files were just written, so that they are in memory.
        let patiences = [Patience::Some, Patience::None];
        for (size, patience) in sizes.into_iter().flat_map(|size| patiences.map(|patience| (size, patience)))
        {
            let parts = vec![
                Part::Text(Bytes::from_static(b"<")),
                Part::File(1..size),
                Part::Text(Bytes::from_static(b">")),
            ];
            let length = length(&parts);
            let body = Content::Disk(Arc::new(file(size))).into_body(parts, &path(), patience).unwrap();
            assert_eq!(http_body::Body::size_hint(&body).exact(), Some(length));
            let sent = body.collect().await.unwrap().to_bytes();
            assert_eq!(sent.len() as u64, length);
            let (inside, ends) = (&sent[1..sent.len() - 1], (sent[0], sent[sent.len() - 1]));
            assert_eq!(ends, (b'<', b'>'));
            assert!(inside.iter().zip(1..).all(|(&byte, n)| u64::from(byte) == n % 251), "{size}");
        }
    }

    #[tokio::test]
    async fn less_than_was_promised_is_an_error() {
        let error = Content::Disk(Arc::new(file(10)))
            .into_body(vec![Part::File(0..11)], &path(), Patience::Some)
            .unwrap_err();
        assert_eq!(error.to_string(), "the file became shorter while it was sent");
        let error = Content::Disk(Arc::new(file(10)))
            .into_body(vec![Part::File(0..11)], &path(), Patience::None)
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "that is for somebody else to find out");
        let body = Content::Disk(Arc::new(file(PIECE + 10)))
            .into_body(vec![Part::File(0..PIECE * 2)], &path(), Patience::Some)
            .unwrap();
        let mut body = Box::pin(body);
        let mut sent = 0;
        let error = loop {
            match body.frame().await.unwrap() {
                Ok(frame) => sent += frame.into_data().unwrap().len(),
                Err(error) => break error,
            }
        };
        assert!((1..=PIECE + 10).contains(&(sent as u64)), "what is there may be sent: {sent}");
        assert!(error.to_string().contains("became shorter"), "{error}");
        assert!(body.frame().await.is_none());
    }
}
