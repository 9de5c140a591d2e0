//! Which pages may open a WebSocket.

use http::{HeaderMap, HeaderValue, StatusCode, Uri, header, uri::Authority};

use crate::problem::Problem;

/// The origins that a handler allows.
#[derive(Clone, Debug)]
pub(super) enum Origins {
    /// The host of the request, and these.
    Own(Vec<String>),
    Any,
}

impl Origins {
    /// Fails with the answer to a page of another site.
    pub(super) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Box<Problem>> {
        let Self::Own(more) = self else {
            return Ok(());
        };
        let more: Vec<Origin<'_>> = more.iter().map(|text| allowed(text)).collect::<Result<_, _>>()?;
        let mut sent = headers.get_all(header::ORIGIN).iter();
        let Some(value) = sent.next() else {
            return Ok(()); // No browser.
        };
        let origin = value.to_str().ok().and_then(Origin::parse).filter(|_| sent.next().is_none());
        let own = uri
            .authority()
            .map(Authority::as_str)
            .or_else(|| headers.get(header::HOST).and_then(|host: &HeaderValue| host.to_str().ok()));
        match origin {
            Some(origin) if own.is_some_and(|own| origin.has_authority(own)) => Ok(()),
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

    /// Whether a host, and its port unless that is the usual one, is that of the origin. The scheme of the request is of no
    /// use: behind a proxy it is another one.
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
    use super::*;

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
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_str(host).unwrap());
            headers.insert(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
            let allowed = origins.check(&Uri::from_static("/ws"), &headers);
            assert_eq!(allowed.is_ok(), good, "{origins:?} {host} {origin}");
            assert!(allowed.is_ok_and(|()| good) || !good, "{origin}");
        }
    }

    #[test]
    fn the_authority_of_the_target_is_the_host_and_two_origins_are_none() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("other.example"));
        let own = Origins::Own(Vec::new());
        let uri = Uri::from_static("https://example.com/ws");
        assert!(own.check(&uri, &headers).is_ok(), "not a browser");
        headers.append(header::ORIGIN, HeaderValue::from_static("https://example.com"));
        assert!(own.check(&uri, &headers).is_ok());
        headers.append(header::ORIGIN, HeaderValue::from_static("https://example.com"));
        assert_eq!(own.check(&uri, &headers).unwrap_err().status, 403);
    }
}
