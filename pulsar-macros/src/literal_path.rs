//! A path of literal text: where something is mounted, or what stands before rules.

use pulsar_pattern::Pattern;
use syn::LitStr;

use crate::{
    errors::{Errors, with_help},
    words,
};

/// Reports what keeps a text from being a path without placeholders. A placeholder is told what it is not part of, and what to
/// do instead.
pub(crate) fn check(literal: &LitStr, what: &str, help: &str, errors: &mut Errors) -> bool {
    let text = literal.value();
    match Pattern::parse_all(&text) {
        Err(mistakes) => {
            for mistake in mistakes {
                errors.at(literal, format!("{}\n{}", mistake.message(), mistake.render()));
            }
            false
        }
        Ok(pattern) => {
            for placeholder in pattern.placeholders() {
                let message = format!("{what} literal text, and `<{}>` is a placeholder", placeholder.name);
                let drawing = words::underline(&text, placeholder.span.clone(), "");
                errors.at(literal, with_help(format!("{message}\n{drawing}"), help));
            }
            true
        }
    }
}
