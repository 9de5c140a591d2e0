//! What a worker process does: it serves the application that the arbiter names, with the settings that it was handed.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use tokio::sync::{mpsc, oneshot};

use super::{
    logging, open_files,
    plan::{Plan, Planned, Purpose, StartError},
    program::Program,
    serve::{NOT_STARTED, application, config, tell_cut},
    start::Start,
    tls,
};
use crate::{
    arbiter::{Assignment, Booted, Incoming, LastWords, Link},
    cluster::{Cluster, Refusal},
    pool::panic_message,
    server::{Application, Bound, Encryption, ServeError, Shutdown, Stop, serve_seated},
    settings::Resolved,
    task,
};

/// The exit code of a program that panicked, as Rust has it.
const PANICKED: u8 = 101;
/// Cut short.
const FORCED: u8 = 1;

/// Serves until the arbiter says otherwise, or is gone. Gives the exit code.
pub(super) fn run(program: &Program, booted: Box<Booted>) -> u8 {
    let settings = booted.settings.clone();
    logging::set_up(&settings);
    open_files::make_room([&settings]);
    // Before it becomes somebody else, who may not read the keys.
    let encryption = tls::read(&settings);
    if let Err(why) = booted.assume_identity() {
        tracing::error!("{why}");
        return NOT_STARTED;
    }
    let app = booted.worker.app().to_owned();
    let shutdown = Shutdown::new();
    let (link, assignment) = match booted.listen(shutdown.clone()) {
        Ok(listening) => listening,
        Err(error) => {
            tracing::error!("the system refuses what a worker needs: {error}");
            return NOT_STARTED;
        }
    };
    let link = Arc::new(link);
    let served = catch_unwind(AssertUnwindSafe(|| {
        let encryption = encryption.map_err(|problems| problems.join("\n"))?;
        let resolved = Resolved::from_parts(vec![(app.clone(), settings)]);
        let plan = Plan::of(program, &resolved, Purpose::Work);
        serve(plan, &app, Arc::clone(&link), assignment, encryption, shutdown)
    }));
    match served {
        Ok(Ok(code)) => code,
        Ok(Err(why)) => {
            link.last_words(LastWords::NotStarted(why));
            NOT_STARTED
        }
        Err(panic) => {
            link.last_words(LastWords::Panicked(panic_message(&*panic)));
            PANICKED
        }
    }
}

fn serve(
    plan: Plan,
    app: &str,
    link: Arc<Link>,
    assignment: Assignment,
    encryption: Option<Arc<Encryption>>,
    shutdown: Shutdown,
) -> Result<u8, String> {
    let problems: Vec<_> = plan.problems().map(ToString::to_string).collect();
    let Plan { applications, start, .. } = plan;
    let planned = applications.into_iter().find(|planned| planned.app.name == app);
    let planned = planned.ok_or_else(|| format!("this program has no application `{app}`"))?;
    if !problems.is_empty() {
        return Err(problems.join("\n"));
    }
    let seat = assignment.seat.clone();
    let start = move || begin(planned, start, link, assignment, encryption);
    match serve_seated(start, shutdown, Some(seat)) {
        Ok(summary) => {
            tell_cut(&summary);
            Ok(if summary.stop == Stop::Forced { FORCED } else { 0 })
        }
        Err(ServeError::Start(error)) => Err(error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// Gives the application its state, and says that it is ready.
async fn begin(
    planned: Planned,
    start: Start,
    link: Arc<Link>,
    assignment: Assignment,
    encryption: Option<Arc<Encryption>>,
) -> Result<Vec<Application>, StartError> {
    let Assignment { cluster, messages, settings, sockets, log, .. } = assignment;
    let bound = Bound::inherited(config(&settings), sockets, log, encryption).map_err(StartError::one)?;
    let log = bound.log_file();
    let context = start.context(settings, cluster.clone()).await.map_err(StartError::one)?;
    let application = application(planned, bound, context.clone())?;
    start.hooks.spawn_tasks(&context, link.leader());
    task::spawn(pass_on(cluster, messages));
    link.ready(log).await;
    let hooks = start.hooks;
    Ok(vec![application.on_stop(async move { hooks.worker_stopping(&context).await })])
}

/// Has the handlers of this worker hear what others send.
async fn pass_on(cluster: Cluster, mut messages: mpsc::Receiver<Incoming>) {
    while let Some(Incoming { name, payload, answer }) = messages.recv().await {
        let (sender, answered) = oneshot::channel();
        let received = cluster.receive(name, payload, sender);
        match (answer, received) {
            (Some(answer), Err(refusal)) => answer.send(Err(refusal)).await,
            (Some(answer), Ok(())) => {
                task::spawn(async move { answer.send(answered.await.unwrap_or(Err(Refusal::Lost))).await });
            }
            (None, Err(refusal)) => tracing::warn!("a message of another worker was not taken: {refusal:?}"),
            // Nobody waits; a handler that fails is logged.
            (None, Ok(())) => {}
        }
    }
}
