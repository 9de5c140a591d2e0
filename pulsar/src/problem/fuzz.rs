//! What has to hold for every header `Accept`.

// That is what a check does when something does not hold.
#![allow(clippy::missing_panics_doc)]

use http::header;

use super::accept::{Accept, Form};
use crate::__fuzz::headers;

/// Values of `Accept`, one a line: the form is one that was asked for, and neither what is unknown nor how the list is spread matters.
pub fn accept_qvalues(data: &[u8]) {
    let lines: Vec<_> = data.split(|byte| *byte == b'\n').map(|value| [b"accept:", value].concat()).collect();
    let Some(sent) = headers(lines.iter().map(Vec::as_slice), true) else { return };
    let form = Accept::of(&sent).form();

    let values: Vec<_> = sent.get_all(header::ACCEPT).iter().map(http::HeaderValue::as_bytes).collect();
    let list = values.join(&b',');
    let of = |value: &[u8]| {
        let line = [b"accept:", value].concat();
        headers(std::iter::once(&*line), true).map(|sent| Accept::of(&sent).form())
    };
    assert_eq!(of(&list), Some(form), "several headers are one list");
    assert_eq!(
        of(&[&list, &b",image/png;q=1"[..]].concat()),
        Some(form),
        "a type that there is not changes nothing"
    );
    assert_eq!(of(&[&list, &b","[..]].concat()), Some(form), "an empty element is none");
    if !list.contains(&b'"') {
        let reversed: Vec<_> = list.rsplit(|byte| *byte == b',').collect();
        assert_eq!(of(&reversed.join(&b',')), Some(form), "the order of a list says nothing");
    }
    let text = list.to_ascii_lowercase();
    let has = |part: &[u8]| text.windows(part.len()).any(|window| window == part);
    match form {
        Form::Json => {}
        Form::Text => assert!(has(b"text/plain") || has(b"text/*") || has(b"*/*")),
        Form::Html => assert!(has(b"text/html") || has(b"text/*") || has(b"*/*")),
    }
}
