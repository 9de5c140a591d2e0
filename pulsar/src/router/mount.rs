//! What is mounted at a prefix, and where it is told to be.

use std::sync::Arc;

use super::entry::Make;
use crate::{handler::Endpoint, middleware::BoxService, request::MountedAt};

pub(super) struct Mount {
    pub(super) target: MountTarget,
    /// The prefix as the rule has it, which is nearly always how it is sent: with nothing behind it, and with something.
    alone: Arc<MountedAt>,
    longer: Arc<MountedAt>,
}

impl Mount {
    pub(super) fn new(target: MountTarget, prefix: &str) -> Self {
        let prefix = prefix.trim_end_matches('/');
        let point = |added_slash| Arc::new(MountedAt::new(prefix.to_owned(), added_slash));
        Self { target, alone: point(true), longer: point(false) }
    }

    /// Where it is mounted for a request that had this prefix cut off, maybe in a router that is mounted itself.
    pub(super) fn point(&self, outer: Option<&MountedAt>, prefix: &str, added_slash: bool) -> Arc<MountedAt> {
        let usual = if added_slash { &self.alone } else { &self.longer };
        match outer {
            None if usual.as_str() == prefix => Arc::clone(usual),
            outer => {
                let outer = outer.map_or("", MountedAt::as_str);
                Arc::new(MountedAt::new([outer, prefix].concat(), added_slash))
            }
        }
    }
}

pub(super) enum MountTarget {
    Service(BoxService),
    /// One that was made for this state, and can be made for another.
    Made(Make, BoxService),
    Fallback(Endpoint),
}
