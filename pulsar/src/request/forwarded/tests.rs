//! What chains of proxies come to, row by row. 10.0.0.0/8 and fd00::/8 are trusted.

use std::time::{Duration, Instant};

use super::*;

/// The headers of a row: `F` is `Forwarded`, `A`, `P`, `H` and `T` are `X-Forwarded-For`, `-Proto`, `-Host` and `-Port`.
fn evaluate(kind: ForwardedHeaders, lines: &[(char, &str)]) -> Told {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let name = match name {
            'F' => header::FORWARDED,
            'A' => X_FORWARDED_FOR,
            'P' => X_FORWARDED_PROTO,
            'H' => X_FORWARDED_HOST,
            _ => X_FORWARDED_PORT,
        };
        headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    let trusted = ["10.0.0.0/8", "fd00::/8"].iter().map(|network| network.parse().unwrap()).collect();
    Headers::of(&headers).map(|headers| headers.evaluate(kind, &trusted)).unwrap_or_default()
}

/// As one line: client, scheme and host; `-` for what is not told.
fn shown(told: &Told) -> String {
    let client = told.client.map_or("-".into(), |(address, port)| match port {
        Some(port) => SocketAddr::new(address, port).to_string(),
        None => address.to_string(),
    });
    let port = told.port.map(|port| format!(":{port}")).unwrap_or_default();
    let scheme = told.scheme.unwrap_or("-");
    format!(
        "{client} {scheme} {}",
        told.host.clone().unwrap_or(if port.is_empty() { "-".into() } else { port })
    )
}

#[test]
fn x_forwarded_is_read_from_the_right_while_the_hops_are_trusted() {
    for (lines, expected) in [
        (&[][..], "- - -"),
        (&[('A', "203.0.113.9")], "203.0.113.9 - -"),
        (&[('A', "  203.0.113.9\t")], "203.0.113.9 - -"),
        (&[('A', "203.0.113.9:4711")], "203.0.113.9:4711 - -"),
        (&[('A', "203.0.113.9:0")], "203.0.113.9 - -"),
        (&[('A', "2001:db8::9")], "2001:db8::9 - -"),
        (&[('A', "[2001:db8::9]")], "2001:db8::9 - -"),
        (&[('A', "[2001:db8::9]:4711")], "[2001:db8::9]:4711 - -"),
        (&[('A', "::ffff:203.0.113.9")], "203.0.113.9 - -"),
        // What a client has written itself stands at the left.
        (&[('A', "1.1.1.1, 203.0.113.9")], "203.0.113.9 - -"),
        (&[('A', "10.0.0.7, 203.0.113.9")], "203.0.113.9 - -"),
        (&[('A', "203.0.113.9, 10.0.0.2")], "203.0.113.9 - -"),
        (&[('A', "1.1.1.1, 203.0.113.9, 10.0.0.3, fd00::2")], "203.0.113.9 - -"),
        (&[('A', "10.0.0.4, 10.0.0.3")], "10.0.0.4 - -"),
        // Several headers are one list.
        (&[('A', "203.0.113.9"), ('A', "10.0.0.2")], "203.0.113.9 - -"),
        (&[('A', "1.1.1.1"), ('A', "203.0.113.9")], "203.0.113.9 - -"),
        (&[('A', "203.0.113.9, ,"), ('A', " , ")], "203.0.113.9 - -"),
        // What cannot be read ends the walk at the last hop that could.
        (&[('A', "unknown")], "- - -"),
        (&[('A', "")], "- - -"),
        (&[('A', "203.0.113.9, localhost")], "- - -"),
        (&[('A', "203.0.113.9, unknown, 10.0.0.2")], "10.0.0.2 - -"),
        (&[('A', "203.0.113.9, 10.0.0.02, 10.0.0.3")], "10.0.0.3 - -"),
        (&[('A', "203.0.113.9:99999")], "- - -"),
        (&[('A', "fe80::1%eth0")], "- - -"),
        (&[('A', "[fe80::1%1]:80")], "- - -"),
        (&[('A', "h\u{e9}")], "- - -"),
        // Scheme, host and port.
        (&[('P', "https")], "- https -"),
        (&[('P', "HTTPS")], "- https -"),
        (&[('P', "wss")], "- https -"),
        (&[('P', "gopher")], "- - -"),
        (&[('P', "javascript:alert(1)")], "- - -"),
        (&[('A', "203.0.113.9"), ('P', "http, https")], "203.0.113.9 https -"),
        (&[('A', "203.0.113.9"), ('P', "https, http")], "203.0.113.9 http -"),
        (&[('A', "203.0.113.9, 10.0.0.2"), ('P', "https, http")], "203.0.113.9 https -"),
        (&[('A', "1.1.1.1, 203.0.113.9, 10.0.0.2"), ('P', "http, https, http")], "203.0.113.9 https -"),
        (&[('A', "203.0.113.9, 10.0.0.2"), ('P', "https")], "203.0.113.9 https -"),
        (&[('H', "shop.example")], "- - shop.example"),
        (&[('H', "shop.example:8443"), ('P', "https")], "- https shop.example:8443"),
        (&[('H', "shop.example:443"), ('P', "https")], "- https shop.example"),
        (&[('H', "shop.example:80"), ('P', "https")], "- https shop.example:80"),
        (&[('H', "evil.example, shop.example")], "- - shop.example"),
        (&[('H', "shop.example"), ('T', "8443"), ('P', "https")], "- https shop.example:8443"),
        (&[('H', "shop.example:1"), ('T', "443"), ('P', "https")], "- https shop.example"),
        (&[('H', "[2001:db8::1]:1"), ('T', "8443")], "- - [2001:db8::1]:8443"),
        (&[('T', "8443")], "- - :8443"),
        (&[('T', "0")], "- - -"),
        (&[('T', "+80")], "- - -"),
        (&[('T', "99999")], "- - -"),
        (&[('H', "user@shop.example")], "- - -"),
        (&[('H', "shop.example/x")], "- - -"),
        (&[('H', "shop example")], "- - -"),
        (&[('H', "shop.example:")], "- - -"),
        (&[('H', "shop.example:0")], "- - -"),
        (&[('H', "<script>")], "- - -"),
    ] {
        for kind in [ForwardedHeaders::Auto, ForwardedHeaders::XForwarded] {
            assert_eq!(shown(&evaluate(kind, lines)), expected, "{kind} {lines:?}");
        }
        assert_eq!(evaluate(ForwardedHeaders::Forwarded, lines), Told::default(), "{lines:?}");
    }
}

#[test]
fn forwarded_is_read_from_the_right_while_the_hops_are_trusted() {
    for (lines, expected) in [
        (&[('F', "for=203.0.113.9")][..], "203.0.113.9 - -"),
        (&[('F', "For=203.0.113.9;PROTO=https;host=shop.example")], "203.0.113.9 https shop.example"),
        (&[('F', "for=\"203.0.113.9:4711\"")], "203.0.113.9:4711 - -"),
        (&[('F', "for=203.0.113.9:4711")], "203.0.113.9:4711 - -"),
        (&[('F', "for=\"[2001:db8::9]:4711\"")], "[2001:db8::9]:4711 - -"),
        (&[('F', "for=\"[2001:db8::9]\"")], "2001:db8::9 - -"),
        (&[('F', "for=\"[2001:db8::9]:_hidden\"")], "2001:db8::9 - -"),
        (&[('F', "for=\"203.0.113.9:_hidden\"")], "203.0.113.9 - -"),
        (&[('F', "for=\"203.0.113.9:_\"")], "- - -"),
        (&[('F', "for=\"203\\.0.113.9\"")], "203.0.113.9 - -"),
        (&[('F', "for=203.0.113.9;by=10.0.0.1;secret=\"a,b;c\"")], "203.0.113.9 - -"),
        (&[('F', "for=203.0.113.9 ; proto=https ;;")], "203.0.113.9 https -"),
        (&[('F', "for=1.1.1.1, for=203.0.113.9")], "203.0.113.9 - -"),
        (&[('F', "for=203.0.113.9, for=10.0.0.2")], "203.0.113.9 - -"),
        (
            &[('F', "for=203.0.113.9;proto=https;host=a.example, for=10.0.0.2;proto=http;host=b")],
            "203.0.113.9 https a.example",
        ),
        (&[('F', "for=203.0.113.9, for=10.0.0.2;proto=https")], "203.0.113.9 https -"),
        (
            &[('F', "for=1.1.1.1;proto=https;host=evil.example, for=203.0.113.9;proto=http")],
            "203.0.113.9 http -",
        ),
        (&[('F', "for=203.0.113.9"), ('F', "for=\"[fd00::2]\"")], "203.0.113.9 - -"),
        (&[('F', "for=10.0.0.9, for=10.0.0.2")], "10.0.0.9 - -"),
        (&[('F', ",, for=203.0.113.9 ,, ")], "203.0.113.9 - -"),
        // A quote that a client has left open does not swallow what the proxy adds.
        (&[('F', "for=\"1.1.1.1, for=203.0.113.9")], "203.0.113.9 - -"),
        (&[('F', "for=\"1.1.1.1\\, for=203.0.113.9")], "203.0.113.9 - -"),
        (&[('F', "for=\"1.1.1.1\\\", for=\"203.0.113.9\"")], "203.0.113.9 - -"),
        (&[('F', "x=\", for=203.0.113.9, for=10.0.0.2")], "203.0.113.9 - -"),
        // Well-formed, and no address: the last one that is known stays.
        (&[('F', "for=unknown")], "- - -"),
        (&[('F', "for=_hidden;proto=https")], "- https -"),
        (&[('F', "for=203.0.113.9, for=unknown, for=10.0.0.2")], "10.0.0.2 - -"),
        (&[('F', "proto=https;host=shop.example")], "- https shop.example"),
        (&[('F', "for=203.0.113.9, proto=https")], "- https -"),
        (&[('F', "host=\"shop.example:443\";proto=https")], "- https shop.example"),
        // Malformed: nothing of that element counts.
        (&[('F', "")], "- - -"),
        (&[('F', "203.0.113.9")], "- - -"),
        (&[('F', "for")], "- - -"),
        (&[('F', "for=")], "- - -"),
        (&[('F', "=203.0.113.9")], "- - -"),
        (&[('F', "for =203.0.113.9")], "- - -"),
        (&[('F', "for=\"203.0.113.9")], "- - -"),
        (&[('F', "for=203.0.113.9\"")], "- - -"),
        (&[('F', "for=203.0.113.9 proto=https")], "- - -"),
        (&[('F', "for=203.0.113.9;for=203.0.113.9")], "- - -"),
        (&[('F', "for=203.0.113.9;proto=https;Proto=http")], "- - -"),
        (&[('F', "for=203.0.113.9;proto=gopher")], "- - -"),
        (&[('F', "for=203.0.113.9;host=\"a b\"")], "- - -"),
        (&[('F', "for=203.0.113.9;host=a@b")], "- - -"),
        (&[('F', "for=1.1.1.1, for=\"203.0.113.9, for=10.0.0.2")], "10.0.0.2 - -"),
    ] {
        for kind in [ForwardedHeaders::Auto, ForwardedHeaders::Forwarded] {
            assert_eq!(shown(&evaluate(kind, lines)), expected, "{kind} {lines:?}");
        }
        assert_eq!(evaluate(ForwardedHeaders::XForwarded, lines), Told::default(), "{lines:?}");
    }
}

#[test]
fn of_both_kinds_only_what_both_say_counts() {
    use ForwardedHeaders::{Auto, Forwarded, XForwarded};
    let same = &[
        ('F', "for=203.0.113.9;proto=https;host=a.example"),
        ('A', "203.0.113.9"),
        ('P', "https"),
        ('H', "a.example"),
    ][..];
    // The proxy writes X-Forwarded-For, the client has sent the rest.
    let spoofed = &[('F', "for=10.0.0.7;proto=https;host=evil.example"), ('A', "203.0.113.9")][..];
    let own_address = &[('F', "for=203.0.113.9;proto=https;host=evil.example"), ('A', "203.0.113.9")][..];
    let no_address = &[('F', "proto=https"), ('A', "203.0.113.9"), ('P', "https")][..];
    for (kind, lines, expected) in [
        (Auto, same, "203.0.113.9 https a.example"),
        (Auto, spoofed, "- - -"),
        (Auto, own_address, "203.0.113.9 - -"),
        (Auto, no_address, "- - -"),
        (Forwarded, spoofed, "10.0.0.7 https evil.example"),
        (XForwarded, spoofed, "203.0.113.9 - -"),
        (XForwarded, own_address, "203.0.113.9 - -"),
    ] {
        assert_eq!(shown(&evaluate(kind, lines)), expected, "{kind} {lines:?}");
    }
}

#[test]
fn long_headers_take_no_longer_for_each_byte() {
    for (name, unit) in [
        ('A', "10.0.0.1,"),
        ('A', ","),
        ('F', "for=10.0.0.1,"),
        ('F', "\""),
        ('F', "\\\""),
        ('F', "\\"),
        ('F', ";"),
        ('F', "a=\"\\\"\";"),
        ('F', "for=\"10.0.0.1\" , "),
    ] {
        let time = |count: usize| {
            let value = unit.repeat(count);
            let begun = Instant::now();
            evaluate(ForwardedHeaders::Auto, &[(name, &value)]);
            begun.elapsed()
        };
        // A busy machine spoils many a measurement, but none makes a hundredfold time a short one.
        let is_linear = (0..100).any(|_| time(20_000) < time(2_000).max(Duration::from_micros(50)) * 30);
        assert!(is_linear, "{name} {unit:?}");
    }
}

proptest::proptest! {
    /// Whatever a client has written, what the proxy before us adds is what counts.
    #[test]
    fn no_client_can_hide_behind_what_it_writes(written in "[ -~\\t\\x80-\u{ff}]{0,60}") {
        let told = |lines: &[(char, &str)]| evaluate(ForwardedHeaders::Auto, lines);
        let added = told(&[('A', &format!("{written}, 203.0.113.9"))]);
        proptest::prop_assert_eq!(added.client, Some(("203.0.113.9".parse().unwrap(), None)));
        let added = told(&[('F', &format!("{written}, for=203.0.113.9;proto=https"))]);
        proptest::prop_assert_eq!(&added.client, &Some(("203.0.113.9".parse().unwrap(), None)));
        proptest::prop_assert_eq!(added.scheme, Some("https"));
    }
}
