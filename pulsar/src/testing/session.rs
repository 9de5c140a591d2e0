//! What the requests of one client have in common: where they go, and the cookies that go with them.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use http::{HeaderMap, HeaderValue, Method, Uri, header};

use crate::{
    body::{Body, BoxError, Request, Response},
    testing::{cookies::Jar, target::Target},
};

/// Clones share the cookies.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) target: Target,
    /// None keeps no cookies.
    pub(super) cookies: Option<Cookies>,
    pub(super) is_secure: bool,
    /// How long a piece, an event or a message is waited for.
    pub(super) limit: Duration,
}

/// A jar that clones share.
#[derive(Clone, Default)]
pub(super) struct Cookies(Arc<Mutex<Jar>>);

impl Cookies {
    pub(super) fn jar(&self) -> MutexGuard<'_, Jar> {
        // Nothing that can panic runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that can be sent more than once.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

impl Session {
    /// Sends a request with the cookies that belong to it, and keeps those of its answer.
    pub(super) async fn send(&self, head: &Head, body: Body, is_upgrade: bool) -> Result<Response, BoxError> {
        let uri: Uri = head.path.parse()?;
        let path = uri.path().to_owned();
        let mut request = Request::new(body);
        *request.method_mut() = head.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = head.headers.clone();
        let headers = request.headers_mut();
        if let Some(host) = self.host(is_upgrade) {
            headers.entry(header::HOST).or_insert(host);
        }
        // Whoever writes the header means all of it.
        if let (Some(cookies), false) = (&self.cookies, headers.contains_key(header::COOKIE)) {
            let cookie = cookies.jar().header(&path, self.is_secure, SystemTime::now());
            headers.extend(cookie.map(|cookie| (header::COOKIE, cookie)));
        }
        let answer = self.target.send(request, is_upgrade).await?;
        if let Some(cookies) = &self.cookies {
            cookies.jar().receive(answer.headers(), &path, SystemTime::now());
        }
        Ok(answer)
    }

    /// The host that is asked for where a server wants one.
    pub(super) fn host(&self, is_upgrade: bool) -> Option<HeaderValue> {
        match self.target.address() {
            Some(address) => HeaderValue::try_from(address.to_string()).ok(),
            None => is_upgrade.then_some(HeaderValue::from_static("localhost")),
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("target", &self.target)
            .field("cookies", &self.cookies.as_ref().map(|cookies| format!("{:?}", cookies.jar())))
            .finish_non_exhaustive()
    }
}
