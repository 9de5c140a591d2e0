//! What the handshakes of an application need, made from files, and made again when they change.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::{
    ServerConfig,
    crypto::ring::{self, Ticketer},
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
    version::{TLS12, TLS13},
};

use super::{
    certificates::{Certificates, authorities},
    mark::Mark,
};
use crate::{
    request::ServerNames,
    server::tls::config::{ClientVerify, TlsConfig, TlsVersion},
};

/// What the handshakes of an application need: its certificates, as they are now.
#[derive(Debug)]
pub(crate) struct Encryption {
    pub(super) config: TlsConfig,
    /// Whether HTTP/2 is offered.
    http2: bool,
    current: RwLock<Keys>,
    /// The files as they were before they were read.
    pub(super) mark: Mark,
}

/// What one handshake needs.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    pub(super) server: Arc<ServerConfig>,
    pub(super) names: Arc<ServerNames>,
}

impl Encryption {
    /// Reads the files that a server was told of. Gives warnings too.
    ///
    /// # Errors
    ///
    /// A line for each thing that is wrong with them.
    pub(crate) fn read(config: &TlsConfig, http2: bool) -> Result<(Self, Vec<String>), Vec<String>> {
        // Before they are read, so that a change in between is seen.
        let mark = Mark::of(config);
        let (keys, warnings) = read(config, http2)?;
        Ok((Self { config: config.clone(), http2, current: RwLock::new(keys), mark }, warnings))
    }

    /// Reads the files again, and has new connections get what they have now.
    pub(super) fn reread(&self) -> Result<Vec<String>, Vec<String>> {
        let (keys, warnings) = read(&self.config, self.http2)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(warnings)
    }

    /// What a handshake that begins now needs.
    pub(super) fn current(&self) -> Keys {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn read(config: &TlsConfig, http2: bool) -> Result<(Keys, Vec<String>), Vec<String>> {
    let (mut problems, mut warnings) = (Vec::new(), Vec::new());
    let certificates = Certificates::read(config, &mut problems, &mut warnings);
    let verifier = verifier(config).unwrap_or_else(|more| {
        problems.extend(more);
        WebPkiClientVerifier::no_client_auth()
    });
    if !problems.is_empty() {
        return Err(problems);
    }
    let versions: &[_] = match config.min_version {
        TlsVersion::Tls13 => &[&TLS13],
        TlsVersion::Tls12 => &[&TLS13, &TLS12],
    };
    let refused = |error: rustls::Error| vec![format!("TLS cannot be set up: {error}")];
    let names = Arc::clone(&certificates.names);
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_protocol_versions(versions).map_err(refused)?;
    let mut server = builder.with_client_cert_verifier(verifier).with_cert_resolver(Arc::new(certificates));
    let protocols: &[&[u8]] = if http2 { &[b"h2", b"http/1.1"] } else { &[b"http/1.1"] };
    server.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    // Keys of their own for each reading, so that nobody resumes a session whose certificate is not trusted any more.
    server.ticketer = Ticketer::new().map_err(refused)?;
    Ok((Keys { server: Arc::new(server), names }, warnings))
}

/// Who verifies the certificates of clients.
fn verifier(config: &TlsConfig) -> Result<Arc<dyn ClientCertVerifier>, Vec<String>> {
    let path = match (&config.client_ca, config.client_verify) {
        (_, ClientVerify::Off) => return Ok(WebPkiClientVerifier::no_client_auth()),
        (Some(path), _) => path,
        (None, _) => {
            return Err(vec![
                "certificates of clients cannot be verified: name the file of those who issue them"
                    .to_owned(),
            ]);
        }
    };
    let roots = Arc::new(authorities(path)?);
    let builder = WebPkiClientVerifier::builder_with_provider(roots, Arc::new(ring::default_provider()));
    let builder = if config.client_verify == ClientVerify::Optional {
        builder.allow_unauthenticated()
    } else {
        builder
    };
    builder.build().map_err(|error| vec![format!("certificates of clients cannot be verified: {error}")])
}
