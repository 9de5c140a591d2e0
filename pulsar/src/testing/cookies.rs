//! The cookies of a client, kept as a browser keeps them: RFC 6265, section 5.
//!
//! A client talks to one host, so that a domain makes no difference here: every cookie is for that host.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, HeaderValue, header};

/// The cookies of one client.
#[derive(Debug, Default)]
pub(super) struct Jar {
    /// In the order in which they were first set.
    cookies: Vec<Cookie>,
}

#[derive(Clone, Debug)]
struct Cookie {
    name: Vec<u8>,
    value: Vec<u8>,
    path: Vec<u8>,
    /// Nothing is until the client goes.
    expires: Option<SystemTime>,
    is_secure: bool,
}

impl Jar {
    /// Takes what an answer to a request of this path sets. An answer may also take cookies away, by a time that has passed.
    pub(super) fn receive(&mut self, headers: &HeaderMap, path: &str, now: SystemTime) {
        for line in headers.get_all(header::SET_COOKIE) {
            if let Some(cookie) = Cookie::read(line.as_bytes(), path, now) {
                self.put(cookie, now);
            }
        }
    }

    /// The header `Cookie` of a request, if there is anything to send.
    pub(super) fn header(&self, path: &str, is_secure: bool, now: SystemTime) -> Option<HeaderValue> {
        let mut cookies: Vec<&Cookie> = self
            .cookies
            .iter()
            .filter(|cookie| {
                cookie.is_there(now)
                    && matches(&cookie.path, path.as_bytes())
                    && (is_secure || !cookie.is_secure)
            })
            .collect();
        // The sort is stable: of two paths of one length the older cookie goes first.
        cookies.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<_> =
            cookies.iter().map(|cookie| [&cookie.name[..], &cookie.value[..]].join(&b'=')).collect();
        // What came in a header may go out in one; what a test has set has been looked at.
        if pairs.is_empty() { None } else { HeaderValue::from_bytes(&pairs.join(&b"; "[..])).ok() }
    }

    /// The value of a cookie, whatever it is for. Of several with this name, that with the longest path.
    pub(super) fn value(&self, name: &str, now: SystemTime) -> Option<String> {
        let named =
            self.cookies.iter().filter(|cookie| cookie.name == name.as_bytes() && cookie.is_there(now));
        // The first of the longest, as it would be sent.
        let cookie = named.rev().max_by_key(|cookie| cookie.path.len())?;
        Some(String::from_utf8_lossy(&cookie.value).into_owned())
    }

    /// Sets a cookie for all paths, until the client goes.
    pub(super) fn set(&mut self, name: &str, value: &str, now: SystemTime) {
        let (name, value) = (name.as_bytes().to_vec(), value.as_bytes().to_vec());
        self.put(Cookie { name, value, path: b"/".to_vec(), expires: None, is_secure: false }, now);
    }

    /// Takes away every cookie with this name.
    pub(super) fn remove(&mut self, name: &str) {
        self.cookies.retain(|cookie| cookie.name != name.as_bytes());
    }

    pub(super) fn clear(&mut self) {
        self.cookies.clear();
    }

    /// One that replaces another keeps its place: the order is that of creation.
    fn put(&mut self, cookie: Cookie, now: SystemTime) {
        let same = |known: &Cookie| known.name == cookie.name && known.path == cookie.path;
        match (self.cookies.iter().position(same), cookie.is_there(now)) {
            (Some(at), true) => self.cookies[at] = cookie,
            (Some(at), false) => drop(self.cookies.remove(at)),
            (None, true) => self.cookies.push(cookie),
            (None, false) => {}
        }
    }
}

impl Cookie {
    /// Section 5.2: the value of one header `Set-Cookie`, in the answer to a request of this path.
    fn read(line: &[u8], request: &str, now: SystemTime) -> Option<Self> {
        let mut parts = line.split(|&byte| byte == b';');
        let (name, value) = cut(parts.next()?);
        let (name, value) = (name.trim_ascii(), value?.trim_ascii());
        if name.is_empty() {
            return None;
        }
        let (mut path, mut is_secure) = (default_path(request), false);
        let (mut max_age, mut expires) = (None, None);
        for attribute in parts {
            let (name, value) = cut(attribute);
            let (name, value) = (name.trim_ascii(), value.unwrap_or_default().trim_ascii());
            if name.eq_ignore_ascii_case(b"path") {
                path = if value.starts_with(b"/") { value.to_vec() } else { default_path(request) };
            } else if name.eq_ignore_ascii_case(b"secure") {
                is_secure = true;
            } else if name.eq_ignore_ascii_case(b"max-age") {
                max_age = seconds(value).map_or(max_age, Some);
            } else if name.eq_ignore_ascii_case(b"expires") {
                expires = std::str::from_utf8(value).ok().and_then(date).map_or(expires, Some);
            }
        }
        let expires = match max_age {
            Some(seconds) => match u64::try_from(seconds) {
                // Beyond the end of the clock is not yet.
                Ok(seconds @ 1..) => now.checked_add(Duration::from_secs(seconds)),
                _ => Some(UNIX_EPOCH),
            },
            None => expires,
        };
        Some(Self { name: name.to_vec(), value: value.to_vec(), path, expires, is_secure })
    }

    fn is_there(&self, now: SystemTime) -> bool {
        self.expires.is_none_or(|expires| expires > now)
    }
}

/// What is before the first `=`, and what is behind it.
fn cut(pair: &[u8]) -> (&[u8], Option<&[u8]>) {
    match pair.iter().position(|&byte| byte == b'=') {
        Some(at) => (&pair[..at], Some(&pair[at + 1..])),
        None => (pair, None),
    }
}

/// Section 5.1.4: the folder of a path.
fn default_path(request: &str) -> Vec<u8> {
    match request.rfind('/') {
        Some(0) | None => b"/".to_vec(),
        Some(_) if !request.starts_with('/') => b"/".to_vec(),
        Some(at) => request.as_bytes()[..at].to_vec(),
    }
}

/// Section 5.1.4: whether a cookie of this path is for a request of that one.
fn matches(cookie: &[u8], request: &[u8]) -> bool {
    request
        .strip_prefix(cookie)
        .is_some_and(|rest| rest.is_empty() || cookie.ends_with(b"/") || rest.starts_with(b"/"))
}

/// Section 5.2.2. More seconds than there are are as many as there are.
fn seconds(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let seconds = std::str::from_utf8(digits).ok()?.parse().unwrap_or(i64::MAX);
    Some(if digits.len() < text.len() { -seconds } else { seconds })
}

/// Section 5.1.1: a date in whatever order and punctuation. A date before 1970 has passed as well as any other.
fn date(text: &str) -> Option<SystemTime> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    let is_delimiter = |c: char| matches!(c, '\t' | ' '..='/' | ';'..='@' | '['..='`' | '{'..='~');
    for token in text.split(is_delimiter).filter(|token| !token.is_empty()) {
        if time.is_none()
            && let Some(found) = time_of_day(token)
        {
            time = Some(found);
        } else if day.is_none()
            && let Some(found) = number(token, 1, 2)
        {
            day = Some(found);
        } else if month.is_none()
            && let Some(found) = month_of(token)
        {
            month = Some(found);
        } else if year.is_none()
            && let Some(found) = number(token, 2, 4)
        {
            year = Some(match found {
                70..=99 => found + 1900,
                0..=69 => found + 2000,
                _ => found,
            });
        }
    }
    let ((hour, minute, second), day, month, year) = (time?, day?, month?, year?);
    if !(1..=31).contains(&day) || year < 1601 || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    if year < 1970 {
        return Some(UNIX_EPOCH);
    }
    // The day of the week tells nothing that the date does not, but the parser wants the right one.
    ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].into_iter().find_map(|weekday| {
        let text = format!("{weekday}, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT");
        httpdate::parse_http_date(&text).ok()
    })
}

fn time_of_day(token: &str) -> Option<(u32, u32, u32)> {
    let mut parts = token.splitn(3, ':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
    Some((number(hour, 1, 2)?, number(minute, 1, 2)?, number(second, 1, 2)?))
}

/// The digits that a token begins with. What follows them is not another one.
fn number(token: &str, least: usize, most: usize) -> Option<u32> {
    let count = token.bytes().take_while(u8::is_ascii_digit).count();
    if (least..=most).contains(&count) { token[..count].parse().ok() } else { None }
}

fn month_of(token: &str) -> Option<&'static str> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    MONTHS.into_iter().find(|month| token.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(month)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_800_000_000)
    }

    /// A jar that got these lines in answers to requests of these paths, one answer each.
    fn jar(lines: &[(&str, &str)]) -> Jar {
        let mut jar = Jar::default();
        for (path, line) in lines {
            let headers = HeaderMap::from_iter([(header::SET_COOKIE, HeaderValue::from_str(line).unwrap())]);
            jar.receive(&headers, path, now());
        }
        jar
    }

    fn sent(jar: &Jar, path: &str, is_secure: bool) -> String {
        let header = jar.header(path, is_secure, now());
        header.map_or_else(String::new, |header| header.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_cookie_goes_back_where_it_belongs() {
        for (set_at, line, asked, is_secure, expected) in [
            ("/", "a=1", "/x/y", false, "a=1"),
            ("/", "  a = 1 ; Path=/ ", "/", false, "a=1"),
            ("/", "a=", "/", false, "a="),
            ("/", "a=b=c", "/", false, "a=b=c"),
            ("/", "a=\"1 2\"", "/", false, "a=\"1 2\""),
            ("/", "a", "/", false, ""),
            ("/", "=1", "/", false, ""),
            ("/", "", "/", false, ""),
            // The folder of the path that set it.
            ("/shop/cart", "a=1", "/shop", false, "a=1"),
            ("/shop/cart", "a=1", "/shop/", false, "a=1"),
            ("/shop/cart", "a=1", "/shop/x/y", false, "a=1"),
            ("/shop/cart", "a=1", "/shopping", false, ""),
            ("/shop/cart", "a=1", "/", false, ""),
            ("/shop/", "a=1", "/shop", false, "a=1"),
            // The path that it names.
            ("/x", "a=1; Path=/shop", "/shop/cart", false, "a=1"),
            ("/x", "a=1; path=/shop/", "/shop", false, ""),
            ("/x", "a=1; Path=/shop/", "/shop/cart", false, "a=1"),
            ("/x/y", "a=1; Path=shop", "/x", false, "a=1"),
            ("/x/y", "a=1; Path=/; Path", "/x", false, "a=1"),
            ("/x/y", "a=1; Path=/; Path", "/", false, ""),
            // A domain says nothing here.
            ("/", "a=1; Domain=other.example", "/", false, "a=1"),
            ("/", "a=1; Secure", "/", false, ""),
            ("/", "a=1; SECURE; HttpOnly; SameSite=Lax", "/", true, "a=1"),
            // A time that has passed, or has not.
            ("/", "a=1; Max-Age=1", "/", false, "a=1"),
            ("/", "a=1; Max-Age=0", "/", false, ""),
            ("/", "a=1; Max-Age=-5", "/", false, ""),
            ("/", "a=1; Max-Age=99999999999999999999999", "/", false, "a=1"),
            ("/", "a=1; Max-Age=-99999999999999999999999", "/", false, ""),
            ("/", "a=1; Max-Age=soon", "/", false, "a=1"),
            ("/", "a=1; Max-Age=", "/", false, "a=1"),
            ("/", "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "/", false, ""),
            ("/", "a=1; Expires=Thu, 01 Jan 2099 00:00:00 GMT", "/", false, "a=1"),
            ("/", "a=1; Expires=never", "/", false, "a=1"),
            ("/", "a=1; Expires=Thu, 01 Jan 2099 00:00:00 GMT; Max-Age=0", "/", false, ""),
            ("/", "a=1; Max-Age=9; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "/", false, "a=1"),
        ] {
            assert_eq!(
                sent(&jar(&[(set_at, line)]), asked, is_secure),
                expected,
                "{line} at {set_at}, {asked}"
            );
        }
    }

    #[test]
    fn longer_paths_go_first_and_then_older_cookies() {
        let mut jar =
            jar(&[("/", "a=1"), ("/", "b=1; Path=/x"), ("/", "c=1"), ("/", "d=1; Path=/x"), ("/", "a=2")]);
        assert_eq!(sent(&jar, "/x/y", false), "b=1; d=1; a=2; c=1");
        assert_eq!(sent(&jar, "/", false), "a=2; c=1");
        jar.receive(
            &HeaderMap::from_iter([(header::SET_COOKIE, HeaderValue::from_static("a=x; Path=/x"))]),
            "/",
            now(),
        );
        assert_eq!(jar.value("a", now()).as_deref(), Some("x"), "of the longest path");
        jar.set("c", "3", now());
        jar.remove("a");
        assert_eq!(sent(&jar, "/x", false), "b=1; d=1; c=3");
        jar.clear();
        assert_eq!((sent(&jar, "/x", false).as_str(), jar.value("b", now())), ("", None));
    }

    #[test]
    fn an_answer_takes_a_cookie_away() {
        let jar = jar(&[
            ("/", "a=1"),
            ("/", "b=1; Path=/x"),
            ("/", "a=; Max-Age=0"),
            // Not the one that is there.
            ("/", "b=; Max-Age=0; Path=/"),
        ]);
        assert_eq!(sent(&jar, "/x", false), "b=1");
    }

    #[test]
    fn a_cookie_ends_when_its_time_has_come() {
        let jar = jar(&[("/", "a=1; Max-Age=60")]);
        let later = |seconds| now() + Duration::from_secs(seconds);
        assert!(jar.header("/", false, later(59)).is_some());
        assert!(jar.header("/", false, later(60)).is_none());
        assert_eq!(jar.value("a", later(60)), None);
    }

    #[test]
    fn dates_are_read_in_every_form() {
        let expected = UNIX_EPOCH + Duration::from_secs(1_445_412_480);
        for text in [
            "Wed, 21 Oct 2015 07:28:00 GMT",
            "Wednesday, 21-Oct-15 07:28:00 GMT",
            "Wed Oct 21 07:28:00 2015",
            "Wed, 21-Oct-2015 07:28:00 GMT",
            "21 october 2015 7:28:0",
            "2015 21 oct 07:28:00",
        ] {
            assert_eq!(date(text), Some(expected), "{text}");
        }
        assert_eq!(date("1 Jan 1601 00:00:00"), Some(UNIX_EPOCH));
        for text in [
            "",
            "21 Oct 2015",
            "Oct 2015 07:28:00",
            "32 Oct 2015 07:28:00",
            "31 Feb 2015 07:28:00",
            "21 Oct 2015 24:28:00",
            "21 Oct 2015 07:60:00",
            "21 Oct 1600 07:28:00",
            "21 Nix 2015 07:28:00",
            "21 Oct 20155 07:28:00",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
    }
}
