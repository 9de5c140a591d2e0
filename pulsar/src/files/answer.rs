//! From a request to an answer: the rules of HTTP for files, whatever they come from.
//!
//! Everything here runs at once, on a thread that may block, or on an event loop without [`Patience`]. What is wrong with a path, hidden, outside, no
//! regular file or not there at all is one and the same 404.

use std::{
    hash::{BuildHasher, RandomState},
    io,
    ops::Range,
};

use axum_core::response::IntoResponse;
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts, uri::PathAndQuery,
};

use super::{
    cached::Patience,
    coding::{Choice, Coding, choose},
    conditions::{Verdict, evaluate},
    content::{Part, length},
    html, media_type,
    path::FilePath,
    range::{self, Wanted},
    source::{Entry, Found, Source},
};
use crate::{
    body::{Body, Response},
    problem::Problem,
    request::MountedAt,
};

/// How files are served.
#[derive(Clone, Debug)]
pub(super) struct Options {
    /// The file that stands for its folder.
    pub(super) index: Option<String>,
    /// The page for every path that is no file.
    pub(super) fallback: Option<FilePath>,
    pub(super) hidden: bool,
    pub(super) precompressed: bool,
    pub(super) cache_control: Option<HeaderValue>,
}

/// Browsers are not to guess a type: what was uploaded as a picture is not to become a page.
const NOSNIFF: (HeaderName, HeaderValue) =
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

/// The answer to a method that needs no file.
pub(super) fn without_file(method: &Method) -> Option<Response> {
    if method == Method::GET || method == Method::HEAD {
        return None;
    }
    if method == Method::OPTIONS {
        let mut response = StatusCode::NO_CONTENT.into_response();
        response.headers_mut().insert(header::ALLOW, METHODS);
        return Some(response);
    }
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED).with_header(header::ALLOW, METHODS);
    Some(refusal(problem))
}

/// The answer to GET or HEAD; none if that takes more patience.
pub(super) fn answer(
    source: &Source,
    options: &Options,
    request: &Parts,
    patience: Patience,
) -> Option<Response> {
    let answer = Answer { source, options, request, patience };
    match answer.find() {
        Ok(response) => Some(response),
        Err(Refused::With(problem)) => Some(refusal(*problem)),
        Err(Refused::ToWait) => None,
    }
}

/// A problem as an answer.
pub(super) fn refusal(problem: Problem) -> Response {
    let (name, value) = NOSNIFF;
    problem.with_header(name, value).into_response()
}

struct Answer<'a> {
    source: &'a Source,
    options: &'a Options,
    request: &'a Parts,
    patience: Patience,
}

/// Why there is no file in an answer.
enum Refused {
    /// That is the answer.
    With(Box<Problem>),
    /// Nobody knows without waiting.
    ToWait,
}

impl From<Box<Problem>> for Refused {
    fn from(problem: Box<Problem>) -> Self {
        Self::With(problem)
    }
}

impl Answer<'_> {
    fn find(&self) -> Result<Response, Refused> {
        let Options { hidden, index, fallback, .. } = self.options;
        let not_found = || Box::new(Problem::new(StatusCode::NOT_FOUND));
        let path = FilePath::parse(self.request.uri.path(), *hidden).ok_or_else(not_found)?;
        let mounted = MountedAt::of(&self.request.extensions);
        let slash_is_missing = mounted.is_some_and(MountedAt::has_added_slash);
        if !path.is_folder() {
            match self.get(&path)? {
                Found::File(entry) => return self.send(&path, entry),
                // Links of a page lead elsewhere when its folder has no slash behind it.
                Found::Folder if self.index_of(&path)?.is_some() => return Ok(self.to_folder()),
                Found::Folder | Found::Nothing => {}
            }
        } else if let (Some(index), Some(entry)) = (index, self.index_of(&path)?) {
            return if slash_is_missing { Ok(self.to_folder()) } else { self.send(&path.join(index), entry) };
        }
        let Some(page) = fallback else { return Err(not_found().into()) };
        // The same path is a page for some and nothing for others.
        let vary = (header::VARY, HeaderValue::from_static("accept"));
        if html::is_wanted(values(&self.request.headers, header::ACCEPT), self.request.uri.path())
            && let Found::File(entry) = self.get(page)?
        {
            let mut response = self.send(page, entry)?;
            response.headers_mut().append(vary.0, vary.1);
            return Ok(response);
        }
        Err(Box::new(not_found().with_header(vary.0, vary.1)).into())
    }

    fn get(&self, path: &FilePath) -> Result<Found, Refused> {
        self.source.get(path, self.patience).map_err(|error| self.refused(path, error))
    }

    fn refused(&self, path: &FilePath, error: io::Error) -> Refused {
        match self.patience {
            Patience::None if error.kind() == io::ErrorKind::WouldBlock => Refused::ToWait,
            _ => failed(path, error).into(),
        }
    }

    /// The file that stands for a folder, if it is there.
    fn index_of(&self, folder: &FilePath) -> Result<Option<Entry>, Refused> {
        let Some(index) = &self.options.index else { return Ok(None) };
        Ok(match self.get(&folder.join(index))? {
            Found::File(entry) => Some(entry),
            Found::Folder | Found::Nothing => None,
        })
    }

    /// The redirect of a folder to its path with a slash behind it.
    fn to_folder(&self) -> Response {
        let prefix = MountedAt::of(&self.request.extensions).map_or("", MountedAt::as_str);
        let mut response = StatusCode::PERMANENT_REDIRECT.into_response();
        let headers = response.headers_mut();
        headers.extend([NOSNIFF, (header::LOCATION, location(prefix, self.request.uri.path_and_query()))]);
        response
    }

    /// The answer with a file, as the conditions, the codings and the ranges of the request want it.
    fn send(&self, path: &FilePath, plain: Entry) -> Result<Response, Refused> {
        let Parts { method, headers: asked, .. } = self.request;
        let mut headers = HeaderMap::from_iter([NOSNIFF]);
        let coded = self.coded(path)?;
        if !coded.is_empty() {
            headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        }
        let available: Vec<_> = coded.iter().map(|(coding, _)| *coding).collect();
        let (coding, entry) = match choose(values(asked, header::ACCEPT_ENCODING), &available) {
            Choice::Plain => (None, plain),
            Choice::Coded(chosen) => {
                let found = coded.into_iter().find(|(coding, _)| *coding == chosen);
                found.map_or((None, plain), |(coding, entry)| (Some(coding), entry))
            }
            Choice::Nothing => {
                let names: Vec<_> = available.iter().map(|coding| coding.name()).collect();
                let detail = match names.join(", ") {
                    names if names.is_empty() => "the file is there without a coding".to_owned(),
                    names => format!("the file is there without a coding, and as {names}"),
                };
                let problem = Problem::new(StatusCode::NOT_ACCEPTABLE).with_detail(detail);
                return Err(with_all(problem, headers).into());
            }
        };
        // The page of all paths is another one after the next change, whatever may be kept of the rest.
        let cache_control = match &self.options.fallback {
            Some(fallback) if fallback == path => Some(HeaderValue::from_static("no-cache")),
            _ => self.options.cache_control.clone(),
        };
        headers.extend(cache_control.map(|value| (header::CACHE_CONTROL, value)));
        let validators = entry.validators(coding).map_err(|error| failed(path, error))?;
        headers.insert(header::ETAG, validators.tag.to_header());
        let modified = validators.modified.and_then(|date| HeaderValue::try_from(date.to_header()).ok());
        headers.extend(modified.map(|date| (header::LAST_MODIFIED, date)));
        let ranges = match evaluate(method, asked, &validators) {
            Verdict::NotModified => return Ok((StatusCode::NOT_MODIFIED, headers).into_response()),
            Verdict::Failed => {
                return Err(with_all(Problem::new(StatusCode::PRECONDITION_FAILED), headers).into());
            }
            Verdict::Proceed { ranges } => ranges,
        };
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        let size = entry.size;
        let wanted = if ranges { range_of(asked, size) } else { Wanted::Whole };
        let content_type = media_type::of(path.as_bytes());
        let (status, parts) = match wanted {
            Wanted::Nothing => {
                headers.insert(header::CONTENT_RANGE, header_of(format!("bytes */{size}")));
                let detail = format!("the file has {size} bytes");
                let problem = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE).with_detail(detail);
                return Err(with_all(problem, headers).into());
            }
            Wanted::Whole => (StatusCode::OK, vec![Part::File(0..size)]),
            Wanted::Parts(parts) => match <[Range<u64>; 1]>::try_from(parts) {
                Ok([part]) => {
                    headers.insert(header::CONTENT_RANGE, header_of(content_range(&part, size)));
                    (StatusCode::PARTIAL_CONTENT, vec![Part::File(part)])
                }
                Err(parts) => {
                    let boundary = boundary();
                    let parts = multipart(&boundary, &content_type, &parts, size);
                    let kind = header_of(format!("multipart/byteranges; boundary={boundary}"));
                    headers.insert(header::CONTENT_TYPE, kind);
                    (StatusCode::PARTIAL_CONTENT, parts)
                }
            },
        };
        headers.entry(header::CONTENT_TYPE).or_insert(content_type);
        headers
            .extend(coding.map(|coding| (header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()))));
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length(&parts)));
        let body = if method == Method::HEAD {
            Body::empty()
        } else {
            let body = entry.content.into_body(parts, path, self.patience);
            body.map_err(|error| self.refused(path, error))?
        };
        Ok((status, headers, body).into_response())
    }

    /// The codings that a file lies there in.
    fn coded(&self, path: &FilePath) -> Result<Vec<(Coding, Entry)>, Refused> {
        let is_coded = Coding::ALL.iter().any(|coding| path.has_extension(coding.extension()));
        let mut found = Vec::new();
        if !self.options.precompressed || is_coded {
            return Ok(found);
        }
        for coding in Coding::ALL {
            if let Found::File(entry) = self.get(&path.with_extension(coding.extension()))? {
                found.push((coding, entry));
            }
        }
        Ok(found)
    }
}

/// The values of a header, without those that are no text.
fn values(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
}

/// What the request wants of so many bytes. Two headers are none.
fn range_of(headers: &HeaderMap, size: u64) -> Wanted {
    let mut values = headers.get_all(header::RANGE).iter();
    match (values.next().and_then(|value| value.to_str().ok()), values.next()) {
        (Some(value), None) => range::parse(value, size),
        _ => Wanted::Whole,
    }
}

fn content_range(part: &Range<u64>, size: u64) -> String {
    format!("bytes {}-{}/{size}", part.start, part.end - 1)
}

/// Text of ours, which has nothing in it that a header may not have.
fn header_of(text: String) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

/// What nobody who writes a file can know, so that no file has it.
fn boundary() -> String {
    format!("pulsar-{:016x}", RandomState::new().hash_one("boundary"))
}

/// Several parts of a file as a body: RFC 9110 section 14.6.
fn multipart(boundary: &str, content_type: &HeaderValue, ranges: &[Range<u64>], size: u64) -> Vec<Part> {
    let content_type = content_type.to_str().unwrap_or_default();
    let mut parts = Vec::with_capacity(ranges.len() * 2 + 1);
    for (number, range) in ranges.iter().enumerate() {
        let begin = if number == 0 { "" } else { "\r\n" };
        let range_text = content_range(range, size);
        let head = format!(
            "{begin}--{boundary}\r\nContent-Type: {content_type}\r\nContent-Range: {range_text}\r\n\r\n"
        );
        parts.extend([Part::Text(Bytes::from(head)), Part::File(range.clone())]);
    }
    parts.push(Part::Text(Bytes::from(format!("\r\n--{boundary}--\r\n"))));
    parts
}

/// Where a folder is: the path of the request with a slash behind it, on this host in every browser's eyes.
fn location(prefix: &str, target: Option<&PathAndQuery>) -> HeaderValue {
    let (path, query) = target.map_or(("/", None), |target| (target.path(), target.query()));
    let path = format!("{prefix}{}", if prefix.is_empty() || path != "/" { path } else { "" });
    // `//host` and `/\host` name another host.
    let mut location = format!("/{}", path.trim_matches(['/', '\\'])).replace('\\', "%5C");
    if location.len() > 1 {
        location.push('/');
    }
    if let Some(query) = query {
        location.push('?');
        location.push_str(query);
    }
    // A target that was parsed has no bytes that a header value may not have.
    HeaderValue::try_from(location).unwrap_or(HeaderValue::from_static("/"))
}

fn with_all(problem: Problem, headers: HeaderMap) -> Box<Problem> {
    let named = headers.into_iter().filter_map(|(name, value)| Some((name?, value)));
    // Every refusal gets that one.
    let named = named.filter(|(name, _)| *name != NOSNIFF.0);
    Box::new(named.fold(problem, |problem, (name, value)| problem.with_header(name, value)))
}

/// What is not the client's fault. Why is logged.
fn failed(path: &FilePath, error: io::Error) -> Box<Problem> {
    let is_busy = error.raw_os_error().is_some_and(|code| {
        use nix::errno::Errno;
        matches!(Errno::from_raw(code), Errno::EMFILE | Errno::ENFILE | Errno::ENOMEM | Errno::EAGAIN)
    });
    let problem = if is_busy {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE)
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
    } else {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR)
    };
    Box::new(problem.with_source(format!("the file `{path}` cannot be sent: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_stays_on_this_host() {
        for (prefix, target, expected) in [
            ("", "/docs", "/docs/"),
            ("", "/docs?a=b&c", "/docs/?a=b&c"),
            ("/static", "/docs", "/static/docs/"),
            ("/static", "/", "/static/"),
            ("/static", "/?x", "/static/?x"),
            ("", "//evil.example", "/evil.example/"),
            ("", "///evil.example/x?y", "/evil.example/x/?y"),
            ("", "/\\evil.example", "/evil.example/"),
            ("", "/\\/\\evil.example/", "/evil.example/"),
            ("//evil.example", "/x", "/evil.example/x/"),
            ("", "/a\\b", "/a%5Cb/"),
            ("", "/caf%C3%A9", "/caf%C3%A9/"),
            ("", "/", "/"),
        ] {
            let target: PathAndQuery = target.parse().unwrap();
            assert_eq!(location(prefix, Some(&target)), expected, "{prefix} {target}");
        }
    }

    #[test]
    fn what_the_system_lacks_may_be_there_in_a_moment() {
        let path = FilePath::of_file("a.txt").unwrap();
        let failed = |code| failed(&path, io::Error::from_raw_os_error(code));
        assert_eq!(failed(nix::libc::EMFILE).status, 503);
        let broken = failed(nix::libc::EIO);
        assert_eq!(broken.status, 500);
        assert!(broken.source().unwrap().to_string().starts_with("the file `a.txt` cannot be sent: "));
        assert_eq!(broken.detail, None);
    }

    #[test]
    fn the_length_of_several_parts_is_what_is_sent() {
        let parts = multipart("b", &HeaderValue::from_static("text/plain"), &[0..2, 5..9], 10);
        let text = "--b\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\nXX\r\n--b\r\n\
                    Content-Type: text/plain\r\nContent-Range: bytes 5-8/10\r\n\r\nXXXX\r\n--b--\r\n";
        assert_eq!(length(&parts), text.len() as u64);
    }
}
