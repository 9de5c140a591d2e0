//! A host with its port, as it stands in `Host` and in what proxies say of it.

use http::uri::Authority;

/// The host, with its brackets if it is an IPv6 address, and the port. Nothing if the text is something else: no userinfo, no
/// path, no port that is none.
pub(super) fn split(text: &str) -> Option<(&str, Option<u16>)> {
    let authority = text.parse::<Authority>().ok().filter(|_| !text.contains('@'))?;
    let (host, rest) = text.split_at_checked(authority.host().len())?;
    let port = match rest.strip_prefix(':') {
        Some(port) => Some(self::port(port)?),
        None if rest.is_empty() => None,
        None => return None,
    };
    (!host.is_empty()).then_some((host, port))
}

/// A port that a client can connect to.
pub(super) fn port(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_host_and_port_is_nothing() {
        for (text, expected) in [
            ("shop.example", Some(("shop.example", None))),
            ("shop.example:8060", Some(("shop.example", Some(8060)))),
            ("192.0.2.7:80", Some(("192.0.2.7", Some(80)))),
            ("[::1]", Some(("[::1]", None))),
            ("[::1]:80", Some(("[::1]", Some(80)))),
            ("", None),
            (":80", None),
            ("::1", None),
            ("[::1", None),
            ("shop.example:", None),
            ("shop.example:0", None),
            ("shop.example:+80", None),
            ("shop.example:65536", None),
            ("shop.example:80:80", None),
            ("shop.example/x", None),
            ("shop.example?x", None),
            ("a b", None),
            ("user@shop.example", None),
            ("user:word@shop.example:80", None),
            ("<script>", None),
        ] {
            assert_eq!(split(text), expected, "{text}");
        }
    }
}
