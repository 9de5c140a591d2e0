//! The origin of a request: scheme, host and port, as the client sees them.

use std::{fmt, net::IpAddr};

use http::{HeaderValue, header, request::Parts};

use crate::request::{connection::Connection, host, peer::Peer};

/// Scheme, host and port that the client asked for; an argument `origin: Origin` gives them to a handler.
///
/// It is what a link to this server begins with. The host is the one that a trusted proxy tells, else that of the request's target
/// or its `Host`; where there is none of these, as in HTTP/1.0 and in tests, it is the address of the socket, or `localhost`. A client may write any host there: do not build links for others from it unless a proxy checks it.
///
/// ```
/// use pulsar::{get, request::Origin};
///
/// #[get("/feed")]
/// async fn feed(origin: Origin) -> String {
///     format!("{origin}/feed/latest\n")
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: &'static str,
    /// In lower case.
    host: String,
    port: Option<u16>,
}

impl Origin {
    /// The origin of a request; nothing if what it names is no host.
    ///
    /// ```
    /// use pulsar::{http, request::Origin};
    ///
    /// let (parts, ()) = http::Request::get("/").header("host", "shop.example:8060").body(()).unwrap().into_parts();
    /// assert_eq!(Origin::of(&parts).unwrap().to_string(), "http://shop.example:8060");
    /// ```
    pub fn of(parts: &Parts) -> Option<Self> {
        let connection = parts.extensions.get::<Connection>();
        let scheme = connection.map_or("http", Connection::scheme);
        let is_named = parts.uri.authority().is_some() || parts.headers.contains_key(header::HOST);
        let (host, port) = match asked(parts) {
            None if !is_named => of_socket(connection),
            asked => asked?,
        };
        Some(Self { scheme, host, port: port.filter(|port| *port != default_port(scheme)) })
    }

    /// `http` or `https`.
    ///
    /// ```
    /// # use pulsar::request::Origin;
    /// fn is_secure(origin: &Origin) -> bool {
    ///     origin.scheme() == "https"
    /// }
    /// ```
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// The host in lower case, without its port; an IPv6 address stands in brackets.
    ///
    /// ```
    /// # use pulsar::request::Origin;
    /// fn tenant(origin: &Origin) -> Option<&str> {
    ///     origin.host().strip_suffix(".shop.example")
    /// }
    /// ```
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, that of the scheme if none was written.
    ///
    /// ```
    /// # use pulsar::request::Origin;
    /// fn is_on_the_usual_port(origin: &Origin) -> bool {
    ///     matches!(origin.port(), 80 | 443)
    /// }
    /// ```
    pub fn port(&self) -> u16 {
        self.port.unwrap_or_else(|| default_port(self.scheme))
    }
}

impl Origin {
    /// That of a request of which a trusted proxy tells the host or the port.
    pub(crate) fn told(parts: &Parts) -> Option<Self> {
        let connection = parts.extensions.get::<Connection>()?;
        let is_told = connection.forwarded_host().is_some() || connection.forwarded_port().is_some();
        if is_told { Self::of(parts) } else { None }
    }

    /// Host and port as they stand in `Host`.
    pub(crate) fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority())
    }
}

/// Whether a browser's `Origin` has the host and the port that the request asks for. Schemes are not compared: behind a proxy that
/// is not trusted, nobody knows that of the client. What is no origin, such as `null`, is another one.
#[cfg_attr(not(feature = "websocket"), allow(dead_code))] // Only a check of origins asks it.
pub(crate) fn is_same_origin(parts: &Parts, origin: &HeaderValue) -> bool {
    let Some((scheme, rest)) = origin.to_str().ok().and_then(|origin| origin.split_once("://")) else {
        return false;
    };
    let (Some((host, port)), Some((other_host, other_port))) = (asked(parts), split(rest)) else {
        return false;
    };
    let default = default_port(scheme);
    host == other_host && port.unwrap_or(default) == other_port.unwrap_or(default)
}

/// The host and the port that the client asks for.
fn asked(parts: &Parts) -> Option<(String, Option<u16>)> {
    let connection = parts.extensions.get::<Connection>();
    if let Some(host) = connection.and_then(Connection::forwarded_host) {
        return split(host);
    }
    let (host, port) = match parts.uri.authority() {
        Some(authority) => split(authority.as_str())?,
        None => split(parts.headers.get(header::HOST)?.to_str().ok()?)?,
    };
    Some((host, connection.and_then(Connection::forwarded_port).or(port)))
}

/// The address that was connected to.
fn of_socket(connection: Option<&Connection>) -> (String, Option<u16>) {
    match connection.and_then(Connection::local).and_then(Peer::address) {
        Some(address) => {
            let host = match address.ip().to_canonical() {
                IpAddr::V4(ip) => ip.to_string(),
                IpAddr::V6(ip) => format!("[{ip}]"),
            };
            (host, Some(address.port()))
        }
        None => ("localhost".to_owned(), None),
    }
}

fn split(text: &str) -> Option<(String, Option<u16>)> {
    host::split(text).map(|(host, port)| (host.to_ascii_lowercase(), port))
}

fn default_port(scheme: &str) -> u16 {
    if scheme.eq_ignore_ascii_case("https") { 443 } else { 80 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(target: &str, host: &str) -> Parts {
        http::Request::get(target).header("host", host).body(()).unwrap().into_parts().0
    }

    #[test]
    fn the_origin_is_what_the_request_names() {
        for (target, host, expected) in [
            ("/", "Shop.Example", Some("http://shop.example")),
            ("/", "shop.example:80", Some("http://shop.example")),
            ("/", "shop.example:8060", Some("http://shop.example:8060")),
            ("/", "[::1]:8060", Some("http://[::1]:8060")),
            ("http://a.example/x", "b.example", Some("http://a.example")),
            ("/", "", None),
            ("/", "a b", None),
            ("/", "user@shop.example", None),
            ("/", "shop.example:99999", None),
            ("/", "shop.example/x", None),
        ] {
            let origin = Origin::of(&parts(target, host)).map(|origin| origin.to_string());
            assert_eq!(origin.as_deref(), expected, "{target} {host}");
        }
    }

    #[test]
    fn without_a_host_the_origin_is_the_address_of_the_socket() {
        let mut parts = http::Request::get("/").body(()).unwrap().into_parts().0;
        assert_eq!(Origin::of(&parts).unwrap().to_string(), "http://localhost");
        for (local, expected) in [
            ("192.0.2.1:8060", "http://192.0.2.1:8060"),
            ("[::1]:8060", "http://[::1]:8060"),
            ("[::ffff:192.0.2.1]:80", "http://192.0.2.1"),
        ] {
            let local = Peer::Tcp(local.parse().unwrap());
            parts.extensions.insert(Connection::new(Peer::Unknown, Some(local), 1));
            assert_eq!(Origin::of(&parts).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn a_browser_is_on_the_same_origin_if_host_and_port_are() {
        for (host, origin, same) in [
            ("shop.example", "http://shop.example", true),
            ("shop.example", "https://shop.example", true),
            ("shop.example", "https://SHOP.example:443", true),
            ("shop.example:443", "https://shop.example", true),
            ("shop.example:8060", "http://shop.example:8060", true),
            ("shop.example:8060", "http://shop.example", false),
            ("shop.example", "http://shop.example:8060", false),
            ("shop.example", "http://evil.example", false),
            ("shop.example", "http://shop.example.evil.example", false),
            ("shop.example", "http://shop.example@evil.example", false),
            ("shop.example", "null", false),
            ("shop.example", "", false),
            ("shop.example", "shop.example", false),
            ("", "http://", false),
        ] {
            let origin_value = HeaderValue::from_str(origin).unwrap();
            assert_eq!(is_same_origin(&parts("/", host), &origin_value), same, "{host} {origin}");
        }
    }
}
