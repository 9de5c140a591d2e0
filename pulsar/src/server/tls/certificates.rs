//! From files to certificates with their keys, checked; and which of them a client gets.

use std::{path::Path, sync::Arc};

use rustls::{
    InconsistentKeys, RootCertStore,
    crypto::ring::sign::any_supported_type,
    pki_types::{CertificateDer, PrivateKeyDer, UnixTime},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use webpki::{EndEntityCert, KeyUsage};

use super::pem::{Contents, Purpose};
use crate::{
    request::ServerNames,
    server::{
        date::Date,
        tls::config::{CertificateFiles, TlsConfig},
    },
};

/// The certificates of a server, of which each connection gets one.
#[derive(Debug)]
pub(super) struct Certificates {
    /// At least one.
    keys: Vec<Arc<CertifiedKey>>,
    pub(super) names: Arc<ServerNames>,
}

impl Certificates {
    /// Reads all of them.
    ///
    /// What is wrong is added to `problems`, and what somebody should look at to `warnings`, each with the name of its file.
    pub(super) fn read(config: &TlsConfig, problems: &mut Vec<String>, warnings: &mut Vec<String>) -> Self {
        let (mut keys, mut names) = (Vec::new(), ServerNames::default());
        for (number, files) in config.certificates.iter().enumerate() {
            let key = match read(files) {
                Ok(key) => key,
                Err(more) => {
                    problems.extend(more);
                    continue;
                }
            };
            if let Some(Ok(certificate)) = key.cert.first().map(EndEntityCert::try_from) {
                certificate.valid_dns_names().for_each(|name| names.add(number, name));
                warnings.extend(validity(&certificate, &files.certificate));
            }
            keys.push(Arc::new(key));
        }
        if config.certificates.is_empty() {
            problems.push("there is no certificate to serve HTTPS with: name one".to_owned());
        }
        Self { keys, names: Arc::new(names) }
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let number = hello.server_name().and_then(|name| self.names.find(name)).unwrap_or_default();
        self.keys.get(number).cloned()
    }
}

/// The certificates of those who issue certificates to clients.
pub(super) fn authorities(path: &Path) -> Result<RootCertStore, Vec<String>> {
    let contents = Contents::read(path, Purpose::Authorities).map_err(|problem| vec![problem])?;
    let shown = path.display();
    if contents.certificates.is_empty() {
        let found = contents.found();
        return Err(vec![format!(
            "the file of certification authorities {shown} has {found}, but no certificate. Name the file with the \
             certificates of those who issue certificates to clients"
        )]);
    }
    let (mut roots, mut problems) = (RootCertStore::empty(), Vec::new());
    for (number, certificate) in contents.certificates.into_iter().enumerate() {
        if let Err(error) = roots.add(certificate) {
            problems.push(format!(
                "the certificate number {} in the file of certification authorities {shown} cannot be used: {error}",
                number + 1
            ));
        }
    }
    if problems.is_empty() { Ok(roots) } else { Err(problems) }
}

/// Reads a certificate and its key, and sees whether they belong together.
fn read(files: &CertificateFiles) -> Result<CertifiedKey, Vec<String>> {
    let path = files.certificate.display();
    let contents = Contents::read(&files.certificate, Purpose::Certificate);
    let key_contents = files.key.as_ref().map(|key| (key, Contents::read(key, Purpose::Key)));
    // Both files, so that nobody has to try twice.
    let mut problems = Vec::new();
    problems.extend(contents.as_ref().err().cloned());
    problems.extend(key_contents.iter().filter_map(|(_, contents)| contents.as_ref().err().cloned()));
    if let Ok(contents) = &contents
        && contents.certificates.is_empty()
    {
        let found = contents.found();
        let swapped = match &key_contents {
            Some((key, Ok(other))) if contents.has_key() && !other.certificates.is_empty() => {
                format!(
                    "`cert_file` and `key_file` seem to be exchanged: {} has {}",
                    key.display(),
                    other.found()
                )
            }
            _ => "Name the file that begins with the server's own certificate".to_owned(),
        };
        problems.push(format!("the certificate file {path} has {found}, but no certificate. {swapped}"));
    }
    if let Some((key, Ok(contents))) = &key_contents {
        problems.extend(wrong_key(contents, Purpose::Key, key));
    } else if let (None, Ok(contents)) = (&key_contents, &contents)
        && !contents.certificates.is_empty()
    {
        problems.extend(wrong_key(contents, Purpose::Certificate, &files.certificate));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let contents = contents.map_err(|problem| vec![problem])?;
    let (key_path, mut keys) = match key_contents {
        Some((key, contents)) => (key, contents.map_err(|problem| vec![problem])?.keys),
        None => (&files.certificate, contents.keys),
    };
    let key = keys.pop().ok_or_else(Vec::new)?;
    certified(contents.certificates, &files.certificate, &key, key_path).map_err(|problem| vec![problem])
}

/// Why a file has not the one key that can be used.
fn wrong_key(contents: &Contents, purpose: Purpose, path: &Path) -> Option<String> {
    let shown = path.display();
    match contents.keys.len() {
        _ if contents.is_encrypted => Some(format!(
            "the key in the {purpose} {shown} is encrypted, and nobody is there to type its passphrase when a worker starts. \
             Decrypt it: `openssl pkey -in {shown} -out plain.key`, and let nobody else read that file"
        )),
        0 if purpose == Purpose::Certificate => Some(format!(
            "the {purpose} {shown} has {}, but no private key, and `key_file` is not set. Set it",
            contents.found()
        )),
        0 => Some(format!(
            "the {purpose} {shown} has {}, but no private key. Name the file with the key that the certificate was asked for \
             with",
            contents.found()
        )),
        1 => None,
        count => Some(format!(
            "the {purpose} {shown} has {count} private keys. Leave the one in it that belongs to the certificate"
        )),
    }
}

fn certified(
    certificates: Vec<CertificateDer<'static>>,
    path: &Path,
    key: &PrivateKeyDer<'_>,
    key_path: &Path,
) -> Result<CertifiedKey, String> {
    let (path, key_path) = (path.display(), key_path.display());
    let key = any_supported_type(key).map_err(|_| {
        format!(
            "the key in {key_path} is damaged, or of a kind that is not used here. Take ECDSA on P-256 or P-384, Ed25519, or \
             RSA of 2048 bits or more"
        )
    })?;
    let certified = CertifiedKey::new(certificates, key);
    match certified.keys_match() {
        // Some keys do not tell what is public of them; those of files do.
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(certified),
        Err(rustls::Error::InconsistentKeys(_)) => {
            let of_other = (1..certified.cert.len()).find(|number| {
                let other = vec![certified.cert[*number].clone()];
                CertifiedKey::new(other, Arc::clone(&certified.key)).keys_match().is_ok()
            });
            Err(match of_other {
                Some(number) => format!(
                    "the key in {key_path} belongs to the certificate number {} in {path}, not to the first. Put that one \
                     first",
                    number + 1
                ),
                None => format!(
                    "the key in {key_path} does not belong to the certificate in {path}. Name the key that the certificate \
                     was asked for with; of several, in the order of the certificates"
                ),
            })
        }
        Err(error) => Err(format!("the certificate in {path} cannot be used: {error}. Have it issued anew")),
    }
}

/// What clients would say about the time in which a certificate is valid, if they refuse it.
fn validity(certificate: &EndEntityCert<'_>, path: &Path) -> Option<String> {
    // The times are looked at first of all, so that it does not matter that nobody is trusted here.
    let verified =
        certificate.verify_for_usage(&[], &[], &[], UnixTime::now(), KeyUsage::server_auth(), None, None);
    let path = path.display();
    match verified.err()? {
        webpki::Error::CertExpired { not_after, .. } => Some(format!(
            "the certificate in {path} expired on {}; clients will refuse it. Renew it",
            Date::of(not_after.as_secs())
        )),
        webpki::Error::CertNotValidYet { not_before, .. } => Some(format!(
            "the certificate in {path} is valid from {} on; until then clients will refuse it. Look whether the clock of this \
             machine is right",
            Date::of(not_before.as_secs())
        )),
        _ => None,
    }
}
