//! What has to hold for every environ, every head that an application gives, and every `Authorization`.

// That is what a check does when something does not hold.
#![allow(clippy::missing_panics_doc)]

use std::{collections::BTreeSet, sync::OnceLock};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::header;
use percent_encoding::percent_decode_str;

use super::{Authorization, Environ, Value, head::Head, latin1};
use crate::{
    __fuzz::{lines, request},
    body::Body,
    context::Context,
};

/// A request: its environ has every variable once, as text of bytes, and none that a client could have slipped in.
pub fn environ_from_request(data: &[u8]) {
    static CONTEXT: OnceLock<Context> = OnceLock::new();
    let Some(request) = request(data) else { return };
    let path = request.uri().path().to_owned();
    // The policy has refused these before.
    if !(path.starts_with('/') || path == "*") || path.contains("%00") {
        return;
    }
    let headers = request.headers().clone();
    let mut environ =
        Environ::new(request.map(Body::from), CONTEXT.get_or_init(Context::default).clone(), "fuzz", true);
    let mut names = BTreeSet::new();
    for (name, value) in environ.iter() {
        assert!(names.insert(name.clone().into_owned()), "{name} is there twice");
        let Value::Text(text) = value else { continue };
        assert_eq!(environ.get(&name).as_deref(), Some(&*text), "{name}");
        assert!(text.chars().all(|c| u32::from(c) <= 0xff && c != '\0'), "{name} is {text:?}");
        let Some(header) = name.strip_prefix("HTTP_") else { continue };
        assert!(!header.contains('-') && !header.bytes().any(|byte| byte.is_ascii_lowercase()), "{name}");
        assert!(!text.contains(['\r', '\n']), "{name} is {text:?}");
        assert!(
            !["CONTENT_LENGTH", "CONTENT_TYPE", "PROXY", "TRANSFER_ENCODING"].contains(&header),
            "{name}"
        );
        // A header with an underscore would have the same name.
        let dashed = header.replace('_', "-");
        let sent: Vec<_> =
            headers.get_all(&*dashed).iter().map(|value| latin1::decode(value.as_bytes())).collect();
        assert!(header == "HOST" || !sent.is_empty(), "{name} was not sent");
        let separator = if header == "COOKIE" { "; " } else { "," };
        assert!(header == "HOST" || sent.join(separator) == text, "{name} is {text:?}");
    }
    for name in ["HTTP_PROXY", "HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE", "HTTP_TRANSFER_ENCODING", "HTTP_"]
    {
        assert_eq!(environ.get(name), None, "{name}");
    }
    for name in ["REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "SERVER_NAME", "SERVER_PORT"] {
        assert!(names.contains(name), "{name} is missing");
    }
    assert!(!environ.get("SERVER_NAME").unwrap_or_default().is_empty());
    let info = environ.get("PATH_INFO").unwrap_or_default().into_owned();
    let decoded: Vec<u8> = percent_decode_str(&path).collect();
    assert_eq!(latin1::encode(&info).as_deref(), Ok(&*decoded));

    // What is set to what it was is passed on as what it was.
    if path != "*" {
        environ.set("PATH_INFO", info.clone());
        let lent = environ.lend();
        assert_eq!(percent_decode_str(lent.uri().path()).collect::<Vec<u8>>(), decoded);
        // An environ cannot tell an empty query from none.
        let [after, before] = [lent.uri(), environ.uri()].map(|uri| uri.query().unwrap_or_default());
        assert_eq!((after, lent.headers()), (before, &headers));
        environ.restore(lent);
    }
    let mut shifts = 0;
    while let Some(segment) = environ.shift_path_info() {
        shifts += 1;
        assert!(!segment.is_empty() && !segment.contains('/'));
        assert!(environ.get("SCRIPT_NAME").is_some_and(|name| name.ends_with(&format!("/{segment}"))));
        assert!(shifts <= info.len(), "it never ends");
    }
}

/// A line of the status and header lines, in which `\r`, `\n` and `\0` stand for those characters: what is let pass says the same when it
/// is read from the wire.
pub fn start_response_headers(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let unescaped = |line: &str| line.replace("\\r", "\r").replace("\\n", "\n").replace("\\0", "\0");
    let mut given = lines(text.as_bytes()).map(|line| unescaped(&String::from_utf8_lossy(line)));
    let status = given.next().unwrap_or_default();
    let pairs: Vec<_> = given.collect();
    let pairs: Vec<_> = pairs.iter().map(|line| line.split_once(':').unwrap_or((line, ""))).collect();
    let Ok(head) = Head::parse(&status, &pairs) else { return };

    assert_eq!(head.status.as_str(), &status[..3]);
    assert!(!head.status.is_informational(), "an interim answer is the server's");
    let reason = head.reason.as_ref().map_or(&b""[..], |reason| reason.as_bytes());
    assert!(!reason.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)));
    assert!(reason.is_empty() || latin1::decode(reason) == status[4..]);
    assert_eq!(head.length.map(|length| length.to_string()), {
        let length = head.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        length
            .map(|length| length.trim_start_matches('0'))
            .map(|length| if length.is_empty() { "0" } else { length }.to_owned())
    });

    let mut wire = Vec::new();
    for (name, value) in &head.headers {
        wire.extend([name.as_str().as_bytes(), b":", value.as_bytes(), b"\r\n"].concat());
    }
    assert!(!wire.contains(&0));
    let read = wire.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let read = read.filter(|line| !line.is_empty()).map(|line| {
        assert!(!line.contains(&b'\r'));
        let colon = line.iter().position(|byte| *byte == b':').expect("each line has a colon");
        (
            String::from_utf8_lossy(&line[..colon]).into_owned(),
            latin1::decode(&line[colon + 1..]).into_owned(),
        )
    });
    let mut read: Vec<_> = read.collect();
    let lost = |name: &str| head.status.as_u16() == 204 && name == "content-length";
    let mut said: Vec<_> =
        pairs.iter().map(|(name, value)| (name.to_ascii_lowercase(), (*value).to_owned())).collect();
    said.retain(|(name, _)| !lost(name));
    // Those of one name keep their order; others may change places.
    read.sort_by(|one, other| one.0.cmp(&other.0));
    said.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(read, said);
    for name in
        ["connection", "transfer-encoding", "upgrade", "keep-alive", "te", "trailer", "proxy-authenticate"]
    {
        assert!(!head.headers.contains_key(name), "{name} is the server's");
    }
}

/// A value of `Authorization`: names and passwords survive the way through Basic, and a log shows no password.
pub fn authorization(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Authorization::parse(&text) {
        None => {}
        Some(Authorization::Basic { username, password }) => {
            assert!(!username.contains(':'));
            let value = format!("bAsIc {}", STANDARD.encode(format!("{username}:{password}")));
            let again = Authorization::parse(&value).expect("it is one");
            assert_eq!(again, Authorization::Basic { username: username.clone(), password });
            assert_eq!(format!("{again:?}"), format!("Basic {{ username: {username:?}, .. }}"));
        }
        Some(Authorization::Digest(digest)) => {
            // Each parameter, written anew, is read again as what it is.
            for name in ["username", "realm", "nonce", "uri", "response", "nc", "a"] {
                let Some(value) = digest.get(name) else { continue };
                let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
                let again = Authorization::parse(&format!("digest {name}=\"{quoted}\""));
                let Some(Authorization::Digest(again)) = again else { panic!("{name}={quoted:?} is lost") };
                assert_eq!(again.get(name), Some(value));
            }
        }
    }
    // Whatever the bytes are, as a password they come back.
    if let Ok(password) = std::str::from_utf8(data) {
        let value = format!("Basic {}", STANDARD.encode(Bytes::from(format!("ada:{password}"))));
        let expected = Authorization::Basic { username: "ada".to_owned(), password: password.to_owned() };
        assert_eq!(Authorization::parse(&value), Some(expected));
    }
}
