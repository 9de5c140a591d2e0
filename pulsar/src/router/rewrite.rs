//! Paths that are made of the path of a request: the other spelling, where that leads, what is left of it for what is mounted.

use http::{HeaderValue, Uri, uri::PathAndQuery};

use crate::request::MountedAt;

/// The path with the other spelling of its final slash.
pub(super) fn with_other_slash(path: &str) -> String {
    match path.strip_suffix('/') {
        Some(path) => path.to_owned(),
        None => format!("{path}/"),
    }
}

/// Where a path with the other spelling of the final slash leads. It stays on this host: a path that matched begins with
/// one slash, and a backslash, which browsers take for one, is encoded.
pub(super) fn location(prefix: Option<&MountedAt>, uri: &Uri) -> HeaderValue {
    let prefix = prefix.map_or("", MountedAt::as_str);
    let mut location = format!("{prefix}{}", with_other_slash(uri.path())).replace('\\', "%5C");
    if let Some(query) = uri.query() {
        location.push('?');
        location.push_str(query);
    }
    // A URI that was parsed has no bytes that a header value may not have.
    HeaderValue::try_from(location).unwrap_or(HeaderValue::from_static("/"))
}

/// Where slash number `n` of a path stands, or its end.
pub(super) fn nth_slash(path: &str, n: usize) -> usize {
    path.match_indices('/').nth(n).map_or(path.len(), |(at, _)| at)
}

/// The URI without the first bytes of its path, for what is mounted there; and whether it got a slash. Nothing is cut off for
/// what is mounted at `/`.
pub(super) fn without_prefix(uri: &Uri, end: usize) -> Option<(Uri, bool)> {
    if end == 0 {
        return None;
    }
    let rest = &uri.path_and_query()?.as_str()[end..];
    let added_slash = !rest.starts_with('/');
    let target = match rest {
        "" => PathAndQuery::from_static("/"),
        _ if added_slash => format!("/{rest}").parse().ok()?,
        _ => rest.parse().ok()?,
    };
    if uri.authority().is_none() {
        return Some((Uri::from(target), added_slash));
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target);
    Some((Uri::from_parts(parts).ok()?, added_slash))
}
