//! A body of several parts, as a form with files sends it: RFC 7578.

use std::fmt;

use bytes::Bytes;

/// The fields and files of a form, for [`RequestBuilder::multipart`](crate::testing::RequestBuilder::multipart).
///
/// Names are written as browsers write them: a quotation mark in one is `%22`, a line break `%0D%0A`. Values are sent as they
/// are. The boundary is text that no part has.
///
/// ```
/// use pulsar::{Method, Router, testing::{Client, Multipart, block_on}};
///
/// let router = Router::new().add(Method::POST, "/upload", async |body: String| body);
/// let client = Client::new(router.compile(Default::default()).unwrap());
/// let form = Multipart::new().text("title", "Ada").file("life", "ada.txt", "text/plain", "born in 1815");
/// let answer = block_on(client.post("/upload").multipart(form).send());
/// assert!(answer.text().contains("content-disposition: form-data; name=\"title\"\r\n\r\nAda\r\n"));
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct Multipart {
    parts: Vec<(String, Bytes)>,
}

impl Multipart {
    /// A form without fields.
    ///
    /// ```
    /// let form = pulsar::testing::Multipart::new();
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field of text.
    ///
    /// ```
    /// let form = pulsar::testing::Multipart::new().text("title", "a picture").text("tag", "red").text("tag", "round");
    /// ```
    pub fn text(self, name: &str, value: impl Into<String>) -> Self {
        self.part(format!("form-data; name=\"{}\"", escaped(name)), None, value.into().into())
    }

    /// Adds a file: the name of its field, its own name, its content type, and what is in it.
    ///
    /// ```
    /// let form = pulsar::testing::Multipart::new().file("photo", "a.png", "image/png", vec![0x89, 0x50]);
    /// ```
    pub fn file(self, name: &str, file_name: &str, content_type: &str, content: impl Into<Bytes>) -> Self {
        let (name, file_name) = (escaped(name), escaped(file_name));
        let disposition = format!("form-data; name=\"{name}\"; filename=\"{file_name}\"");
        self.part(disposition, Some(content_type), content.into())
    }

    fn part(mut self, disposition: String, content_type: Option<&str>, content: Bytes) -> Self {
        let mut head = format!("content-disposition: {disposition}\r\n");
        if let Some(content_type) = content_type {
            head.push_str(&format!("content-type: {}\r\n", content_type.replace(['\r', '\n'], " ")));
        }
        head.push_str("\r\n");
        self.parts.push((head, content));
        self
    }

    /// The content type, and the body.
    pub(super) fn into_body(self) -> (String, Vec<u8>) {
        let boundary = self.boundary();
        let mut body = Vec::new();
        for (head, content) in &self.parts {
            body.extend_from_slice(format!("--{boundary}\r\n{head}").as_bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        (format!("multipart/form-data; boundary={boundary}"), body)
    }

    /// The first of many that is in no part.
    fn boundary(&self) -> String {
        let is_free = |boundary: &String| {
            let finder = memchr::memmem::Finder::new(boundary.as_bytes());
            self.parts.iter().all(|(head, content)| {
                finder.find(head.as_bytes()).is_none() && finder.find(content).is_none()
            })
        };
        let mut boundaries = (0_u64..).map(|number| format!("pulsar-boundary-{number:016}"));
        boundaries.find(is_free).expect("the parts are finite")
    }
}

impl fmt::Debug for Multipart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.parts.iter().map(|(head, _)| head.trim_end())).finish()
    }
}

/// As the HTML standard writes names: section 4.10.21.8.
fn escaped(name: &str) -> String {
    let name = name.replace("\r\n", "\n").replace(['\r', '\n'], "%0D%0A");
    name.replace('"', "%22")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_as_browsers_do() {
        for (name, expected) in [
            ("a", "a"),
            ("a \"b\"", "a %22b%22"),
            ("a\r\nb\nc\rd", "a%0D%0Ab%0D%0Ac%0D%0Ad"),
            ("\u{e9}\\", "\u{e9}\\"),
        ] {
            assert_eq!(escaped(name), expected);
        }
    }

    #[test]
    fn the_boundary_is_in_no_part() {
        let (first, _) = Multipart::new().text("a", "b").into_body();
        let boundary = first.strip_prefix("multipart/form-data; boundary=").unwrap().to_owned();
        let (second, body) =
            Multipart::new().text("a", &*boundary).file(&boundary, "x", "text/plain", "y").into_body();
        let other = second.strip_prefix("multipart/form-data; boundary=").unwrap();
        assert_ne!(other, boundary);
        let body = String::from_utf8(body).unwrap();
        assert_eq!(body.matches(other).count(), 3, "{body}");
        assert_eq!(body.matches(&boundary).count(), 2, "{body}");
    }

    #[test]
    fn a_content_type_adds_no_header() {
        let (_, body) = Multipart::new().file("a", "b", "text/plain\r\nx-y: z", "").into_body();
        assert!(!String::from_utf8(body).unwrap().contains("\r\nx-y"));
    }
}
