//! What a program would do, worked out without doing it: the checks of `serve` and `check`.

use std::{collections::BTreeMap, fmt};

use super::{
    application::{App, Root},
    hooks::Hooks,
    program::Program,
    providers::Order,
    start::Start,
};
use crate::{
    context::Context,
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
    /// What keeps it from starting.
    pub(super) problems: Vec<String>,
    /// What it can start with, but somebody should look at.
    pub(super) warnings: Vec<String>,
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
    pub(super) fn of(program: &Program, resolved: &Resolved) -> Self {
        let registry = Registry::of(&program.crates);
        let (providers, mut problems) = Order::of(&registry.providers, &program.given);
        problems.extend(providers.missing_for(registry.asking()));
        let (handlers, doubled) = Handlers::of(&registry);
        problems.extend(doubled);
        let start = Start { providers, hooks: Hooks::of(&registry), handlers };
        let apps: Vec<_> = program.apps().collect();
        let applications = apps.iter().enumerate().map(|(n, app)| {
            let settings = resolved.application(&app.name).unwrap_or(resolved.first()).settings.clone();
            let mine = |place: Place| owner(&apps, place) == n;
            Planned::of(program, app, settings, &registry, mine, &mut problems)
        });
        let applications = applications.collect();
        let warnings = dead(program, &registry);
        Self { applications, start, problems, warnings }
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
        problems: &mut Vec<String>,
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
                (Err(problem), _) => problems.push(problem),
                (Ok(_), Some(root)) if line.rule == "/" => problems.push(format!(
                    "a folder and a WSGI callable both get what no route matches; give one of them another path\n    \
                     {files}  at {}\n    {}  at {}",
                    files.place(),
                    root.function,
                    root.place
                )),
                (Ok(opened), _) => router = router.mount_files(files, *scope, opened),
            }
            lines.push((line, Some(Listed::Files)));
        }
        if let [first, second, ..] = &roots[..] {
            problems.push(format!(
                "two WSGI callables are the application `{}`; give one of them a path, as in \
                 `#[wsgi_app(\"/path\")]`, or a name, which makes it an application of its own\n    {}  at {}\n    {}  at {}",
                app.name, first.function, first.place, second.function, second.place
            ));
        }
        let root = roots.into_iter().next();
        // What is listed and could not be opened has been reported.
        if root.is_none() && router.is_empty() && lines.is_empty() {
            problems.push(no_routes(program, app, registry));
        }
        let is_bare = router.is_bare();
        let mut routes: Vec<_> = router.routes().zip(entries).collect();
        let served = match root {
            Some(root) => {
                let listed = Listed::Callable { doc: root.doc, is_blocking: root.application.is_blocking() };
                lines.push((RouteLine::of_mount("/".to_owned(), root.function, root.place), Some(listed)));
                if is_bare {
                    Some(Served::Callable(root.application))
                } else {
                    router = router.mount_application("/", root.application);
                    compile(router, &settings, problems).map(Served::Router)
                }
            }
            None => compile(router, &settings, problems).map(Served::Router),
        };
        routes.extend(lines);
        Self { app: app.clone(), settings, routes, served }
    }
}

fn compile(router: Router, settings: &Settings, problems: &mut Vec<String>) -> Option<RouterService> {
    let context = match Context::new(settings.clone()) {
        Ok(context) => context,
        Err(error) => {
            problems.push(format!("the thread pool cannot be made: {error}"));
            return None;
        }
    };
    match router.compile(context) {
        Ok(service) => Some(service),
        Err(errors) => {
            problems.extend(errors.iter().map(ToString::to_string));
            None
        }
    }
}

/// The application that has asked for the module of a place, most exactly; else the first.
fn owner(apps: &[&App], place: Place) -> usize {
    let mut best = (0, 0);
    for (n, app) in apps.iter().enumerate() {
        for module in &app.modules {
            if place.is_within(module) && module.len() > best.1 {
                best = (n, module.len());
            }
        }
    }
    best.0
}

/// An empty application is nearly always a mistake; this says which ones it may be.
fn no_routes(program: &Program, app: &App, registry: &Registry) -> String {
    let mut text = format!("the application `{}` has no routes\n    ", app.name);
    if app.modules.is_empty() {
        let crates: Vec<_> = program.crates.iter().map(|name| format!("`{name}`")).collect();
        text.push_str(&format!(
            "no function of {} that belongs to it has `#[get(\"/..\")]` or the like\n",
            crates.join(", ")
        ));
        text.push_str("    routes of a library, also of this package's own, are mounted if it is named: `pulsar::main! { crates: [name] }`");
    } else {
        text.push_str(&format!(
            "no function in `{}` or below has `#[get(\"/..\")]` or the like",
            app.modules.join("`, `")
        ));
    }
    for (name, count) in &registry.unmounted {
        text.push_str(&format!("\n    `{name}` is linked and has {count}, but is not named"));
    }
    text
}

/// Registrations that have no effect.
fn dead(program: &Program, registry: &Registry) -> Vec<String> {
    let mut warnings: Vec<_> = registry
        .unmounted
        .iter()
        .map(|(name, count)| {
            let routes = if *count == 1 { "route" } else { "routes" };
            format!("the crate `{name}` registers {count} {routes} that are not mounted; name it in `crates: [..]` if they should be")
        })
        .collect();
    for scope in &registry.scopes {
        let of_routes = registry.routes.iter().map(|(_, used)| used);
        let of_apps = registry.wsgi_apps.iter().map(|(_, used)| used);
        let of_files = registry.static_files.iter().map(|(_, used)| used);
        let mut used = of_routes.chain(of_apps).chain(of_files).flatten();
        if !used.any(|used| used.place == scope.place) {
            warnings
                .push(format!("the scope \"{}\" applies to no route\n    at {}", scope.prefix, scope.place));
        }
    }
    let mut modules: BTreeMap<&str, &str> = BTreeMap::new();
    for app in program.apps() {
        for module in &app.modules {
            if let Some(other) = modules.insert(module, &app.name) {
                warnings.push(format!(
                    "the routes of `{module}` are asked for by `{other}` and by `{}`",
                    app.name
                ));
            }
        }
    }
    warnings
}
