//! Reading certificates and keys from files in PEM, RFC 7468.
//!
//! The rule it keeps: a message names the file, what was found in it, and the way out.

use std::{
    fmt,
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use nix::unistd::{User, geteuid};
use rustls::pki_types::{
    CertificateDer, PrivateKeyDer,
    pem::{self, PemObject, SectionKind},
};

/// What a file is read for, as messages name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Certificate,
    Key,
    Authorities,
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Certificate => "certificate file",
            Self::Key => "key file",
            Self::Authorities => "file of certification authorities",
        })
    }
}

/// What stands in a file.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) certificates: Vec<CertificateDer<'static>>,
    pub(super) keys: Vec<PrivateKeyDer<'static>>,
    /// Whether a key is there that takes a passphrase.
    pub(super) is_encrypted: bool,
    labels: Vec<String>,
}

impl Contents {
    /// Reads a file that has at least one thing in PEM.
    pub(super) fn read(path: &Path, purpose: Purpose) -> Result<Self, String> {
        let shown = path.display();
        let text = bytes(path).map_err(|why| format!("the {purpose} {shown} {why}"))?;
        Self::parse(&text).map_err(|why| format!("the {purpose} {shown} {why}"))
    }

    fn parse(text: &[u8]) -> Result<Self, String> {
        let lines = || text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let label = |line: &[u8]| {
            let label = line.strip_prefix(b"-----BEGIN ")?.strip_suffix(b"-----")?;
            Some(String::from_utf8_lossy(label).into_owned())
        };
        let labels: Vec<_> = lines().filter_map(label).collect();
        if text.trim_ascii().is_empty() {
            return Err("is empty. Write it anew, or name another file".to_owned());
        }
        if labels.is_empty() {
            return Err(match text[0] {
                // What both begin with in DER.
                0x30 => "is binary, not PEM. Convert it: `openssl x509 -inform der -in FILE` for a certificate, `openssl pkey \
                         -inform der -in FILE` for a key, `openssl pkcs12 -nodes -in FILE` for a .p12 or .pfx"
                    .to_owned(),
                _ => "has nothing in PEM, which begins with `-----BEGIN`. Name a file that has".to_owned(),
            });
        }
        let is_encrypted = labels.iter().any(|label| label == "ENCRYPTED PRIVATE KEY")
            || lines().any(|line| line.starts_with(b"Proc-Type:") && line.ends_with(b",ENCRYPTED"));
        let mut contents = Self { certificates: Vec::new(), keys: Vec::new(), is_encrypted, labels };
        for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(text) {
            let (kind, der) = match section {
                Ok(section) => section,
                // The headers of an encrypted key are no base64.
                Err(_) if is_encrypted => continue,
                Err(error) => {
                    let why = match error {
                        pem::Error::MissingSectionEnd { .. } => "a `-----BEGIN` has no `-----END`",
                        pem::Error::IllegalSectionStart { .. } => {
                            "a line with `-----BEGIN` does not end in `-----`"
                        }
                        _ => "between `-----BEGIN` and `-----END` stands what is no base64",
                    };
                    return Err(format!("is damaged: {why}. Write it anew"));
                }
            };
            match kind {
                SectionKind::Certificate => contents.certificates.push(der.into()),
                // An encrypted one of the old form; its bytes are of no use.
                _ if is_encrypted => {}
                SectionKind::RsaPrivateKey => contents.keys.push(PrivateKeyDer::Pkcs1(der.into())),
                SectionKind::EcPrivateKey => contents.keys.push(PrivateKeyDer::Sec1(der.into())),
                SectionKind::PrivateKey => contents.keys.push(PrivateKeyDer::Pkcs8(der.into())),
                _ => {}
            }
        }
        Ok(contents)
    }

    pub(super) fn has_key(&self) -> bool {
        !self.keys.is_empty()
    }

    /// `a certificate`, `2 certificates, a private key`.
    pub(super) fn found(&self) -> String {
        let mut kinds: Vec<(&str, usize)> = Vec::new();
        for label in &self.labels {
            let kind = match label.as_str() {
                "CERTIFICATE" => "certificate",
                "TRUSTED CERTIFICATE" => "certificate in the form of OpenSSL alone",
                "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => "request for a certificate",
                "ENCRYPTED PRIVATE KEY" => "encrypted private key",
                "PUBLIC KEY" => "public key",
                label if label.ends_with("PRIVATE KEY") => "private key",
                label => label,
            };
            match kinds.iter_mut().find(|(other, _)| *other == kind) {
                Some((_, count)) => *count += 1,
                None => kinds.push((kind, 1)),
            }
        }
        let kinds = kinds.iter().map(|(kind, count)| match count {
            1 if kind.starts_with(['a', 'e', 'i', 'o', 'u']) => format!("an {kind}"),
            1 => format!("a {kind}"),
            count => format!("{count} {kind}s"),
        });
        kinds.collect::<Vec<_>>().join(", ")
    }
}

/// All bytes of a file. The error says what is wrong with it.
fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    // Asked first, because to open a pipe can take for ever.
    let read = match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => {
            return Err("is no file, but a folder or a device. Name a file".to_owned());
        }
        _ => File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut text)),
    };
    match read {
        Ok(_) if text.len() as u64 > LONGEST => {
            Err("is longer than 16 MiB, which no certificate is. Name another file".to_owned())
        }
        Ok(_) => Ok(text),
        Err(error) => Err(match error.kind() {
            io::ErrorKind::NotFound => {
                "does not exist. Check its path, which is relative to the working directory unless it \
                                        begins with `/`"
                    .to_owned()
            }
            io::ErrorKind::PermissionDenied => {
                format!(
                    "may not be read by the user {}. Give this user the right to read it and to enter its folder, or start \
                     the program as root and set `user`",
                    user()
                )
            }
            _ => format!("cannot be read: {error}"),
        }),
    }
}

/// Who this process is: `ada (1000)`.
fn user() -> String {
    let id = geteuid();
    match User::from_uid(id) {
        Ok(Some(user)) => format!("{} ({id})", user.name),
        _ => id.to_string(),
    }
}

/// Ten times what the authorities of all browsers take.
const LONGEST: u64 = 16 << 20;
