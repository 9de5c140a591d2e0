//! The certificates that the settings name: read where they are needed, and checked before anything starts.

use std::sync::Arc;

use crate::{
    server::{CertificateFiles, Encryption, TlsConfig},
    settings::{Resolved, Settings},
};

/// Reads every certificate and key that an application needs, and forgets them again. Gives warnings.
///
/// # Errors
///
/// A line for each thing that is wrong with them.
pub(super) fn check(resolved: &Resolved) -> Result<Vec<String>, Vec<String>> {
    let (mut warnings, mut problems) = (Vec::new(), Vec::new());
    for app in resolved.applications() {
        match config(&app.settings).map(|config| Encryption::read(&config, app.settings.http2)) {
            None => {}
            Some(Ok((_, more))) => add(&mut warnings, more),
            Some(Err(more)) => add(&mut problems, more),
        }
    }
    if problems.is_empty() { Ok(warnings) } else { Err(problems) }
}

/// What the handshakes of an application need, if it speaks HTTPS.
///
/// # Errors
///
/// As those of [`check`], whose warnings have been given by then.
pub(super) fn read(settings: &Settings) -> Result<Option<Arc<Encryption>>, Vec<String>> {
    let Some(config) = config(settings) else { return Ok(None) };
    Encryption::read(&config, settings.http2).map(|(encryption, _)| Some(Arc::new(encryption)))
}

/// What the server is told of TLS.
pub(super) fn config(settings: &Settings) -> Option<TlsConfig> {
    if settings.cert_file.is_empty() {
        return None;
    }
    let certificates = settings.cert_file.iter().enumerate().map(|(at, certificate)| CertificateFiles {
        certificate: certificate.clone(),
        key: settings.key_file.get(at).cloned(),
    });
    Some(TlsConfig {
        certificates: certificates.collect(),
        client_ca: settings.ca_file.clone(),
        client_verify: settings.client_verify,
        min_version: settings.tls_min,
        handshake_timeout: settings.tls_handshake_timeout.time(),
        max_handshakes: settings
            .max_tls_handshakes
            .most()
            .map(|most| usize::try_from(most).unwrap_or(usize::MAX)),
    })
}

/// Applications may share files, and nobody wants to read the same line twice.
fn add(lines: &mut Vec<String>, more: Vec<String>) {
    for line in more {
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
}
