//! HTTP/1.1 as bytes: a client that sends what it is told, right or wrong, and reads answers one at a time.

use std::{
    fmt::{self, Write as _},
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    os::unix::net::UnixStream,
    path::Path,
};

use crate::PATIENCE;

/// One connection.
#[derive(Debug)]
pub struct Client<S> {
    stream: S,
    unread: Vec<u8>,
}

impl Client<TcpStream> {
    /// Connects to an address.
    ///
    /// # Panics
    ///
    /// When nobody listens there.
    #[track_caller]
    pub fn tcp(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap_or_else(|error| panic!("{address}: {error}"));
        Self::of(stream)
    }

    /// Goes on with a connection that is there.
    ///
    /// # Panics
    ///
    /// Never: the time that it waits is not zero.
    pub fn of(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("the time is not zero");
        Self { stream, unread: Vec::new() }
    }

    /// Says that nothing more will be sent.
    ///
    /// # Panics
    ///
    /// When the connection has been cut.
    pub fn half_close(&self) {
        self.stream.shutdown(Shutdown::Write).expect("the connection is open");
    }
}

impl Client<UnixStream> {
    /// Connects to a unix socket.
    ///
    /// # Panics
    ///
    /// When nobody listens there.
    #[track_caller]
    pub fn unix(path: &Path) -> Self {
        let stream = UnixStream::connect(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        stream.set_read_timeout(Some(PATIENCE)).expect("the time is not zero");
        Self { stream, unread: Vec::new() }
    }
}

impl<S: Read + Write> Client<S> {
    /// Goes on with a stream of any kind.
    pub fn over(stream: S) -> Self {
        Self { stream, unread: Vec::new() }
    }

    /// The stream itself.
    pub fn stream(&self) -> &S {
        &self.stream
    }

    /// Sends bytes as they are. That the server has closed already is not told: its answer is there to be read.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref());
    }

    /// Gets a path.
    #[track_caller]
    pub fn get(&mut self, path: &str) -> Answer {
        self.request("GET", path, &[], "")
    }

    /// Sends a request with these headers and this body.
    #[track_caller]
    pub fn request(&mut self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
        if !body.is_empty() {
            let _ = write!(head, "Content-Length: {}\r\n", body.len());
        }
        for header in headers {
            let _ = write!(head, "{header}\r\n");
        }
        self.send(format!("{head}\r\n{body}"));
        self.answer_to(method)
    }

    /// Sends JSON.
    #[track_caller]
    pub fn post_json(&mut self, path: &str, body: &str) -> Answer {
        self.request("POST", path, &["Content-Type: application/json"], body)
    }

    /// Reads the next answer.
    #[track_caller]
    pub fn answer(&mut self) -> Answer {
        self.answer_to("GET")
    }

    /// Reads the next answer, which has no body if it is one to HEAD.
    ///
    /// # Panics
    ///
    /// When the connection ends before it, or within it.
    #[track_caller]
    pub fn answer_to(&mut self, method: &str) -> Answer {
        let mut answer = self.head();
        if method == "HEAD" || matches!(answer.status, 100..=199 | 204 | 304) {
            return answer;
        }
        if answer.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            loop {
                let chunk = self.chunk();
                if chunk.is_empty() {
                    return answer;
                }
                answer.body.extend(chunk);
            }
        }
        match answer.header("content-length").map(|length| length.parse().expect("a length is a number")) {
            Some(length) => answer.body = self.take(length),
            None => answer.body = self.rest(),
        }
        answer
    }

    /// Reads the head of the next answer; its body is left for [`chunk`](Self::chunk) or [`rest`](Self::rest).
    ///
    /// # Panics
    ///
    /// When the connection ends before it, or within it.
    #[track_caller]
    pub fn head(&mut self) -> Answer {
        let head = self.through(b"\r\n\r\n");
        let head = String::from_utf8(head).expect("the head is text");
        let mut lines = head.trim_end().split("\r\n");
        let status =
            lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status: {head:?}"));
        let header = |line: &str| {
            line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        };
        Answer { status, headers: lines.filter_map(header).collect(), body: Vec::new() }
    }

    /// Reads one chunk of a chunked body as soon as it is there; the last one is empty.
    ///
    /// # Panics
    ///
    /// When the connection ends before it, or what comes is no chunk.
    #[track_caller]
    pub fn chunk(&mut self) -> Vec<u8> {
        let line = String::from_utf8(self.through(b"\r\n")).expect("a size is text");
        let size = usize::from_str_radix(line.trim(), 16).expect("a size is hexadecimal");
        let mut chunk = self.take(size + 2);
        chunk.truncate(size);
        chunk
    }

    /// Everything until the server closes. A reset is an end like any other.
    ///
    /// # Panics
    ///
    /// When it does not close.
    #[track_caller]
    pub fn rest(&mut self) -> Vec<u8> {
        while self.fill() {}
        std::mem::take(&mut self.unread)
    }

    #[track_caller]
    fn through(&mut self, end: &[u8]) -> Vec<u8> {
        loop {
            if let Some(at) = self.unread.windows(end.len()).position(|window| window == end) {
                return self.unread.drain(..at + end.len()).collect();
            }
            let more = self.fill();
            assert!(more, "the connection ended: {:?}", String::from_utf8_lossy(&self.unread));
        }
    }

    /// Reads so many bytes.
    ///
    /// # Panics
    ///
    /// When the connection ends before them.
    #[track_caller]
    pub fn take(&mut self, count: usize) -> Vec<u8> {
        while self.unread.len() < count {
            let more = self.fill();
            assert!(more, "the body ended early: {:?}", String::from_utf8_lossy(&self.unread));
        }
        self.unread.drain(..count).collect()
    }

    #[track_caller]
    fn fill(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(count) => {
                self.unread.extend_from_slice(&buffer[..count]);
                count > 0
            }
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => false,
            Err(error) => panic!("no answer: {error}; so far {:?}", String::from_utf8_lossy(&self.unread)),
        }
    }
}

/// An answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, its chunks joined.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of this name, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    ///
    /// # Panics
    ///
    /// When it is none.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is text")
    }

    /// Asserts the status and the text.
    ///
    /// # Panics
    ///
    /// When they are others.
    #[track_caller]
    pub fn assert(&self, status: u16, text: &str) -> &Self {
        assert_eq!((self.status, self.text()), (status, text), "{self:?}");
        self
    }

    /// Asserts the status.
    ///
    /// # Panics
    ///
    /// When it is another one.
    #[track_caller]
    pub fn assert_status(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}\n{}", self.status, self.headers, String::from_utf8_lossy(&self.body))
    }
}
