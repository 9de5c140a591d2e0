//! What a server can be told of TLS: plain values, no files.

use std::{path::PathBuf, time::Duration};

pub use crate::settings::{ClientVerify, TlsVersion};

/// With which certificates HTTPS is served, and what a handshake may take.
///
/// The files are read when the server binds, and again a few seconds after they have changed: new connections then get the new
/// certificates, if these are right. It takes pulsar's feature `tls`, which is on by default.
///
/// # Defaults
///
/// No certificates, so that at least one has to be named; clients are not asked for any, TLS 1.2 and 1.3, 10 s for a
/// handshake, 256 handshakes at a time.
///
/// ```
/// use pulsar::server::{Server, ServerConfig, TlsConfig};
///
/// let tls = TlsConfig::new("/no/such/cert.pem", "/no/such/key.pem");
/// let error = Server::bind(ServerConfig { tls: Some(tls), ..ServerConfig::default() }).unwrap_err();
/// assert!(error.to_string().contains("/no/such/cert.pem"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsConfig {
    /// The certificates. The first is for clients that ask for none of the names in the others.
    pub certificates: Vec<CertificateFiles>,
    /// The file in PEM with the certificates of those who issue certificates to clients.
    pub client_ca: Option<PathBuf>,
    /// Whether clients have to show a certificate, which `client_ca` is needed for.
    pub client_verify: ClientVerify,
    /// The oldest version of TLS to speak.
    pub min_version: TlsVersion,
    /// How long a handshake may take, from when the connection is accepted; `None` is no limit.
    pub handshake_timeout: Option<Duration>,
    /// How many handshakes all I/O threads together do at a time, the others wait; `None` is no limit.
    pub max_handshakes: Option<usize>,
}

impl TlsConfig {
    /// One certificate, and its key in a file of its own.
    ///
    /// ```
    /// use pulsar::server::TlsConfig;
    /// let tls = TlsConfig::new("cert.pem", "key.pem");
    /// assert_eq!(tls.certificates.len(), 1);
    /// ```
    pub fn new(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        let files = CertificateFiles { certificate: certificate.into(), key: Some(key.into()) };
        Self { certificates: vec![files], ..Self::default() }
    }

    /// Every file that is read.
    pub(super) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let certificates = self.certificates.iter();
        certificates
            .flat_map(|files| [Some(&files.certificate), files.key.as_ref()])
            .flatten()
            .chain(&self.client_ca)
    }
}

impl Default for TlsConfig {
    fn default() -> Self {
        Self {
            certificates: Vec::new(),
            client_ca: None,
            client_verify: ClientVerify::Off,
            min_version: TlsVersion::Tls12,
            handshake_timeout: Some(Duration::from_secs(10)),
            max_handshakes: Some(256),
        }
    }
}

/// Where a certificate and its key stand, both in PEM.
///
/// ```
/// use pulsar::server::{CertificateFiles, TlsConfig};
///
/// let shop = CertificateFiles { certificate: "shop.pem".into(), key: None };
/// let admin = CertificateFiles { certificate: "admin.pem".into(), key: Some("admin.key".into()) };
/// let tls = TlsConfig { certificates: vec![shop, admin], ..TlsConfig::default() };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate of the server first, then those that lead from it to one that clients know.
    pub certificate: PathBuf,
    /// The private key, not encrypted; `None` if it stands in the file of the certificate.
    pub key: Option<PathBuf>,
}
