//! Certificates that are made as tests need them, and a client that speaks TLS.

use std::{
    fmt::Write as _,
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    sync::Arc,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName},
    version::{TLS12, TLS13},
};

use crate::{Folder, PATIENCE, wire};

/// Who issues certificates.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

impl Authority {
    /// One that nobody has heard of before.
    ///
    /// # Panics
    ///
    /// When the system has no random numbers.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("random numbers are there");
        let certificate = params.self_signed(&key).expect("the parameters are right").der().clone();
        Self { issuer: Issuer::new(params, key), certificate }
    }

    /// A certificate with these names, for servers and clients, and a key of its own.
    ///
    /// # Panics
    ///
    /// When a name is none.
    pub fn issue(&self, names: &[&str]) -> Issued {
        self.issue_for(names, KeyPair::generate().expect("random numbers are there"), |_| {})
    }

    /// A certificate of the year 2000.
    ///
    /// # Panics
    ///
    /// When a name is none.
    pub fn issue_expired(&self, names: &[&str]) -> Issued {
        let key = KeyPair::generate().expect("random numbers are there");
        self.issue_for(names, key, |params| {
            params.not_before = date_time_ymd(2000, 1, 1);
            params.not_after = date_time_ymd(2001, 2, 3);
        })
    }

    /// A certificate for a key that is there already, which `change` has its way with.
    ///
    /// # Panics
    ///
    /// When a name is none.
    pub fn issue_for(
        &self,
        names: &[&str],
        key: KeyPair,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Issued {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("these are names");
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).expect("the parameters are right");
        Issued { certificate: certificate.der().clone(), key }
    }

    /// Its own certificate in PEM.
    pub fn pem(&self) -> String {
        pem("CERTIFICATE", &self.certificate)
    }
}

/// A certificate and its key.
#[derive(Debug)]
pub struct Issued {
    /// In DER.
    pub certificate: CertificateDer<'static>,
    key: KeyPair,
}

impl Issued {
    /// The certificate in PEM.
    pub fn pem(&self) -> String {
        pem("CERTIFICATE", &self.certificate)
    }

    /// The key in PEM.
    pub fn key_pem(&self) -> String {
        pem("PRIVATE KEY", self.key.serialized_der())
    }

    /// The key in DER.
    pub fn key_der(&self) -> &[u8] {
        self.key.serialized_der()
    }

    /// Writes both as `NAME.pem` and `NAME.key`.
    pub fn write(&self, folder: &Folder, name: &str) -> (PathBuf, PathBuf) {
        let certificate = folder.write(&format!("{name}.pem"), &self.pem());
        (certificate, folder.write(&format!("{name}.key"), &self.key_pem()))
    }
}

/// Bytes in PEM.
pub fn pem(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in STANDARD.encode(der).as_bytes().chunks(64) {
        let _ = writeln!(text, "{}", String::from_utf8_lossy(line));
    }
    text + &format!("-----END {label}-----\n")
}

/// How a client speaks TLS.
#[derive(Clone, Debug)]
pub struct Tls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

/// What a client wants and has.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wishes<'a> {
    /// 2 or 3 speaks that version of TLS 1 alone; anything else speaks both.
    pub version: u8,
    /// What it offers by ALPN.
    pub protocols: &'a [&'a str],
    /// Its own certificate.
    pub certificate: Option<&'a Issued>,
}

impl Tls {
    /// A client that trusts these authorities, and asks for this name; an IP address is asked for without SNI.
    ///
    /// # Panics
    ///
    /// When the name is none.
    pub fn new(trusted: &[&Authority], name: &str, wishes: Wishes<'_>) -> Self {
        let mut roots = RootCertStore::empty();
        for authority in trusted {
            roots.add(authority.certificate.clone()).expect("it is a certificate");
        }
        let versions: &[_] = match wishes.version {
            2 => &[&TLS12],
            3 => &[&TLS13],
            _ => &[&TLS12, &TLS13],
        };
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .expect("both versions are there")
            .with_root_certificates(roots);
        let mut config = match wishes.certificate {
            None => builder.with_no_client_auth(),
            Some(issued) => {
                let key =
                    PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(issued.key.serialized_der().to_vec()));
                builder
                    .with_client_auth_cert(vec![issued.certificate.clone()], key)
                    .expect("the key is that of the certificate")
            }
        };
        config.alpn_protocols =
            wishes.protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        let name = ServerName::try_from(name.to_owned()).expect("it is a name");
        Self { config: Arc::new(config), name }
    }

    /// What it is made from, for a client that is not this one.
    pub fn parts(&self) -> (Arc<ClientConfig>, ServerName<'static>) {
        (Arc::clone(&self.config), self.name.clone())
    }

    /// Connects, and does the handshake.
    ///
    /// # Errors
    ///
    /// When it fails, on either side.
    pub fn connect(&self, address: SocketAddr) -> io::Result<Encrypted> {
        let socket = TcpStream::connect(address)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        let session =
            ClientConnection::new(Arc::clone(&self.config), self.name.clone()).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(session, socket);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(Encrypted(stream))
    }

    /// Connects, as a client of HTTP/1.1.
    ///
    /// # Panics
    ///
    /// When the handshake fails.
    #[track_caller]
    pub fn client(&self, address: SocketAddr) -> wire::Client<Encrypted> {
        wire::Client::over(self.connect(address).unwrap_or_else(|error| panic!("{address}: {error}")))
    }
}

/// An encrypted connection.
#[derive(Debug)]
pub struct Encrypted(pub StreamOwned<ClientConnection, TcpStream>);

impl Encrypted {
    /// What the server showed, its own certificate first.
    pub fn certificate(&self) -> &[u8] {
        self.0.conn.peer_certificates().and_then(<[_]>::first).map(|first| &**first).unwrap_or_default()
    }

    /// What ALPN chose.
    pub fn protocol(&self) -> Option<&str> {
        self.0.conn.alpn_protocol().and_then(|protocol| str::from_utf8(protocol).ok())
    }
}

impl Read for Encrypted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Encrypted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
