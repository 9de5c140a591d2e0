//! The header `Authorization`, read: Basic and Digest.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};

/// What a client says of who it is (RFC 9110 section 11): read, not checked.
///
/// ```
/// use pulsar::wsgi::Authorization;
///
/// let Some(Authorization::Digest(digest)) = Authorization::parse("Digest username=\"ada\", uri=\"/\", nc=00000001") else {
///     panic!("it is one");
/// };
/// assert_eq!(digest.get("username"), Some("ada"));
/// assert_eq!(digest.get("nc"), Some("00000001"));
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Authorization {
    /// A name and a password (RFC 7617).
    Basic {
        /// The name.
        username: String,
        /// The password.
        password: String,
    },
    /// The answer to a challenge (RFC 7616).
    Digest(Digest),
}

/// The parameters of an `Authorization: Digest`, by their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest(BTreeMap<String, String>);

impl Digest {
    /// A parameter, its name in lower case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl Authorization {
    /// Reads the value of the header; `None` for a scheme that is neither, and for one that is malformed.
    ///
    /// ```
    /// use pulsar::wsgi::Authorization;
    /// let basic = Authorization::parse("Basic YWRhOnNlY3JldA==");
    /// assert!(matches!(basic, Some(Authorization::Basic { username, .. }) if username == "ada"));
    /// assert_eq!(Authorization::parse("Bearer x"), None);
    /// ```
    pub fn parse(header: &str) -> Option<Self> {
        let (scheme, rest) = header.trim().split_once(' ')?;
        if scheme.eq_ignore_ascii_case("basic") {
            let decoded = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
            let (username, password) = decoded.split_once(':')?;
            return Some(Self::Basic { username: username.to_owned(), password: password.to_owned() });
        }
        if scheme.eq_ignore_ascii_case("digest") {
            return parameters(rest).map(Digest).map(Self::Digest);
        }
        None
    }
}

/// A log that shows who wanted in must not show with what.
impl std::fmt::Debug for Authorization {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Basic { username, .. } => {
                f.debug_struct("Basic").field("username", username).finish_non_exhaustive()
            }
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

/// `name=token, name="quoted \" string"` (RFC 9110 section 11.2). A name that comes twice makes it malformed.
fn parameters(text: &str) -> Option<BTreeMap<String, String>> {
    let mut parameters = BTreeMap::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, behind) = rest.split_once('=')?;
        let name = name.trim();
        if name.is_empty() || name.contains([' ', '"', ',']) {
            return None;
        }
        let behind = behind.trim_start();
        let (value, behind) = if let Some(quoted) = behind.strip_prefix('"') {
            unquote(quoted)?
        } else {
            let (token, behind) = behind.split_at(behind.find(',').unwrap_or(behind.len()));
            (token.trim().to_owned(), behind)
        };
        if parameters.insert(name.to_ascii_lowercase(), value).is_some() {
            return None;
        }
        rest = match behind.trim_start() {
            "" => "",
            behind => behind.strip_prefix(',')?.trim_start(),
        };
    }
    (!parameters.is_empty()).then_some(parameters)
}

/// The text up to the closing quotation mark, and what comes behind it.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_or_refused() {
        let basic = |username: &str, password: &str| {
            Some(Authorization::Basic { username: username.into(), password: password.into() })
        };
        let digest = |list: &[(&str, &str)]| {
            let parameters = list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            Some(Authorization::Digest(Digest(parameters.collect())))
        };
        for (header, expected) in [
            ("Basic YWRhOnNlY3JldA==", basic("ada", "secret")),
            ("basic   YWRhOnNlY3JldA==", basic("ada", "secret")),
            ("Basic YWRhOmE6Yg==", basic("ada", "a:b")),
            ("Basic YWRhOg==", basic("ada", "")),
            ("Basic YWRh", None), // no colon
            ("Basic ????", None), // no base64
            ("Basic /zo=", None), // no UTF-8
            ("Basic", None),
            ("Bearer YWRhOnNlY3JldA==", None),
            ("", None),
            (
                r#"Digest username="ada", realm="a, \"b\"", nc=00000001 , qop = auth"#,
                digest(&[("username", "ada"), ("realm", "a, \"b\""), ("nc", "00000001"), ("qop", "auth")]),
            ),
            ("DIGEST URI=\"/x?y=1,2\"", digest(&[("uri", "/x?y=1,2")])),
            ("Digest username=\"ada", None),
            ("Digest username=\"ada\" realm=x", None),
            ("Digest username", None),
            ("Digest a=1, a=2", None),
            ("Digest ", None),
            ("Digest =x", None),
        ] {
            assert_eq!(Authorization::parse(header), expected, "{header}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let basic = Authorization::parse("Basic YWRhOnNlY3JldA==").unwrap();
        assert!(!format!("{basic:?}").contains("secret"));
    }
}
