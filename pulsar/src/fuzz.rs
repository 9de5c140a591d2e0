//! What the fuzz targets below `fuzz/` check, and what the texts that they are given stand for.
//!
//! Not public API: it is there for tests and for `cargo fuzz` alone. Each check takes any bytes, and panics if something that
//! has to hold for all of them does not. The checks stand beside what they check, since that is private; the targets are one line each.
//! Whatever `cargo fuzz` has found worth keeping lies in `fuzz/corpus`, and is given to the checks with the unit tests.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version};

#[cfg(feature = "websocket")]
pub use crate::websocket::fuzz::websocket_fragments;
pub use crate::{
    arbiter::fuzz::control_frames,
    extract::fuzz::urlencoded,
    files::fuzz::{accept_encoding, etag_conditions, range_header, static_path},
    problem::fuzz::accept_qvalues,
    request::fuzz::{forwarded, host_port},
    router::fuzz::{route_pattern_parse, router_insert_match},
    server::fuzz::{access_log, answer_framing, policy_judge, proxy_protocol},
    settings::fuzz::{bind_address, command_line, settings_file},
    sse::fuzz::event_stream,
    wsgi::fuzz::{authorization, environ_from_request, start_response_headers},
};

/// A check of any bytes.
pub type Check = fn(&[u8]);

/// Every check by its name, which is that of its target and of its folder in the corpus.
pub const TARGETS: &[(&str, Check)] = &[
    ("accept_encoding", accept_encoding),
    ("accept_qvalues", accept_qvalues),
    ("access_log", access_log),
    ("answer_framing", answer_framing),
    ("authorization", authorization),
    ("bind_address", bind_address),
    ("command_line", command_line),
    ("control_frames", control_frames),
    ("environ_from_request", environ_from_request),
    ("etag_conditions", etag_conditions),
    ("event_stream", event_stream),
    ("forwarded", forwarded),
    ("host_port", host_port),
    ("policy_judge", policy_judge),
    ("proxy_protocol", proxy_protocol),
    ("range_header", range_header),
    ("route_pattern_parse", route_pattern_parse),
    ("router_insert_match", router_insert_match),
    ("settings_file", settings_file),
    ("start_response_headers", start_response_headers),
    ("static_path", static_path),
    ("urlencoded", urlencoded),
    #[cfg(feature = "websocket")]
    ("websocket_fragments", websocket_fragments),
];

/// The head of a request as HTTP/1 writes it, its lines ended by LF or CRLF, and behind an empty line its body.
///
/// Nothing if hyper would not have let it pass.
pub(crate) fn request(data: &[u8]) -> Option<Request<Bytes>> {
    let (head, body) = head_and_body(data);
    let mut lines = lines(head);
    let words: Vec<_> = lines.next()?.split(|byte| *byte == b' ').collect();
    let [method, target, version] = words[..] else { return None };
    let version = match version {
        b"HTTP/1.0" => Version::HTTP_10,
        b"HTTP/1.1" => Version::HTTP_11,
        b"HTTP/2" => Version::HTTP_2,
        _ => return None,
    };
    let mut request = Request::new(Bytes::copy_from_slice(body));
    *request.method_mut() = Method::from_bytes(method).ok()?;
    *request.uri_mut() = Uri::try_from(target).ok()?;
    *request.version_mut() = version;
    *request.headers_mut() = headers(lines, version < Version::HTTP_2)?;
    Some(request)
}

/// Header lines. Those of HTTP/1 have lost the space around their values; in HTTP/2 only the one behind the colon is no part of it.
pub(crate) fn headers<'a>(lines: impl Iterator<Item = &'a [u8]>, trimmed: bool) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_at(line.iter().position(|byte| *byte == b':')?);
        let value = match &value[1..] {
            value if trimmed => value.trim_ascii(),
            value => value.strip_prefix(b" ").unwrap_or(value),
        };
        headers.try_append(HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?).ok()?;
    }
    Some(headers)
}

/// What stands before and behind the first empty line.
pub(crate) fn head_and_body(data: &[u8]) -> (&[u8], &[u8]) {
    let ends = [&b"\n\n"[..], b"\r\n\r\n"].into_iter();
    let found = ends.filter_map(|end| {
        let at = data.windows(end.len()).position(|window| window == end)?;
        Some((&data[..at], &data[at + end.len()..]))
    });
    found.min_by_key(|(head, _)| head.len()).unwrap_or((data, &[]))
}

/// The lines of a text, without their ends; no text has none.
pub(crate) fn lines(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let data = data.strip_suffix(b"\n").unwrap_or(data);
    let lines = data.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.take(if data.is_empty() { 0 } else { usize::MAX })
}

/// What a future comes to that never has to wait.
pub(crate) fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a body in memory is there at once"),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        fs,
        panic::{AssertUnwindSafe, catch_unwind},
        path::{Path, PathBuf},
    };

    use super::*;

    fn folder(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz").join(name)
    }

    fn names(folder: &Path) -> BTreeSet<String> {
        let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let stem = |path: PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
        entries.map(|entry| stem(entry.unwrap().path())).collect()
    }

    /// Whatever a crash has left in the corpus is a regression test here.
    #[test]
    fn the_corpus_passes_all_checks() {
        for (name, check) in TARGETS {
            let inputs = folder("corpus").join(name);
            let mut count = 0;
            for entry in fs::read_dir(&inputs).unwrap_or_else(|error| panic!("{}: {error}", inputs.display()))
            {
                let path = entry.unwrap().path();
                let data = fs::read(&path).unwrap();
                assert!(data.len() < 1024, "{} is too long to be kept", path.display());
                let passed = catch_unwind(AssertUnwindSafe(|| check(&data)));
                assert!(passed.is_ok(), "{name} fails for {}: {}", path.display(), data.escape_ascii());
                count += 1;
            }
            assert!((5..=60).contains(&count), "{count} files in {}", inputs.display());
        }
    }

    #[test]
    fn every_check_has_a_target_and_a_corpus() {
        let mut checks: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(checks.len(), TARGETS.len());
        if cfg!(not(feature = "websocket")) {
            checks.insert("websocket_fragments".to_owned());
        }
        assert_eq!(names(&folder("fuzz_targets")), checks, "fuzz/fuzz_targets, and the checks");
        assert_eq!(names(&folder("corpus")), checks, "fuzz/corpus, and the checks");
        let manifest = fs::read_to_string(folder("Cargo.toml")).unwrap();
        let page = fs::read_to_string(folder("../docs/fuzzing.md")).unwrap();
        for name in checks {
            let target = fs::read_to_string(folder("fuzz_targets").join(format!("{name}.rs"))).unwrap();
            assert!(target.contains(&format!("__fuzz::{name}(")), "the target {name} checks something else");
            assert!(manifest.contains(&format!("name = \"{name}\"")), "fuzz/Cargo.toml has no target {name}");
            assert!(page.contains(&format!("| `{name}` |")), "docs/fuzzing.md has no row for {name}");
        }
    }

    #[test]
    fn a_text_becomes_the_request_that_it_says() {
        let found = request(b"POST /a?b HTTP/1.1\r\nhost: x \r\nx-y: 1\r\nx-y:2\r\n\r\nbody\n\n").unwrap();
        assert_eq!((found.method().as_str(), found.uri().to_string().as_str()), ("POST", "/a?b"));
        assert_eq!((found.headers()["host"].to_str().unwrap(), found.headers().len()), ("x", 3));
        assert_eq!(&found.body()[..], b"body\n\n");
        assert_eq!(request(b"GET / HTTP/2\nx:  y \n").unwrap().headers()["x"].to_str().unwrap(), " y ");
        for text in
            ["", "GET /", "GET  / HTTP/1.1", "GET / HTTP/3", "GET / HTTP/1.1\nx y: z", "GET / HTTP/1.1\nx"]
        {
            assert!(request(text.as_bytes()).is_none(), "{text:?}");
        }
    }
}
