//! URLs of routes: what [`url!`](macro@crate::url) makes, and how a handler learns what stands before its routes.
//!
//! A [`Url`] is a text that is already encoded; setters add a query and a fragment. [`Urls`] puts before it what was cut off
//! the path on its way here, and the origin. [`Redirect`] is an answer that leads to it.
//!
//! Not how a path is made of a rule and values: that is the router's business, forwards and backwards.
//!
//! Files, lower ones first: `error`, `text`, `value`; `redirect`, `urls`.

mod error;
mod redirect;
mod text;
mod urls;
mod value;

pub use self::{
    error::UrlError,
    redirect::Redirect,
    text::Url,
    urls::Urls,
    value::{UrlValue, UrlValues},
};
pub(crate) use self::{urls::InFallback, value::pairs};
