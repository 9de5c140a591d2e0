//! What is asked of requests and answers beyond what hyper asks, the same for HTTP/1.1 and HTTP/2.
//!
//! hyper parses, and everything here judges what it has parsed: [`judge`] a request before the application sees it, [`frame`] an
//! answer before a client does, [`RequestBody`] what comes in between. Each rule names the section of the RFC that it follows. The rule
//! of the folder: what two readers could understand in two ways is refused, never repaired.
//!
//! Files, lower ones first: `refusal`, `body`, `framing`; `host`, `coding`; `hosts`, `target`; `request`.

mod body;
mod coding;
mod framing;
#[cfg(any(test, fuzzing))]
pub(super) mod fuzz;
mod host;
mod hosts;
mod refusal;
mod request;
mod target;

pub(super) use self::{
    body::{BodyLimits, Failure, RequestBody},
    framing::{Asked, Framing, frame},
    hosts::Hosts,
    request::{Rules, Seen, judge},
};
