//! The command `serve`: under an arbiter, or in this process alone.

use std::{path::PathBuf, sync::Arc};

use tokio::sync::watch;

use super::{
    commands::{complain, complain_of},
    hooks::Hooks,
    logging, open_files,
    plan::{Plan, Planned, StartError},
    program::Program,
    service::AnyService,
    start::Start,
    tls,
};
use crate::{
    arbiter::{self, Alone},
    cluster::Cluster,
    context::Context,
    middleware::{BoxService, into_infallible},
    server::{
        self, Bound, Foreign, LogFile, ServerConfig, Shutdown, Stop, Summary, open_log, serve_all,
        signals_and_reopen,
    },
    settings::{AccessLog, Concurrency, LogFormat, Resolved, Settings, without_limits},
    task,
    worker::Worker,
};

/// An address could not be bound, or a thread not be started.
const FAILED: u8 = 1;
/// A setting cannot be followed.
pub(super) const WRONG: u8 = 2;
/// An application could not start.
pub(super) const NOT_STARTED: u8 = 3;
/// Cut short by a second interrupt.
const FORCED: u8 = 130;

/// Serves until the program is told to stop. Gives the exit code.
pub(super) fn run(
    program: &Program,
    plan: Plan,
    resolved: &Resolved,
    ignored: &[String],
    host: &dyn arbiter::Host,
) -> u8 {
    logging::set_up(&resolved.first().settings);
    for variable in ignored {
        tracing::warn!("the environment variable {variable} is no setting and has no effect");
    }
    match tls::check(resolved) {
        Ok(warnings) => warn_of(&warnings),
        Err(problems) => {
            complain_of("error", &problems);
            return WRONG;
        }
    }
    let warnings: Vec<_> = plan.warnings().map(ToString::to_string).collect();
    warn_of(&warnings);
    if plan.problems().next().is_some() {
        for problem in plan.problems() {
            complain(format_args!("error: {problem}"));
        }
        complain(format_args!("pulsar: {} cannot start", program.name()));
        return NOT_STARTED;
    }
    for planned in &plan.applications {
        let away = without_limits(&planned.settings);
        if !away.is_empty() {
            tracing::info!(app = planned.app.name, "without limits: {}", away.join(", "));
        }
    }
    if is_alone(&resolved.first().settings) {
        let hooks = plan.start.hooks.clone();
        hooks.starting();
        let code = serve(program, plan.applications, plan.start);
        hooks.exit(code);
        return code;
    }
    let apps = plan.applications.iter().map(|planned| (planned.app.name.clone(), planned.settings.clone()));
    let apps = apps.collect();
    // What was found to be right is built again by each worker; the arbiter has no use for it.
    drop(plan);
    arbiter::run(host, apps)
}

/// Logs each of these lines.
pub(super) fn warn_of(warnings: &[String]) {
    for warning in warnings {
        tracing::warn!("{warning}");
    }
}

/// Whether a program with these settings has no worker processes.
pub(super) fn is_alone(first: &Settings) -> bool {
    first.workers == 0 || first.concurrency == Concurrency::Thread || !cfg!(unix)
}

/// Serves every application in this process.
fn serve(program: &Program, applications: Vec<Planned>, start: Start) -> u8 {
    let first = applications.first().map(|planned| planned.settings.clone()).unwrap_or_default();
    let apps: Vec<_> =
        applications.iter().map(|planned| (planned.app.name.clone(), planned.settings.clone())).collect();
    open_files::make_room(apps.iter().map(|(_, settings)| settings));
    // As the user who starts the program, who may read what others may not.
    let read: Result<Vec<_>, _> = applications.iter().map(|planned| tls::read(&planned.settings)).collect();
    let encryptions = match read {
        Ok(encryptions) => encryptions,
        Err(problems) => {
            complain_of("error", &problems);
            return WRONG;
        }
    };
    let (alone, opened) = match Alone::prepare(&first, &apps) {
        Ok(prepared) => prepared,
        Err((code, failures)) => {
            for failure in failures {
                complain(format_args!("error: {failure}"));
            }
            return code;
        }
    };
    let mut bound = Vec::new();
    let mut logs: Vec<(PathBuf, LogFile)> = Vec::new();
    for ((planned, opened), encryption) in applications.into_iter().zip(opened).zip(encryptions) {
        let config = config(&planned.settings);
        match Bound::inherited(config, opened.sockets, opened.log, encryption) {
            Ok(sockets) => {
                if let (AccessLog::File(path), Some(file)) =
                    (&planned.settings.access_log, sockets.log_file())
                {
                    logs.push((path.clone(), file));
                }
                bound.push((planned, sockets));
            }
            Err(failure) => {
                complain(format_args!("error: {failure}"));
                return FAILED;
            }
        }
    }
    let shutdown = Shutdown::new();
    let reopen = move || {
        for (path, log) in &logs {
            match open_log(path) {
                Ok(file) => log.replace(file),
                Err(failure) => tracing::error!("{failure}; the log goes on in the old file"),
            }
        }
    };
    if let Err(error) = signals_and_reopen(shutdown.clone(), Box::new(reopen)) {
        complain(format_args!("error: signals cannot be received: {error}"));
        return FAILED;
    }
    let alone = Arc::new(alone);
    let ready = Arc::clone(&alone);
    match serve_all(move || start_all(bound, start, ready), shutdown) {
        Ok(summary) if summary.stop == Stop::Forced => FORCED,
        Ok(summary) => {
            tell_cut(&summary);
            0
        }
        Err(server::ServeError::Start(error)) => {
            for problem in &error.problems {
                complain(format_args!("error: {problem}"));
            }
            complain(format_args!("pulsar: {} cannot start", program.name()));
            NOT_STARTED
        }
        Err(error) => {
            complain(format_args!("error: {error}"));
            FAILED
        }
    }
}

/// Says how many connections did not end in time.
pub(super) fn tell_cut(summary: &Summary) {
    match summary.cut {
        0 => {}
        1 => tracing::warn!("1 connection was cut at the deadline"),
        cut => tracing::warn!("{cut} connections were cut at the deadline"),
    }
}

/// Starts every application, and says so once all of them are ready.
async fn start_all(
    bound: Vec<(Planned, Bound)>,
    start: Start,
    alone: Arc<Alone>,
) -> Result<Vec<server::Application>, StartError> {
    let (mut applications, mut contexts) = (Vec::new(), Vec::new());
    let mut lines = Vec::new();
    let clusters: Vec<_> = bound.iter().map(|(planned, _)| cluster_of(planned)).collect();
    Cluster::introduce(&clusters);
    for ((planned, sockets), cluster) in bound.into_iter().zip(clusters) {
        lines.extend(
            sockets
                .addresses()
                .iter()
                .map(|address| format!("pulsar: {} listening on {address}", planned.app.name)),
        );
        let context = context(&planned, &start, cluster).await?;
        contexts.push(context.clone());
        applications.push(application(planned, sockets, context)?);
    }
    for line in lines {
        complain(line);
    }
    alone.ready();
    let watched = Arc::clone(&alone);
    task::spawn(async move { watched.keep_alive().await });
    start.hooks.when_ready();
    let applications = applications.into_iter().zip(contexts).map(|(application, context)| {
        // The one worker of an application is the one that runs what is run once.
        start.hooks.spawn_tasks(&context, watch::Sender::new(true).subscribe());
        let (hooks, alone) = (start.hooks.clone(), Arc::clone(&alone));
        application.on_stop(async move {
            alone.stopping(context.settings().graceful_timeout + context.settings().drain_delay);
            hooks.worker_stopping(&context).await;
        })
    });
    Ok(applications.collect())
}

/// Pairs an application that has its state with the sockets that it is served on.
pub(super) fn application(
    planned: Planned,
    sockets: Bound,
    context: Context,
) -> Result<server::Application, StartError> {
    let service = if planned.app.layers.is_empty() {
        // It is served as it is, without a box around it.
        AnyService::new(planned.served.ok_or_else(unplanned)?, context)
    } else {
        AnyService::Layered(Foreign(service(planned, context)?))
    };
    Ok(sockets.with_answers(service))
}

/// An application that has its state, alone in this process, where nobody serves it yet.
pub(crate) struct Started {
    pub(crate) service: BoxService,
    pub(crate) context: Context,
    hooks: Hooks,
}

impl Started {
    /// How a server would serve it, but for TLS.
    pub(crate) fn server_config(&self) -> ServerConfig {
        ServerConfig { tls: None, ..config(self.context.settings()) }
    }

    /// Runs what is to be run when a worker stops.
    pub(crate) async fn stop(&self) {
        self.hooks.worker_stopping(&self.context).await;
    }
}

/// Gives an application its state and its layers.
pub(super) async fn start(planned: Planned, start: &Start) -> Result<Started, StartError> {
    let context = context(&planned, start, cluster_of(&planned)).await?;
    let service = service(planned, context.clone())?;
    Ok(Started { service, context, hooks: start.hooks.clone() })
}

/// What the only worker of an application sees of others.
fn cluster_of(planned: &Planned) -> Cluster {
    Cluster::alone(Worker::new(planned.app.name.as_str(), 0, 1))
}

async fn context(planned: &Planned, start: &Start, cluster: Cluster) -> Result<Context, StartError> {
    start.context(planned.settings.clone(), cluster).await.map_err(StartError::one)
}

fn service(planned: Planned, context: Context) -> Result<BoxService, StartError> {
    let service = AnyService::new(planned.served.ok_or_else(unplanned)?, context);
    Ok(planned.app.wrap(into_infallible(service)))
}

/// A plan without problems has a service for every application; one with problems is never started.
fn unplanned() -> StartError {
    StartError::one("an application with wrong routes was started; please report this")
}

pub(super) fn config(settings: &Settings) -> ServerConfig {
    ServerConfig {
        binds: Vec::new(),
        threads: settings.event_loops(),
        backlog: settings.backlog,
        keep_alive: settings.keep_alive,
        heartbeat: arbiter::heartbeat(settings),
        drain_delay: settings.drain_delay,
        graceful_timeout: settings.graceful_timeout,
        max_target: settings.max_target,
        max_head: settings.max_head,
        max_headers: settings.max_headers,
        max_body: settings.max_body.bytes(),
        body_timeout: settings.body_timeout.time(),
        allowed_hosts: settings.allowed_hosts.clone(),
        trusted_proxies: settings.trusted_proxies.clone(),
        forwarded_headers: settings.forwarded_headers,
        proxy_protocol: settings.proxy_protocol.clone(),
        head_timeout: settings.head_timeout.time(),
        preface_timeout: settings.preface_timeout.time(),
        write_timeout: settings.write_timeout.time(),
        min_rate: settings.min_rate.bytes_per_second(),
        max_connections: settings.max_connections.most(),
        max_connection_requests: settings.max_connection_requests.most(),
        max_connection_age: settings.max_connection_age.time(),
        http2: settings.http2,
        h2_max_streams: settings.h2_max_streams,
        h2_stream_window: settings.h2_stream_window,
        h2_connection_window: settings.h2_connection_window,
        h2_ping_interval: settings.h2_ping_interval.time(),
        h2_ping_timeout: settings.h2_ping_timeout,
        h2_max_resets: settings.h2_max_resets,
        tls: tls::config(settings),
        access_log: match &settings.access_log {
            AccessLog::Off => server::AccessLog::Off,
            AccessLog::Stdout => server::AccessLog::Stdout,
            AccessLog::File(path) => server::AccessLog::File(path.clone()),
        },
        access_log_format: match settings.log_format {
            LogFormat::Text => server::AccessLogFormat::Text,
            LogFormat::Json => server::AccessLogFormat::Json,
        },
        ..ServerConfig::default()
    }
}
