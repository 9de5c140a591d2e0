//! Certificates, and what a handshake may take.

use crate::settings::{
    mistake::InvalidValue,
    processes::{off_or, shown},
    row::{Row, Scope, Several, Type},
    tls::{add_file, list, texts},
    values::path,
};

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "cert_file",
        short: None,
        value_name: "PATH",
        section: SECTION,
        scope: Scope::Application,
        default: "off",
        help: "Certificate to serve HTTPS with; may be given several times",
        details: "The path of a file in PEM: the certificate of the server first, then those of whoever issued it. With one, \
                  every TCP address of the application speaks HTTPS; unix sockets stay plain. Of several the name that a \
                  client asks for chooses, by the names that the certificates have; the first is for all other names. The \
                  variable takes several paths separated by commas, the file an array of strings.",
        types: &[Type::String],
        several: Some(Several {
            clear: |settings| settings.cert_file.clear(),
            texts: |settings| texts(&settings.cert_file),
        }),
        set: |settings, text| {
            if settings.cert_file.iter().any(|file| file.as_os_str() == text) {
                return Err(InvalidValue::new(format!("`{text}` is given twice")).with_help("give it once"));
            }
            add_file(&mut settings.cert_file, text)
        },
        show: |settings| list(&settings.cert_file),
    },
    Row {
        name: "key_file",
        short: None,
        value_name: "PATH",
        section: SECTION,
        scope: Scope::Application,
        default: "off",
        help: "Private key of the certificate; may be given several times",
        details: "The path of a file in PEM, not encrypted, for each `cert_file` in the same order. It can be left out if the \
                  files of the certificates have the keys in them. The variable takes several paths separated by commas, the \
                  file an array of strings.",
        types: &[Type::String],
        several: Some(Several {
            clear: |settings| settings.key_file.clear(),
            texts: |settings| texts(&settings.key_file),
        }),
        set: |settings, text| add_file(&mut settings.key_file, text),
        show: |settings| list(&settings.key_file),
    },
    Row {
        name: "ca_file",
        short: None,
        value_name: "PATH",
        section: SECTION,
        scope: Scope::Application,
        default: "off",
        help: "Certificates of those who issue certificates to clients",
        details: "The path of a file in PEM, or off. The certificates of clients are verified against it, as `client_verify` \
                  says.",
        types: &[Type::String],
        several: None,
        set: |settings, text| off_or(text, path).map(|file| settings.ca_file = file),
        show: |settings| shown(settings.ca_file.as_ref().map(|path| path.display())),
    },
    Row {
        name: "client_verify",
        short: None,
        value_name: "WHETHER",
        section: SECTION,
        scope: Scope::Application,
        default: "off",
        help: "Whether clients have to show a certificate of their own",
        details: "off asks for none; required ends the handshake with a client that has none; optional serves it, and the \
                  application sees that there was none. A certificate that `ca_file` does not vouch for ends the handshake \
                  in either case.",
        types: &[Type::String],
        several: None,
        set: |settings, text| text.parse().map(|verify| settings.client_verify = verify),
        show: |settings| settings.client_verify.to_string(),
    },
    Row {
        name: "tls_min",
        short: None,
        value_name: "VERSION",
        section: SECTION,
        scope: Scope::Application,
        default: "1.2",
        help: "Oldest version of TLS to speak",
        details: "1.2 or 1.3. In the settings file the version stands in quotes.",
        types: &[Type::String],
        several: None,
        set: |settings, text| text.parse().map(|version| settings.tls_min = version),
        show: |settings| settings.tls_min.to_string(),
    },
    Row {
        name: "tls_handshake_timeout",
        short: None,
        value_name: "SECONDS",
        section: SECTION,
        scope: Scope::Application,
        default: "10",
        help: "How long a TLS handshake may take",
        details: "In seconds, fractions allowed, or unlimited. It begins when the connection is accepted, so that the time \
                  in which it waits for `max_tls_handshakes` counts; then the connection is closed.",
        types: &[Type::Integer, Type::Float, Type::String],
        several: None,
        set: |settings, text| text.parse().map(|limit| settings.tls_handshake_timeout = limit),
        show: |settings| settings.tls_handshake_timeout.to_string(),
    },
    Row {
        name: "max_tls_handshakes",
        short: None,
        value_name: "N",
        section: SECTION,
        scope: Scope::Application,
        default: "256",
        help: "TLS handshakes that a worker does at a time",
        details: "From 1, or unlimited; shared out over the event loops of the worker. More have to wait: a handshake takes \
                  far more time of a processor than a request.",
        types: &[Type::Integer, Type::String],
        several: None,
        set: |settings, text| text.parse().map(|limit| settings.max_tls_handshakes = limit),
        show: |settings| settings.max_tls_handshakes.to_string(),
    },
];

const SECTION: &str = "TLS";
