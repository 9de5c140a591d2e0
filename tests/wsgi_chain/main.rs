//! Chains of WSGI callables: who answers, who passes on, and what the next one sees.

mod answers;
mod layers;
mod lazy;
mod members;
mod order;
mod routers;
mod support;
