//! The three forms of an error's answer: the document, a few lines of text, a page.
//!
//! A page has no script, no style and nothing from elsewhere, and whatever a client may have written is escaped.

use std::fmt::Write as _;

use axum_core::response::IntoResponse;
use http::{HeaderName, HeaderValue, header};

use crate::{
    body::{Body, Response},
    problem::{
        accept::{Accept, Form},
        document::{FieldError, PROBLEM_JSON, Problem},
    },
};

/// The answer to an error, in the form that the client prefers.
pub(crate) fn render(problem: Problem, accept: &Accept) -> Response {
    dress(problem.into_response(), accept.form())
}

/// Gives the answer that somebody has made of a problem the form that the client prefers; all other answers stay as they are.
pub(crate) fn negotiate(response: Response, accept: &Accept) -> Response {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let headers = response.headers();
    // Whoever has given it another form, or has packed it, has the last word.
    let is_as_made = headers.get(header::CONTENT_TYPE) == Some(&PROBLEM_JSON)
        && !headers.contains_key(header::CONTENT_ENCODING);
    match response.extensions().get::<Problem>() {
        Some(problem) if is_as_made && !problem.is_negotiated() => dress(response, accept.form()),
        _ => response,
    }
}

/// Puts a form in place of the document. The headers that the answer has stay.
fn dress(mut response: Response, form: Form) -> Response {
    // A cache must not give one client's form to another.
    response.headers_mut().append(header::VARY, HeaderValue::from_name(header::ACCEPT));
    let Some(problem) = response.extensions_mut().get_mut::<Problem>() else { return response };
    problem.set_negotiated();
    let (text, headers): (_, &[_]) = match form {
        Form::Json => return response,
        Form::Text => (text(problem), &[(header::CONTENT_TYPE, "text/plain; charset=utf-8"), NO_SNIFF]),
        Form::Html => {
            (html(problem), &[(header::CONTENT_TYPE, "text/html; charset=utf-8"), NO_SNIFF, NO_RESOURCES])
        }
    };
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response.map(|_| Body::from(text))
}

const NO_SNIFF: (HeaderName, &str) = (header::X_CONTENT_TYPE_OPTIONS, "nosniff");
const NO_RESOURCES: (HeaderName, &str) = (header::CONTENT_SECURITY_POLICY, "default-src 'none'");

fn text(problem: &Problem) -> String {
    let mut text = format!("{} {}\n", problem.status.as_u16(), problem.title);
    if let Some(detail) = &problem.detail {
        let _ = writeln!(text, "\n{detail}");
    }
    if !problem.errors.is_empty() {
        text.push('\n');
    }
    for error in &problem.errors {
        let _ = match place(error) {
            Some(place) => writeln!(text, "{place}: {}", error.detail),
            None => writeln!(text, "{}", error.detail),
        };
    }
    if let Some(id) = &problem.request_id {
        let _ = writeln!(text, "\n{id}");
    }
    text
}

fn html(problem: &Problem) -> String {
    let heading = Escaped(&format!("{} {}", problem.status.as_u16(), problem.title)).to_string();
    let mut page = format!(
        "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{heading}</title>\n<h1>{heading}</h1>\n"
    );
    if let Some(detail) = &problem.detail {
        let _ = writeln!(page, "<p>{}</p>", Escaped(detail));
    }
    if !problem.errors.is_empty() {
        page.push_str("<ul>\n");
        for error in &problem.errors {
            let place = place(error).map(|place| format!("<code>{}</code>: ", Escaped(place)));
            let _ = writeln!(page, "<li>{}{}</li>", place.unwrap_or_default(), Escaped(&error.detail));
        }
        page.push_str("</ul>\n");
    }
    if let Some(id) = &problem.request_id {
        let _ = writeln!(page, "<p><code>{}</code></p>", Escaped(id));
    }
    page
}

fn place(error: &FieldError) -> Option<&str> {
    error.field.as_deref().or(error.pointer.as_deref())
}

/// Text within a page, between tags or in quotes.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
            let (before, special) = rest.split_at(at);
            f.write_str(before)?;
            f.write_str(match special.as_bytes()[0] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                _ => "&#39;",
            })?;
            rest = &special[1..];
        }
        f.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn problem() -> Problem {
        let mut problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY)
            .with_detail("<b>\"the\" & 'body'</b> does not fit \u{e9}")
            .with_field(FieldError::field("<page>", "missing & wanted"))
            .with_field(FieldError::pointer("#/items/0", "<script>alert(1)</script>"));
        problem.request_id = Some("\"><script>".to_owned());
        problem
    }

    #[test]
    fn text_has_what_the_document_has() {
        assert_eq!(
            text(&problem()),
            "422 Unprocessable Entity\n\n<b>\"the\" & 'body'</b> does not fit \u{e9}\n\n<page>: missing & wanted\n\
             #/items/0: <script>alert(1)</script>\n\n\"><script>\n"
        );
        assert_eq!(text(&Problem::new(StatusCode::NOT_FOUND)), "404 Not Found\n");
    }

    #[test]
    fn a_page_has_what_the_document_has_and_nothing_unescaped() {
        let page = html(&problem());
        for part in [
            "<title>422 Unprocessable Entity</title>",
            "<h1>422 Unprocessable Entity</h1>",
            "<p>&lt;b&gt;&quot;the&quot; &amp; &#39;body&#39;&lt;/b&gt; does not fit \u{e9}</p>",
            "<li><code>&lt;page&gt;</code>: missing &amp; wanted</li>",
            "<li><code>#/items/0</code>: &lt;script&gt;alert(1)&lt;/script&gt;</li>",
            "<p><code>&quot;&gt;&lt;script&gt;</code></p>",
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
        assert!(!page.contains("<script") && !page.contains("<b>") && !page.contains("http"), "{page}");
    }

    #[test]
    fn whoever_has_given_an_answer_another_form_has_the_last_word() {
        let html = {
            let mut headers = http::HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static("text/html"));
            Accept::of(&headers)
        };
        let made = || Problem::new(StatusCode::NOT_FOUND).into_response();
        let kind = |response: Response| response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
        assert_eq!(kind(negotiate(made(), &html)), "text/html; charset=utf-8");
        assert_eq!(kind(negotiate(made(), &Accept::default())), "application/problem+json");

        let mut packed = made();
        packed.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert_eq!(kind(negotiate(packed, &html)), "application/problem+json");
        let mut other = made();
        other.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("image/png"));
        assert_eq!(kind(negotiate(other, &html)), "image/png");
        let mut forgiven = made();
        *forgiven.status_mut() = StatusCode::OK;
        assert_eq!(kind(negotiate(forgiven, &html)), "application/problem+json");

        let dressed = render(Problem::new(StatusCode::NOT_FOUND), &Accept::default());
        assert_eq!(kind(negotiate(dressed, &html)), "application/problem+json", "once is enough");
        let mut headed = made();
        headed.headers_mut().insert(header::VARY, HeaderValue::from_static("origin"));
        let answer = negotiate(headed, &html);
        let vary: Vec<_> = answer.headers().get_all(header::VARY).iter().collect();
        assert_eq!(vary, ["origin", "accept"]);
    }
}
