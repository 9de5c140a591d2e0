//! What a program would do, worked out without doing it: the checks of `serve` and `check`.

use std::fmt;

use super::{
    advice,
    application::{App, Root},
    hooks::Hooks,
    program::Program,
    providers::Order,
    start::Start,
};
use crate::{
    context::Context,
    finding::{Finding, Kind, Severity, Spot, counted},
    messages::Handlers,
    place::Place,
    registry::{Registry, Requirement, Route, WsgiApp},
    router::{RouteLine, Router, RouterService},
    settings::{Resolved, Settings},
    wsgi,
};

/// Why a program does not start: everything that is wrong with it, or the provider that failed.
///
/// ```
/// use pulsar::Program;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let error = Program::new("shop", "1.0.0").client().await.unwrap_err();
/// assert!(error.to_string().starts_with("the application `shop` has no routes"));
/// # Ok(())
/// # }
/// # pulsar::testing::block_on(example()).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartError {
    pub(super) problems: Vec<String>,
}

impl StartError {
    pub(super) fn one(problem: impl fmt::Display) -> Self {
        Self { problems: vec![problem.to_string()] }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problems.join("\n"))
    }
}

impl std::error::Error for StartError {}

/// A program, ready to run or to be reported on.
pub(super) struct Plan {
    pub(super) applications: Vec<Planned>,
    pub(super) start: Start,
    /// What keeps it from starting, and with most purposes what somebody should look at.
    pub(super) findings: Vec<Finding>,
}

/// What a plan is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A program starts.
    Serve,
    /// It has been found to be right, and looks no more than it must.
    Work,
    /// The table of routes, and clients of tests: with what exists only in tests.
    Test,
    /// Everything, and everything that can be said of it.
    Check,
}

impl Purpose {
    fn has_tests(self) -> bool {
        matches!(self, Self::Test | Self::Check)
    }

    fn has_advice(self) -> bool {
        matches!(self, Self::Serve | Self::Check)
    }
}

/// An application, ready to be given its state.
pub(super) struct Planned {
    pub(super) app: App,
    pub(super) settings: Settings,
    pub(super) routes: Vec<(RouteLine, Option<Listed>)>,
    /// Missing if its routes are wrong.
    pub(super) served: Option<Served>,
}

/// What is known of a line of the table beside what it shows.
#[derive(Clone, Copy)]
pub(super) enum Listed {
    Route(Route),
    Callable { doc: &'static str, is_blocking: bool },
    Files,
}

impl Listed {
    fn of_wsgi(app: &WsgiApp) -> Self {
        Self::Callable { doc: app.doc_comment(), is_blocking: app.application().is_blocking() }
    }

    pub(super) fn doc_comment(&self) -> &'static str {
        match self {
            Self::Route(route) => route.doc_comment(),
            Self::Callable { doc, .. } => doc,
            Self::Files => "",
        }
    }

    pub(super) fn is_blocking(&self) -> bool {
        match self {
            Self::Route(route) => route.is_blocking(),
            Self::Callable { is_blocking, .. } => *is_blocking,
            // They are read by threads of their own.
            Self::Files => false,
        }
    }

    pub(super) fn requirements(&self) -> Vec<Requirement> {
        match self {
            Self::Route(route) => route.requirements(),
            Self::Callable { .. } | Self::Files => Vec::new(),
        }
    }
}

/// What an application is, before it has its state.
pub(super) enum Served {
    Router(RouterService),
    /// A WSGI callable alone, which gets every request as it is.
    Callable(wsgi::Application),
}

impl Plan {
    pub(super) fn of(program: &Program, resolved: &Resolved, purpose: Purpose) -> Self {
        let registry = Registry::of(&program.crates);
        let registry = if purpose.has_tests() { registry } else { registry.without_tests() };
        let (providers, mut findings) = Order::of(&registry.providers, &program.given);
        findings.extend(providers.missing_for(registry.asking()));
        let (handlers, doubled) = Handlers::of(&registry);
        findings.extend(doubled);
        if purpose.has_advice() {
            findings.extend(providers.unused(registry.asking()));
            findings.extend(advice::of(program, &registry));
        }
        let start = Start { providers, hooks: Hooks::of(&registry), handlers };
        let apps: Vec<_> = program.apps().collect();
        let applications = apps.iter().enumerate().map(|(n, app)| {
            let settings = resolved.application(&app.name).unwrap_or(resolved.first()).settings.clone();
            let mine = |place: Place| owner(&apps, place) == n;
            Planned::of(program, app, settings, &registry, mine, purpose, &mut findings)
        });
        let applications = applications.collect();
        Self { applications, start, findings }
    }

    /// What keeps it from starting.
    pub(super) fn problems(&self) -> impl Iterator<Item = &Finding> {
        self.of_severity(Severity::Error)
    }

    /// What it can start with, but has no effect.
    pub(super) fn warnings(&self) -> impl Iterator<Item = &Finding> {
        self.of_severity(Severity::Warning)
    }

    fn of_severity(&self, severity: Severity) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.severity() == severity)
    }
}

impl Planned {
    /// Gives an application what is registered for it.
    fn of(
        program: &Program,
        app: &App,
        settings: Settings,
        registry: &Registry,
        mine: impl Fn(Place) -> bool,
        purpose: Purpose,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let mut router = app.router.clone().strict_slashes(settings.strict_slashes);
        let mut entries = vec![None; router.routes().count()];
        for (route, scope) in registry.routes.iter().filter(|(route, _)| mine(route.place())) {
            router = router.add_registered(route, *scope);
            entries.push(Some(Listed::Route(*route)));
        }
        let mut roots = Vec::from_iter(app.callable.clone());
        let mut lines = Vec::new();
        let unnamed = registry.wsgi_apps.iter().filter(|(wsgi, _)| wsgi.own_name().is_none());
        for (wsgi, scope) in unnamed.filter(|(wsgi, _)| mine(wsgi.place())) {
            match (wsgi.path(), scope) {
                (None, None) => roots.push(Root::of(wsgi)),
                (path, scope) => {
                    let rule =
                        format!("{}{}", scope.map_or("", |scope| scope.prefix), path.unwrap_or_default());
                    let line = RouteLine::of_mount(rule, wsgi.function_path(), wsgi.place().to_string());
                    lines.push((line, Some(Listed::of_wsgi(wsgi))));
                    router = router.mount_registered(wsgi, *scope);
                }
            }
        }
        for (files, scope) in registry.static_files.iter().filter(|(files, _)| mine(files.place())) {
            let line = RouteLine::of_files(files, *scope);
            match (files.open(), roots.first()) {
                (Err(problem), _) => findings.push(problem),
                (Ok(_), Some(root)) if line.rule == "/" => {
                    let message = "a folder and a WSGI callable both get what no route matches";
                    let finding =
                        Finding::new(Kind::TwoMounts, message).help("give one of them another path");
                    let spot = Spot::new(files.place()).function(files.to_string());
                    findings.push(finding.at(spot).at(root.spot()));
                }
                (Ok(opened), _) => router = router.mount_files(files, *scope, opened),
            }
            lines.push((line, Some(Listed::Files)));
        }
        if roots.len() > 1 {
            let message =
                format!("{} WSGI callables are the application `{}`", counted(roots.len()), app.name);
            let help = "give one of them a path, as in `#[wsgi_app(\"/path\")]`, or a name, which makes it an application of its own";
            let spots = roots.iter().map(Root::spot);
            findings.push(Finding::new(Kind::TwoMounts, message).help(help).at_all(spots));
        }
        let root = roots.into_iter().next();
        // What is listed and could not be opened has been reported.
        if root.is_none() && router.is_empty() && lines.is_empty() {
            findings.push(no_routes(program, app, registry));
        }
        let is_bare = router.is_bare();
        let mut routes: Vec<_> = router.routes().zip(entries).collect();
        let served = match root {
            Some(root) => {
                let listed = Listed::Callable { doc: root.doc, is_blocking: root.application.is_blocking() };
                let line =
                    RouteLine::of_mount("/".to_owned(), root.function.clone(), root.source.to_string());
                lines.push((line, Some(listed)));
                if is_bare {
                    Some(Served::Callable(root.application))
                } else {
                    router = router.mount_root(root.application, root.function, root.source);
                    compile(router, &settings, purpose, findings).map(Served::Router)
                }
            }
            None => compile(router, &settings, purpose, findings).map(Served::Router),
        };
        routes.extend(lines);
        Self { app: app.clone(), settings, routes, served }
    }
}

fn compile(
    router: Router,
    settings: &Settings,
    purpose: Purpose,
    findings: &mut Vec<Finding>,
) -> Option<RouterService> {
    let context = match Context::new(settings.clone()) {
        Ok(context) => context,
        Err(error) => {
            let message = format!("the thread pool cannot be made: {error}");
            findings.push(Finding::new(Kind::System, message));
            return None;
        }
    };
    let advice = if purpose.has_advice() { router.advice() } else { Vec::new() };
    let compiled = router.compile(context).map_err(|errors| findings.extend(errors.into_findings())).ok();
    findings.extend(advice);
    compiled
}

/// The application that has asked for the module of a place, most exactly; else the first.
fn owner(apps: &[&App], place: Place) -> usize {
    let mut best = (0, 0);
    for (n, app) in apps.iter().enumerate() {
        for (module, _) in &app.modules {
            if place.is_within(module) && module.len() > best.1 {
                best = (n, module.len());
            }
        }
    }
    best.0
}

/// An empty application is nearly always a mistake; this says which ones it may be.
fn no_routes(program: &Program, app: &App, registry: &Registry) -> Finding {
    let mut finding = Finding::new(Kind::NoRoutes, format!("the application `{}` has no routes", app.name));
    let names = |names: &mut dyn Iterator<Item = &str>| {
        names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    if app.modules.is_empty() {
        let crates = names(&mut program.crates.iter().map(String::as_str));
        finding = finding
            .note(format!("no function of {crates} that belongs to it has `#[get(\"/..\")]` or the like"))
            .note("routes of a library, also of this package's own, are mounted if it is named: `pulsar::main! { crates: [name] }`");
    } else {
        let modules = names(&mut app.modules.iter().map(|(module, _)| module.as_str()));
        finding =
            finding.note(format!("no function in {modules} or below has `#[get(\"/..\")]` or the like"));
    }
    for (name, spots) in &registry.unmounted {
        finding = finding.note(format!("`{name}` is linked and has {}, but is not named", spots.len()));
    }
    finding.at(Spot::new(app.source))
}
