//! The variables of an encrypted connection, by the names that Apache's mod_ssl has for them.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::request::Connection;

/// All of them, in the order of the list.
pub(super) const NAMES: [&str; 6] =
    ["HTTPS", "SSL_PROTOCOL", "SSL_CIPHER", "SSL_TLS_SNI", "SSL_CLIENT_VERIFY", "SSL_CLIENT_CERT"];

/// The variable of this name, if it is one of these and there.
pub(super) fn get<'a>(connection: &'a Connection, name: &str) -> Option<Cow<'a, str>> {
    let tls = connection.tls()?;
    Some(match name {
        "HTTPS" => "on".into(),
        "SSL_PROTOCOL" => format!("TLSv{}", tls.version()).into(),
        "SSL_CIPHER" => tls.cipher_suite().into(),
        "SSL_TLS_SNI" => tls.server_name()?.into(),
        "SSL_CLIENT_VERIFY" if tls.client_certificate().is_some() => "SUCCESS".into(),
        "SSL_CLIENT_VERIFY" => "NONE".into(),
        "SSL_CLIENT_CERT" => pem(tls.client_certificate()?).into(),
        _ => return None,
    })
}

/// A certificate as RFC 7468 writes it.
fn pem(der: &[u8]) -> String {
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for (at, digit) in STANDARD.encode(der).chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            text.push('\n');
        }
        text.push(digit);
    }
    text + "\n-----END CERTIFICATE-----\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        request::{Peer, Tls},
        settings::TlsVersion,
    };

    #[test]
    fn an_encrypted_connection_has_the_variables_of_mod_ssl() {
        let plain = Connection::new(Peer::Unknown, None, 1);
        let tls = Tls::new(TlsVersion::Tls13, "TLS_AES_128_GCM_SHA256").with_server_name("shop.example");
        let anonymous = plain.clone().with_tls(tls.clone());
        let known = plain.clone().with_tls(tls.with_client_certificates([Box::from([7; 50].as_slice())]));
        let pem = "-----BEGIN CERTIFICATE-----\n\
                   BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH\n\
                   Bwc=\n\
                   -----END CERTIFICATE-----\n";
        for (name, of_anonymous, of_known) in [
            ("HTTPS", Some("on"), Some("on")),
            ("SSL_PROTOCOL", Some("TLSv1.3"), Some("TLSv1.3")),
            ("SSL_CIPHER", Some("TLS_AES_128_GCM_SHA256"), Some("TLS_AES_128_GCM_SHA256")),
            ("SSL_TLS_SNI", Some("shop.example"), Some("shop.example")),
            ("SSL_CLIENT_VERIFY", Some("NONE"), Some("SUCCESS")),
            ("SSL_CLIENT_CERT", None, Some(pem)),
            ("SSL_OTHER", None, None),
        ] {
            assert_eq!(get(&plain, name), None, "{name}");
            assert_eq!(get(&anonymous, name).as_deref(), of_anonymous, "{name}");
            assert_eq!(get(&known, name).as_deref(), of_known, "{name}");
        }
    }
}
