//! A storm of bad requests: thousands of mutations of the table's inputs against a program, which must neither fail, nor hang,
//! nor grow.
//!
//! It is the same storm every time. `STORM_REQUESTS=100000 cargo test -p pulsar-tests --test policy storm` makes a longer one.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use pulsar_tests::{
    PATIENCE,
    program::{self, Running},
    strict::Conversation,
    until,
};
use serde_json::Value;

use crate::{bodies, connections, requests};

/// How many requests there are if nobody says otherwise.
const REQUESTS: usize = 3000;
/// So many clients at a time.
const CLIENTS: usize = 32;
/// A client that gets nothing for so long says that it has no more to send; whoever waits for the rest of a request learns so.
const SILENCE: Duration = Duration::from_millis(50);
/// Longer than any of them may take: longer than the time that the program has for a body.
const HANG: Duration = Duration::from_secs(20);
/// The threads of the pool.
const POOL: u64 = 4;

#[test]
fn a_storm_of_bad_requests_is_answered_or_ended_and_leaves_nothing_behind() {
    let most = env::var("STORM_REQUESTS")
        .map_or(REQUESTS, |count| count.parse().expect("STORM_REQUESTS is a number"));
    let mut command = program::example("environ");
    command.args(["-b", "127.0.0.1:0", "--workers", "0", "--max-body", "64k", "--body-timeout", "5"]);
    command.args(["--thread-workers", &POOL.to_string()]);
    let running = Running::start(command, 1);
    let seeds = seeds();

    // What is made once, such as the threads of the pool and the buffers of a first burst, is no growth.
    let warm = most / 3;
    let mut seen = storm(running.address(), &seeds, 0..warm);
    let before = settled(running.pid());
    let begun = Instant::now();
    for (status, count) in storm(running.address(), &seeds, warm..most) {
        *seen.entry(status).or_default() += count;
    }
    let took = begun.elapsed();
    let after = settled(running.pid());
    println!(
        "{most} requests, the last {} in {took:?}: {seen:?}; before {before:?}, after {after:?}",
        most - warm
    );

    // A storm that is refused at the door as a whole would prove nothing.
    for status in [200, 400, 501] {
        assert!(seen.get(&status).is_some_and(|count| *count > most / 200), "{status} in {seen:?}");
    }
    let failed: Vec<_> =
        seen.keys().filter(|status| (500..600).contains(*status) && ![501, 505].contains(*status)).collect();
    assert!(failed.is_empty(), "{seen:?}");
    if let (Some(before), Some(after)) = (before, after) {
        assert_eq!(after.descriptors, before.descriptors);
        // A thread of the pool is started when one is missed, which may be late.
        assert!(after.threads <= before.threads + POOL, "{before:?}, {after:?}");
        assert!(after.resident < before.resident + 8 * 1024, "kilobytes before {before:?}, after {after:?}");
    }
    running.get("/").assert_status(200);
    let finished = running.stop();
    finished.assert_calm();
    assert!(!finished.stderr.contains("ERROR"), "a client's mistake is no error of ours: {finished}");
}

/// Sends the requests with these numbers. Counts the statuses of the first answers; 0 is for those that got none.
fn storm(address: SocketAddr, seeds: &[Vec<u8>], numbers: std::ops::Range<usize>) -> BTreeMap<u16, usize> {
    let next = AtomicUsize::new(numbers.start);
    let seen = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= numbers.end {
                        return;
                    }
                    let bytes = Mutator::new(number as u64).request(seeds);
                    let status = send(address, &bytes).unwrap_or_else(|why| {
                        panic!("request {number}: {why}\n{:?}", bytes.escape_ascii().to_string())
                    });
                    *seen.lock().unwrap().entry(status).or_default() += 1;
                }
            });
        }
    });
    seen.into_inner().unwrap()
}

/// Sends one request, and behind it one that ends the connection; gives the status of the first answer.
fn send(address: SocketAddr, bytes: &[u8]) -> Result<u16, String> {
    const LAST: &[u8] = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let mut stream = TcpStream::connect(address).map_err(|error| error.to_string())?;
    stream.set_read_timeout(Some(SILENCE)).unwrap();
    let begun = Instant::now();
    // A server that closes early is seen by its answer.
    let _ = stream.write_all(&[bytes, LAST].concat());
    let (mut wire, mut buffer, mut said) = (Vec::new(), [0; 4096], false);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => wire.extend_from_slice(&buffer[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => break,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if !said {
                    said = true;
                    let _ = stream.shutdown(Shutdown::Write);
                }
                if begun.elapsed() > HANG {
                    return Err("it hangs".to_owned());
                }
            }
            Err(error) => return Err(error.to_string()),
        }
    }
    // Which of the answers are to HEAD is not known of a mutation, so that one more reading is tried.
    let is_head = bytes.windows(5).any(|window| window == b"HEAD ");
    let conversation = Conversation::parse(&wire, |_| false).or_else(|error| {
        if is_head { Conversation::parse(&wire, |number| number == 0) } else { Err(error) }
    })?;
    for answer in &conversation.answers {
        if answer.status == 200 && !answer.body.is_empty() && !conversation.is_cut {
            assert_environ(&answer.body)?;
        }
        if answer.status >= 500 && ![501, 505].contains(&answer.status) {
            return Err(format!("{answer:?}"));
        }
    }
    Ok(conversation.answers.first().map_or(0, |answer| answer.status))
}

/// Whatever a callable is given, some things never are.
fn assert_environ(body: &[u8]) -> Result<(), String> {
    let environ: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    for name in ["HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE", "HTTP_TRANSFER_ENCODING", "HTTP_PROXY"] {
        if environ.get(name).is_some() {
            return Err(format!("{name} in {environ}"));
        }
    }
    let is_wrong = |text: &str| text.contains(['\0', '\r', '\n']) || text.chars().any(|c| c > '\u{ff}');
    let variables = environ.as_object().ok_or("no object")?.iter().filter(|(name, _)| *name != "wsgi.input");
    for (name, value) in variables {
        if value.as_str().is_some_and(is_wrong) {
            return Err(format!("{name} is {value}"));
        }
    }
    Ok(())
}

/// What a process holds.
#[derive(Clone, Copy, Debug)]
struct Held {
    /// Its memory in kilobytes.
    resident: u64,
    threads: u64,
    descriptors: usize,
}

/// Asks until two looks agree on what can be counted: the last connections may be about to close. Nothing where the system does not tell.
fn settled(pid: u32) -> Option<Held> {
    held(pid)?;
    let mut last = held(pid)?;
    let begun = Instant::now();
    until("the last connections are closed", || {
        let now = held(pid).unwrap();
        let agree = (now.descriptors, now.threads) == (last.descriptors, last.threads);
        last = now;
        // Connections that linger do so for a second.
        agree && begun.elapsed() > Duration::from_secs(2) || begun.elapsed() > PATIENCE / 2
    });
    Some(last)
}

fn held(pid: u32) -> Option<Held> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    Some(Held {
        resident: number("VmRSS:")?,
        threads: number("Threads:")?,
        descriptors: fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count(),
    })
}

/// The inputs of the table that are short enough.
fn seeds() -> Vec<Vec<u8>> {
    let tables = [requests::rows(), bodies::rows(), connections::rows()];
    let rows = tables.iter().flatten().map(|row| row.bytes().to_vec());
    rows.filter(|bytes| bytes.len() < 2000).collect()
}

/// Makes bad requests of good and bad ones: numbers decide, so that each is the same every time.
struct Mutator(u64);

/// What is put in as a line.
const LINES: [&[u8]; 20] = [
    b"Content-Length: 5\r\n",
    b"Content-Length: 0\r\n",
    b"Content-Length: 4294967296\r\n",
    b"Content-Length: 18446744073709551615\r\n",
    b"Content-Length: +5\r\n",
    b"Content-Length : 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n",
    b"Transfer-Encoding:\x0bchunked\r\n",
    b"Transfer_Encoding: chunked\r\n",
    b"transfer-encoding: identity\r\n",
    b"Host: b\r\n",
    b"Host:\r\n",
    b"Connection: close\r\n",
    b"Connection: upgrade\r\nUpgrade: websocket\r\n",
    b"Expect: 100-continue\r\n",
    b"Content-Type: a/b\r\n",
    b"Proxy: http://evil\r\n",
    b"\r\n",
    b" folded\r\n",
];
/// What is put in for a line end.
const ENDS: [&[u8]; 7] = [b"\n", b"\r", b"\r\r\n", b"\n\r", b"\r\n\r\n", b"\r\n ", b""];
/// What is put in for a number.
const NUMBERS: [&[u8]; 12] = [
    b"0",
    b"1",
    b"4",
    b"6",
    b"00005",
    b"0x5",
    b"-1",
    b"+5",
    b"5 ",
    b"65537",
    b"9223372036854775808",
    b"ffffffffffffffff",
];
/// What is put in anywhere.
const ODD: [&[u8]; 12] = [
    b"\0",
    b"\x0b",
    b"\x0c",
    b"\x7f",
    b"\x85",
    b"\xa0",
    b"\xe2\x80\xa8",
    b"\xef\xbb\xbf",
    b"\xff",
    b"%00",
    b"%zz",
    b"\xc3\xa9",
];

impl Mutator {
    fn new(number: u64) -> Self {
        Self(number.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5678))
    }

    /// The generator is splitmix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most.max(1) as u64).unwrap()
    }

    fn of<'a>(&mut self, choices: &[&'a [u8]]) -> &'a [u8] {
        choices[self.below(choices.len())]
    }

    fn request(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = seeds[self.below(seeds.len())].clone();
        for _ in 0..=self.below(3) {
            self.mutate(&mut bytes, seeds);
        }
        bytes
    }

    /// One of thirteen ways.
    fn mutate(&mut self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let at = self.below(bytes.len());
        let ends: Vec<usize> =
            (0..bytes.len().saturating_sub(1)).filter(|at| &bytes[*at..at + 2] == b"\r\n").collect();
        let line = |n: usize| (if n == 0 { 0 } else { ends[n - 1] + 2 })..(ends[n] + 2);
        match self.below(13) {
            0 if !bytes.is_empty() => bytes.insert(at, bytes[at]),
            1 if !bytes.is_empty() => _ = bytes.remove(at),
            2 => bytes.insert(at, self.next().to_le_bytes()[0]),
            3 if !bytes.is_empty() => bytes[at] = self.next().to_le_bytes()[0],
            4 => {
                // The other case, from here to the end of the word.
                for byte in bytes[at..].iter_mut().take_while(|byte| byte.is_ascii_alphabetic()) {
                    *byte ^= 0x20;
                }
            }
            5 if !ends.is_empty() => {
                let end = ends[self.below(ends.len())];
                bytes.splice(end..end + 2, self.of(&ENDS).iter().copied());
            }
            6 if !ends.is_empty() => {
                let copied = line(self.below(ends.len()));
                let copy = bytes[copied.clone()].to_vec();
                bytes.splice(copied.start..copied.start, copy);
            }
            7 if !ends.is_empty() => _ = bytes.drain(line(self.below(ends.len()))),
            8 if !ends.is_empty() => {
                let end = ends[self.below(ends.len())] + 2;
                bytes.splice(end..end, self.of(&LINES).iter().copied());
            }
            9 => {
                // Another number, be it a length or the size of a chunk.
                let digits = bytes.iter().skip(at).position(u8::is_ascii_digit).map(|found| at + found);
                if let Some(start) = digits {
                    let length = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                    bytes.splice(start..start + length, self.of(&NUMBERS).iter().copied());
                }
            }
            10 => bytes.truncate(at),
            11 => bytes.extend_from_slice(&seeds[self.below(seeds.len())]),
            _ => _ = bytes.splice(at..at, self.of(&ODD).iter().copied()),
        }
    }
}
