//! What all applications of a program start with: providers, hooks, handlers of messages.
//!
//! It starts the state of a worker, not its service.

use super::{hooks::Hooks, providers::Order};
use crate::{body::BoxError, cluster::Cluster, context::Context, messages::Handlers, settings::Settings};

/// Shared by the applications of a program, and by those who run them.
#[derive(Clone)]
pub(super) struct Start {
    pub(super) providers: Order,
    pub(super) hooks: Hooks,
    pub(super) handlers: Handlers,
}

impl Start {
    /// The state of a worker: providers run, messages to itself find their handlers, then the hooks of `worker_start` run.
    ///
    /// # Errors
    ///
    /// Stops at the first provider or hook that fails, and says which one it was.
    pub(super) async fn context(&self, settings: Settings, cluster: Cluster) -> Result<Context, BoxError> {
        let context = self.providers.build(settings, cluster.clone()).await?;
        self.handlers.attach(&cluster, &context);
        self.hooks.worker_start(&context).await?;
        Ok(context)
    }
}
