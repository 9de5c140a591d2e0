//! The grammar of pulsar's route rules, and nothing else: a rule is parsed, printed and turned into a URL here.
//!
//! The macros use this crate when a program is compiled, the router uses it for rules made at run time; there is no
//! second parser. It does not match requests, knows no HTTP method and runs no regular expression.
//!
//! # A rule
//!
//! ```text
//! /users/<int:id>                      digits
//! /users/<int(min=1,max=200):id>       also fixed_digits=4, signed
//! /price/<float:x>                     digits with or without a fraction: min, max, signed
//! /<name>                              one segment; the same as <string:name>
//! /<string(minlength=2,maxlength=9):name>   /<string(length=2):lang>
//! /files/<path:rest>                   the rest, slashes included; also in the middle: /<path:page>/edit
//! /<any(en,it,"foo,bar"):lang>         one of these
//! /<uuid:key>
//! /<re("[A-Z]{3}-\d+"):sku>            a regular expression over the whole value
//! /v<int:major>.<int:minor>/x          text around placeholders, and several of them in a segment
//! ```
//!
//! A rule that ends in `/` is a *branch*, any other is a *leaf*. Literal text may be written as UTF-8 or with percent
//! escapes; it is kept decoded.
//!
//! ```
//! use pulsar_pattern::{Converter, Pattern};
//!
//! let pattern: Pattern = "/users/<int(min=1):id>/edit".parse()?;
//! let id = pattern.placeholders().next().unwrap();
//! assert_eq!(id.name, "id");
//! assert!(id.converter.accepts("7") && !id.converter.accepts("0"));
//! assert_eq!(pattern.build(&[("id", "7")])?, "/users/7/edit");
//!
//! let error = Pattern::parse("/users/<itn:id>").unwrap_err();
//! assert_eq!(error.message(), "unknown converter `itn`");
//! assert_eq!(error.help(), Some("did you mean `int`?"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The rule this crate keeps
//!
//! A [`Pattern`] is right: whatever the grammar can refuse is refused when it is made, with the byte at fault, and
//! `parse(print(pattern)) == pattern`.

// In reading order; a module imports only from modules below it in this list.
mod build;
mod prefix;

mod parse;
mod placeholder;

mod foreign;
mod options;
mod quoted;

mod pattern;

mod accepts;
mod regex;

mod converter;
mod error;

mod escape;
mod suggest;

// The public interface is:
pub use crate::build::BuildError;
pub use crate::converter::{Converter, FloatOptions, IntOptions, StringOptions};
pub use crate::error::ParseError;
pub use crate::pattern::{MAX_PLACEHOLDERS, Part, Pattern, Placeholder, Segment};
