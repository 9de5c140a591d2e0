//! Which pages may open a WebSocket.

use http::{HeaderMap, StatusCode, header, request::Parts};

use crate::{problem::Problem, request::is_same_origin};

/// The origins that a handler allows.
#[derive(Clone, Debug)]
pub(super) enum Origins {
    /// The host of the request, and these.
    Own(Vec<String>),
    Any,
}

impl Origins {
    /// Whether the page that asks is one of the host that it asks, which a trusted proxy may name.
    pub(super) fn is_own(parts: &Parts) -> bool {
        parts.headers.get(header::ORIGIN).is_some_and(|origin| is_same_origin(parts, origin))
    }

    /// Fails with the answer to a page of another site. `is_own` is what was found out about the page before.
    pub(super) fn check(&self, is_own: bool, headers: &HeaderMap) -> Result<(), Box<Problem>> {
        let Self::Own(more) = self else {
            return Ok(());
        };
        let more: Vec<Origin<'_>> = more.iter().map(|text| allowed(text)).collect::<Result<_, _>>()?;
        let mut sent = headers.get_all(header::ORIGIN).iter();
        let Some(value) = sent.next() else {
            return Ok(()); // No browser.
        };
        let origin = value.to_str().ok().and_then(Origin::parse).filter(|_| sent.next().is_none());
        match origin {
            Some(_) if is_own => Ok(()),
            Some(origin) if more.iter().any(|other| origin.is(other)) => Ok(()),
            _ => Err(Box::new(
                Problem::new(StatusCode::FORBIDDEN)
                    .with_detail("pages of this `Origin` may not open a WebSocket here"),
            )),
        }
    }
}

fn allowed(text: &str) -> Result<Origin<'_>, Box<Problem>> {
    Origin::parse(text).ok_or_else(|| {
        let why = format!(
            "`{text}` is no origin that a WebSocket could allow; write the scheme, the host and, if it is not the usual \
             one, the port, such as `https://example.com:8443`"
        );
        Box::new(Problem::new(StatusCode::INTERNAL_SERVER_ERROR).with_source(why))
    })
}

/// What RFC 6454 calls the origin of a page, as browsers send it.
struct Origin<'a> {
    scheme: &'a str,
    authority: &'a str,
}

impl<'a> Origin<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let good = !scheme.is_empty() && !authority.is_empty() && !authority.contains(['/', '?', '#', '@']);
        good.then_some(Self { scheme, authority })
    }

    fn is(&self, other: &Self) -> bool {
        self.scheme.eq_ignore_ascii_case(other.scheme) && self.has_authority(other.authority)
    }

    /// Whether a host, and its port unless that is the usual one, is that of the origin.
    fn has_authority(&self, authority: &str) -> bool {
        self.without_usual_port(self.authority).eq_ignore_ascii_case(self.without_usual_port(authority))
    }

    fn without_usual_port<'t>(&self, authority: &'t str) -> &'t str {
        let port = match self.scheme {
            scheme if scheme.eq_ignore_ascii_case("http") => ":80",
            scheme if scheme.eq_ignore_ascii_case("https") => ":443",
            _ => return authority,
        };
        authority.strip_suffix(port).unwrap_or(authority)
    }
}

#[cfg(test)]
mod tests {
    use http::{Request, request::Builder};

    use super::*;

    fn check(origins: &Origins, request: Builder) -> Result<(), Box<Problem>> {
        let parts = request.body(()).unwrap().into_parts().0;
        origins.check(Origins::is_own(&parts), &parts.headers)
    }

    #[test]
    fn a_page_is_allowed_by_its_host_or_by_name() {
        let listed = || Origins::Own(vec!["https://app.example.com".into(), "http://localhost:3000".into()]);
        let none = || Origins::Own(Vec::new());
        for (origins, host, origin, good) in [
            (none(), "example.com", "https://example.com", true),
            (none(), "example.com", "http://example.com", true),
            (none(), "EXAMPLE.com", "https://example.COM", true),
            (none(), "example.com:443", "https://example.com", true),
            (none(), "example.com:80", "http://example.com", true),
            (none(), "example.com:80", "https://example.com", false),
            (none(), "example.com:8060", "http://example.com:8060", true),
            (none(), "example.com:8060", "http://example.com:8061", false),
            (none(), "example.com:8060", "http://example.com", false),
            (none(), "[::1]:8060", "http://[::1]:8060", true),
            (none(), "example.com", "https://evil.example", false),
            (none(), "example.com", "https://example.com.evil.example", false),
            (none(), "example.com", "https://evil.example/example.com", false),
            (none(), "example.com", "https://a@example.com", false),
            (none(), "example.com", "example.com", false),
            (none(), "example.com", "null", false),
            (none(), "example.com", "", false),
            (none(), "", "https://example.com", false),
            (listed(), "example.com", "https://app.example.com", true),
            (listed(), "example.com", "HTTPS://app.example.com:443", true),
            (listed(), "example.com", "http://app.example.com", false),
            (listed(), "example.com", "http://localhost:3000", true),
            (listed(), "example.com", "https://example.com", true),
            (listed(), "example.com", "http://localhost", false),
            (Origins::Any, "example.com", "https://evil.example", true),
            (Origins::Any, "example.com", "null", true),
        ] {
            let request = Request::builder().uri("/ws").header("host", host).header("origin", origin);
            let allowed = check(&origins, request);
            assert_eq!(allowed.is_ok(), good, "{origins:?} {host} {origin}");
            assert!(allowed.is_ok_and(|()| good) || !good, "{origin}");
        }
    }

    #[test]
    fn the_authority_of_the_target_is_the_host_and_two_origins_are_none() {
        let own = Origins::Own(Vec::new());
        let request = || Request::builder().uri("https://example.com/ws").header("host", "other.example");
        let asked = || request().header("origin", "https://example.com");
        assert!(check(&own, request()).is_ok(), "not a browser");
        assert!(check(&own, asked()).is_ok());
        let twice = check(&own, asked().header("origin", "https://example.com"));
        assert_eq!(twice.unwrap_err().status, 403);
    }
}
