//! The content of a file, and the body of an answer that is made of parts of it.
//!
//! What is short is read at once, together with opening it, so that it costs one way to the pool and back. What is long is read
//! piece by piece as the client takes it, by a pool of threads that only reads files: a handler that waits for something else cannot
//! keep it from that. The rule it keeps: what was promised is sent, or the connection breaks; nothing is made up.

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

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::path::FilePath;
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
    /// A body of these parts, which lie within the file. It blocks if the file is on a disk. The path is for the log.
    ///
    /// # Errors
    ///
    /// Fails if what is read at once cannot be read.
    pub(super) fn into_body(self, parts: Vec<Part>, path: &FilePath) -> io::Result<Body> {
        match self {
            Self::Memory(content) => {
                let slices: Vec<_> = parts.into_iter().map(|part| part.of_memory(content)).collect();
                Ok(match <[Bytes; 1]>::try_from(slices) {
                    Ok([all]) => Body::from(all),
                    Err(slices) => Body::from(slices.concat()),
                })
            }
            Self::Disk(file) if length(&parts) <= PIECE => {
                let mut all = Vec::new();
                for part in parts {
                    match part {
                        Part::Text(text) => all.extend_from_slice(&text),
                        Part::File(range) => all.extend_from_slice(&read(&file, &range)?),
                    }
                }
                Ok(Body::from(all))
            }
            Self::Disk(file) => {
                let remaining = length(&parts);
                Ok(Body::new(Reading { file, path: path.clone(), parts: parts.into(), remaining, job: None }))
            }
        }
    }
}

impl Part {
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
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(io::Error::new(error.kind(), "the file became shorter while it was sent"))
        }
        Err(error) => Err(error),
    }
}

type Job = BoxFuture<'static, Result<io::Result<Bytes>, PoolError>>;

/// A body that reads a file as it is sent.
struct Reading {
    file: Arc<File>,
    path: FilePath,
    parts: VecDeque<Part>,
    remaining: u64,
    job: Option<Job>,
}

impl Reading {
    /// The next bytes, or what reads them.
    fn next(&mut self) -> Option<Result<Bytes, Job>> {
        loop {
            match self.parts.front_mut()? {
                Part::Text(text) => {
                    let text = std::mem::take(text);
                    self.parts.pop_front();
                    return Some(Ok(text));
                }
                Part::File(range) if range.is_empty() => {
                    self.parts.pop_front();
                }
                Part::File(range) => {
                    let end = range.end.min(range.start + PIECE);
                    let piece = range.start..end;
                    range.start = end;
                    let file = Arc::clone(&self.file);
                    return Some(Err(Box::pin(async move {
                        match pool() {
                            Ok(pool) => pool.run_more(move || read(&file, &piece)).await,
                            Err(error) => Ok(Err(error)),
                        }
                    })));
                }
            }
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
                Some(Ok(text)) => {
                    self.remaining -= text.len() as u64;
                    return Poll::Ready(Some(Ok(Frame::data(text))));
                }
                Some(Err(job)) => self.job = Some(job),
            }
        }
        let Some(job) = &mut self.job else { return Poll::Ready(None) };
        let result = ready!(job.as_mut().poll(cx));
        self.job = None;
        Poll::Ready(Some(match result {
            Ok(Ok(bytes)) => {
                self.remaining -= bytes.len() as u64;
                Ok(Frame::data(bytes))
            }
            Ok(Err(error)) => Err(self.fail(error.into())),
            Err(PoolError::Full) => Err(self.fail("the thread pool is shutting down".into())),
            Err(PoolError::Panicked(message)) => Err(self.fail(message.into())),
        }))
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
        for size in [10, PIECE - 1, PIECE, PIECE + 1, PIECE * 2, PIECE * 2 + 5] {
            let parts = vec![
                Part::Text(Bytes::from_static(b"<")),
                Part::File(1..size),
                Part::Text(Bytes::from_static(b">")),
            ];
            let length = length(&parts);
            let body = Content::Disk(Arc::new(file(size))).into_body(parts, &path()).unwrap();
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
        let error =
            Content::Disk(Arc::new(file(10))).into_body(vec![Part::File(0..11)], &path()).unwrap_err();
        assert_eq!(error.to_string(), "the file became shorter while it was sent");
        let body = Content::Disk(Arc::new(file(PIECE + 10)))
            .into_body(vec![Part::File(0..PIECE * 2)], &path())
            .unwrap();
        let mut body = Box::pin(body);
        assert!(body.frame().await.unwrap().is_ok());
        let error = body.frame().await.unwrap().unwrap_err();
        assert!(error.to_string().contains("became shorter"), "{error}");
        assert!(body.frame().await.is_none());
    }
}
