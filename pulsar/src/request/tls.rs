//! What a TLS handshake agreed on, as an application sees it.
//!
//! Plain values: nothing here encrypts, and nothing needs the feature `tls`, so that code that asks compiles without it.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use crate::settings::TlsVersion;

/// The encryption of a connection: [`Connection::tls`](super::Connection::tls) gives it.
///
/// ```
/// use pulsar::{Problem, StatusCode, get, request::Connection};
///
/// #[get("/account")]
/// async fn account(connection: Connection) -> Result<String, Problem> {
///     let certificate = connection.tls().and_then(|tls| tls.client_certificate());
///     let der = certificate.ok_or_else(|| Problem::new(StatusCode::FORBIDDEN))?;
///     Ok(format!("a certificate of {} bytes\n", der.len()))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Tls {
    version: TlsVersion,
    cipher_suite: Cow<'static, str>,
    protocol: Option<Box<[u8]>>,
    server_name: Option<Box<str>>,
    client_certificates: Arc<[Box<[u8]>]>,
    /// Which names the server has certificates for.
    names: Arc<ServerNames>,
}

impl Tls {
    /// A handshake that has agreed on this version and cipher suite, and on nothing else: for tests of what an application
    /// makes of it, with the methods `with_..`.
    ///
    /// ```
    /// use pulsar::{request::{Connection, Peer, Tls}, settings::TlsVersion};
    ///
    /// let tls = Tls::new(TlsVersion::Tls13, "TLS_AES_128_GCM_SHA256").with_server_name("shop.example");
    /// let connection = Connection::new(Peer::Unknown, None, 1).with_tls(tls);
    /// assert_eq!(connection.tls().unwrap().server_name(), Some("shop.example"));
    /// ```
    pub fn new(version: TlsVersion, cipher_suite: impl Into<Cow<'static, str>>) -> Self {
        Self {
            version,
            cipher_suite: cipher_suite.into(),
            protocol: None,
            server_name: None,
            client_certificates: Arc::new([]),
            names: Arc::default(),
        }
    }

    /// The same with the protocol that ALPN chose, such as `h2`.
    #[must_use]
    pub fn with_protocol(mut self, protocol: impl Into<Box<[u8]>>) -> Self {
        self.protocol = Some(protocol.into());
        self
    }

    /// The same with the name that the client asked for.
    #[must_use]
    pub fn with_server_name(mut self, name: impl Into<Box<str>>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// The same with the certificates of the client in DER, its own first.
    #[must_use]
    pub fn with_client_certificates(mut self, certificates: impl IntoIterator<Item = Box<[u8]>>) -> Self {
        self.client_certificates = certificates.into_iter().collect();
        self
    }

    /// The same from a server with these certificates.
    #[must_use]
    #[cfg_attr(not(feature = "tls"), allow(dead_code))] // Only the handshake asks for it.
    pub(crate) fn with_names(mut self, names: Arc<ServerNames>) -> Self {
        self.names = names;
        self
    }

    /// The version of TLS.
    pub fn version(&self) -> TlsVersion {
        self.version
    }

    /// The cipher suite, by the name that the registry of IANA has for it: `TLS_AES_128_GCM_SHA256`.
    pub fn cipher_suite(&self) -> &str {
        &self.cipher_suite
    }

    /// The protocol that ALPN (RFC 7301) chose: `h2`, `http/1.1`, or `None` if the client offered none.
    pub fn protocol(&self) -> Option<&[u8]> {
        self.protocol.as_deref()
    }

    /// The name that the client asked for (SNI, RFC 6066), in lower case; `None` if it asked for none, as for an IP address.
    pub fn server_name(&self) -> Option<&str> {
        self.server_name.as_deref()
    }

    /// The certificate of the client in DER, if it showed one.
    ///
    /// It has been verified against `ca_file`: a client whose certificate is wrong gets no connection. What the
    /// certificate says is for a crate such as `x509-parser` to read.
    pub fn client_certificate(&self) -> Option<&[u8]> {
        self.client_certificates.first().map(|certificate| &**certificate)
    }

    /// All certificates that the client sent, in DER, its own first; those behind it are what it thinks leads to `ca_file`.
    pub fn client_certificates(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.client_certificates.iter().map(|certificate| &**certificate)
    }

    /// Whether a request for this host, without its port, came by a connection that was made for another certificate of the
    /// server: that is what 421 is for (RFC 9110 section 15.5.20).
    ///
    /// A host that no certificate has, and a client that named none, are not misdirected.
    pub(crate) fn is_misdirected(&self, host: &str) -> bool {
        let Some(name) = self.server_name() else { return false };
        let chosen = self.names.find(name).unwrap_or_default();
        self.names.find(host).is_some() && !self.names.covers(chosen, host)
    }
}

/// The names of the certificates of a server, each of which has a number.
#[derive(Debug, Default)]
pub(crate) struct ServerNames {
    /// The numbers of the certificates that have this name, in lower case; it may begin with `*.`.
    names: HashMap<String, Vec<usize>>,
}

impl ServerNames {
    /// Says that a certificate has a name.
    #[cfg_attr(not(feature = "tls"), allow(dead_code))] // Only the handshake asks for it.
    pub(crate) fn add(&mut self, certificate: usize, name: &str) {
        self.names.entry(name.to_ascii_lowercase()).or_default().push(certificate);
    }

    /// The first certificate for this name: one that has it exactly, or else one with a wildcard.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        let (exact, wildcard) = self.both(name);
        exact.first().or(wildcard.first()).copied()
    }

    fn covers(&self, certificate: usize, name: &str) -> bool {
        let (exact, wildcard) = self.both(name);
        exact.contains(&certificate) || wildcard.contains(&certificate)
    }

    /// The certificates that have this name, and those with a wildcard in place of its first label.
    fn both(&self, name: &str) -> (&[usize], &[usize]) {
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        let of = |name: &str| self.names.get(name).map(Vec::as_slice).unwrap_or_default();
        let wildcard = match name.split_once('.') {
            Some((first, rest)) if !first.is_empty() => of(&format!("*.{rest}")),
            _ => &[],
        };
        (of(&name), wildcard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three certificates: of two names, of a wildcard, and of one name below that wildcard.
    fn names() -> ServerNames {
        let mut names = ServerNames::default();
        names.add(0, "shop.example");
        names.add(0, "SHOP.test");
        names.add(1, "*.example.org");
        names.add(2, "www.example.org");
        names
    }

    #[test]
    fn a_name_finds_the_certificate_that_has_it() {
        for (name, expected) in [
            ("shop.example", Some(0)),
            ("Shop.Test", Some(0)),
            ("shop.example.", Some(0)),
            ("api.example.org", Some(1)),
            ("www.example.org", Some(2)),
            ("example.org", None),
            ("a.b.example.org", None),
            (".example.org", None),
            ("*.example.org", Some(1)),
            ("", None),
            (".", None),
        ] {
            assert_eq!(names().find(name), expected, "{name}");
        }
    }

    #[test]
    fn a_request_is_misdirected_if_another_certificate_has_its_host() {
        let names = Arc::new(names());
        for (server_name, host, expected) in [
            (Some("shop.example"), "shop.example", false),
            (Some("shop.example"), "shop.test", false),
            (Some("shop.example"), "www.example.org", true),
            (Some("www.example.org"), "api.example.org", true),
            // A browser may use this connection for both: its certificate has both names.
            (Some("api.example.org"), "www.example.org", false),
            (Some("nobody.example"), "shop.example", false),
            (Some("nobody.example"), "api.example.org", true),
            (Some("shop.example"), "nobody.example", false),
            (None, "www.example.org", false),
        ] {
            let mut tls =
                Tls::new(TlsVersion::Tls13, "TLS_AES_128_GCM_SHA256").with_names(Arc::clone(&names));
            tls.server_name = server_name.map(Into::into);
            assert_eq!(tls.is_misdirected(host), expected, "{server_name:?} {host}");
        }
    }
}
