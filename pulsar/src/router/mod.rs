//! From a path to the handler that serves it.
//!
//! A [`Router`] is a list of routes, which the macros fill for a program and a person may fill by hand. Compiled, it is
//! a [`RouterService`]: a frozen table that matches by specificity, so that the order of registration never matters. The
//! router knows of no server; it is a `tower::Service` like any other application.
//!
//! Backwards, from a name or a function and values to a URL, goes `reverse`, on the same table.
//!
//! Files, lower ones first: `entry`, `errors`, `reply`, `rewrite`, `chunk`, `cell`; `mount`; `target`, `matcher`, `overlap`; `language`, `specificity`; `table`; `walk`, `find`; `trie`, `layout`; `lookup`, `reach`, `reverse`;
//! `names`; `service`, `wsgi`; `routes`; `typed`, `url_for`, `compile`, `advice`.

mod advice;
mod cell;
mod chunk;
mod compile;
mod entry;
mod errors;
mod find;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod language;
mod layout;
mod lookup;
mod matcher;
mod mount;
mod names;
mod overlap;
mod reach;
mod reply;
mod reverse;
mod rewrite;
mod routes;
mod service;
mod specificity;
mod table;
mod target;
#[cfg(test)]
mod tests;
mod trie;
mod typed;
mod url_for;
mod walk;
mod wsgi;

#[doc(hidden)]
pub use self::lookup::Lookup;
pub(crate) use self::service::RouteAnswer;
#[doc(hidden)]
pub use self::typed::UrlRoute;
pub use self::{
    errors::{RouteError, RouteErrors},
    routes::{RouteLine, Router},
    service::{RouteFuture, RouterService},
    typed::RouteUrl,
};
