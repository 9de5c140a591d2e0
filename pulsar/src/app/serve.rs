//! The command `serve`: bind everything, start everything, then accept.

use tokio::sync::watch;

use super::{
    commands::complain,
    logging,
    plan::{Plan, Planned, Served, StartError},
    program::Program,
    start::Start,
};
use crate::{
    cluster::Cluster,
    context::Context,
    middleware::{BoxService, into_infallible},
    server::{self, Address, Bound, Server, ServerConfig, Shutdown, Stop, serve_all, signals},
    settings::{AccessLog, Bind, Host, LogFormat, Resolved, Settings},
    worker::Worker,
};

/// An address could not be bound, or a thread not be started.
const FAILED: u8 = 1;
/// An application could not start.
const NOT_STARTED: u8 = 3;
/// Cut short by a second interrupt.
const FORCED: u8 = 130;

pub(super) fn run(program: &Program, plan: Plan, resolved: &Resolved, ignored: &[String]) -> u8 {
    logging::set_up(&resolved.first().settings);
    for variable in ignored {
        tracing::warn!("the environment variable {variable} is no setting and has no effect");
    }
    for warning in &plan.warnings {
        tracing::warn!("{warning}");
    }
    if !plan.problems.is_empty() {
        for problem in &plan.problems {
            complain(format_args!("error: {problem}"));
        }
        complain(format_args!("pulsar: {} cannot start", program.name()));
        return NOT_STARTED;
    }
    let hooks = plan.start.hooks.clone();
    hooks.starting();
    let code = serve(program, plan.applications, plan.start);
    hooks.exit(code);
    code
}

fn serve(program: &Program, applications: Vec<Planned>, start: Start) -> u8 {
    let mut bound = Vec::new();
    let mut failures = Vec::new();
    for planned in applications {
        match Server::bind(config(&planned.settings)) {
            Ok(sockets) => bound.push((planned, sockets)),
            Err(error) => failures.extend_from_slice(error.failures()),
        }
    }
    if !failures.is_empty() {
        for failure in &failures {
            complain(format_args!("error: {failure}"));
        }
        return FAILED;
    }
    let shutdown = Shutdown::new();
    if let Err(error) = signals(shutdown.clone()) {
        complain(format_args!("error: signals cannot be received: {error}"));
        return FAILED;
    }
    match serve_all(move || start_all(bound, start), shutdown) {
        Ok(summary) if summary.stop == Stop::Forced => FORCED,
        Ok(summary) => {
            match summary.cut {
                0 => {}
                1 => tracing::warn!("1 connection was cut at the deadline"),
                cut => tracing::warn!("{cut} connections were cut at the deadline"),
            }
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

/// Starts every application, and says so once all of them are ready.
async fn start_all(
    bound: Vec<(Planned, Bound)>,
    start: Start,
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
        applications.push(if planned.app.layers.is_empty() {
            // It is served as it is, without a box around it.
            match planned.served.ok_or_else(unplanned)? {
                Served::Router(router) => sockets.with(router.with_context(context)),
                Served::Callable(application) => sockets.with(application.service(context)),
            }
        } else {
            sockets.with(service(planned, context)?)
        });
    }
    for line in lines {
        complain(line);
    }
    start.hooks.when_ready();
    let applications = applications.into_iter().zip(contexts).map(|(application, context)| {
        // The one worker of an application is the one that runs what is run once.
        start.hooks.spawn_tasks(&context, watch::Sender::new(true).subscribe());
        let hooks = start.hooks.clone();
        application.on_stop(async move { hooks.worker_stopping(&context).await })
    });
    Ok(applications.collect())
}

/// Gives an application its state and its layers.
pub(super) async fn start(planned: Planned, start: &Start) -> Result<BoxService, StartError> {
    let context = context(&planned, start, cluster_of(&planned)).await?;
    service(planned, context)
}

/// What the only worker of an application sees of others.
fn cluster_of(planned: &Planned) -> Cluster {
    Cluster::alone(Worker::new(planned.app.name.as_str(), 0, 1))
}

async fn context(planned: &Planned, start: &Start, cluster: Cluster) -> Result<Context, StartError> {
    start.context(planned.settings.clone(), cluster).await.map_err(StartError::one)
}

fn service(planned: Planned, context: Context) -> Result<BoxService, StartError> {
    let service = match planned.served.ok_or_else(unplanned)? {
        Served::Router(router) => into_infallible(router.with_context(context)),
        Served::Callable(application) => into_infallible(application.service(context)),
    };
    Ok(planned.app.wrap(service))
}

/// A plan without problems has a service for every application; one with problems is never started.
fn unplanned() -> StartError {
    StartError::one("an application with wrong routes was started; please report this")
}

fn config(settings: &Settings) -> ServerConfig {
    ServerConfig {
        binds: settings.bind.iter().map(address).collect(),
        threads: settings.event_loops(),
        backlog: settings.backlog,
        keep_alive: settings.keep_alive,
        graceful_timeout: settings.graceful_timeout,
        max_body: settings.max_body.bytes(),
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

fn address(bind: &Bind) -> Address {
    match bind {
        Bind::Tcp { host, port } => {
            let host = match host {
                Host::All => String::new(),
                Host::Ip(ip) => ip.to_string(),
                Host::Name(name) => name.clone(),
            };
            Address::Tcp(host, *port)
        }
        Bind::Unix(path) => Address::Unix(path.clone()),
    }
}
