//! Which hosts an application answers for.

use super::host;

/// The hosts of the setting `allowed_hosts`; without any, every host is one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hosts(Vec<String>);

impl Hosts {
    pub(crate) fn new(hosts: &[String]) -> Self {
        Self(hosts.iter().map(|host| host.to_ascii_lowercase()).collect())
    }

    /// Whether it is one of them. The port of the request does not matter unless the setting has one.
    pub(super) fn allow(&self, host: &[u8]) -> bool {
        self.0.is_empty() || self.0.iter().any(|allowed| fits(allowed.as_bytes(), host))
    }
}

fn fits(allowed: &[u8], host: &[u8]) -> bool {
    let ((name, port), (allowed_name, allowed_port)) = (host::split_port(host), host::split_port(allowed));
    let name = name.strip_suffix(b".").unwrap_or(name);
    let named = match allowed_name.strip_prefix(b"*") {
        // `*.example.org` is every name below `example.org`, and not that one itself.
        Some(suffix) => {
            name.len() > suffix.len() && name[name.len() - suffix.len()..].eq_ignore_ascii_case(suffix)
        }
        None => name.eq_ignore_ascii_case(allowed_name),
    };
    named && allowed_port.is_none_or(|allowed| port == Some(allowed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_allowed_by_name_and_where_it_is_said_by_port() {
        let hosts = ["example.org", "*.example.net", "a:8060", "[::1]"].map(str::to_owned);
        let hosts = Hosts::new(&hosts);
        for (host, expected) in [
            ("example.org", true),
            ("EXAMPLE.ORG", true),
            ("example.org.", true),
            ("example.org:8060", true),
            ("www.example.org", false),
            ("example.org.evil.com", false),
            ("evilexample.org", false),
            ("www.example.net", true),
            ("a.b.example.net:1", true),
            ("example.net", false),
            ("evilexample.net", false),
            (".example.net", false),
            ("a:8060", true),
            ("a", false),
            ("a:1", false),
            ("[::1]:9", true),
            ("[::2]", false),
        ] {
            assert_eq!(hosts.allow(host.as_bytes()), expected, "{host}");
        }
        assert!(Hosts::default().allow(b"anything"));
    }
}
