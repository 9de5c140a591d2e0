//! The list of routes, mounted services and a fallback: what the macros fill for a program, and a person by hand.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::Method;
use pulsar_pattern::{ParseError, Pattern};
use tower_service::Service;

use super::{
    entry::{Entry, MountEntry, Mounted},
    errors::RouteError,
    service::Render,
};
use crate::{
    body::{BoxError, Request},
    context::Context,
    files::Files,
    finding::Source,
    handler::{Endpoint, IntoHandler},
    middleware::{BoxService, into_infallible},
    problem::Problem,
    registry::{Route, Scope, StaticFiles, WsgiApp},
    wsgi::Application,
};

/// Routes, mounted services and a fallback, on their way to becoming an application.
///
/// Nothing here fails: what is wrong with rules, methods and prefixes is told all at once by [`compile`](Self::compile).
///
/// ```
/// use pulsar::{Method, Router, extract::Path, testing::Client};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let users = Router::new()
///     .add(Method::GET, "/", async || "everybody")
///     .add(Method::GET, "/<int:id>", async |Path(id): Path<u32>| format!("user {id}"));
/// let router = Router::new()
///     .add(Method::GET, "/", async || "home")
///     .nest("/users", users)
///     .fallback(async || (pulsar::http::StatusCode::NOT_FOUND, "nothing here"));
///
/// let client = Client::new(router.compile(Default::default())?);
/// client.get("/users/7").send().await.assert_text("user 7");
/// client.get("/nowhere").send().await.assert_status(404).assert_text("nothing here");
/// # Ok(())
/// # }
/// # pulsar::testing::block_on(example()).unwrap();
/// ```
#[derive(Clone)]
#[must_use]
pub struct Router {
    pub(super) routes: Vec<Entry>,
    pub(super) mounts: Vec<MountEntry>,
    pub(super) fallback: Option<(Endpoint, Source)>,
    pub(super) render: Option<Render>,
    pub(super) strict_slashes: bool,
    /// What was wrong when it was added, to be reported with the rest.
    pub(super) mistakes: Vec<RouteError>,
}

/// One line of the table of routes.
///
/// ```
/// use pulsar::{Method, Router};
/// let router = Router::new().add(Method::GET, "/<name>", async || "hello");
/// let line = router.routes().next().unwrap();
/// assert_eq!((line.methods, line.rule), (vec!["GET".to_owned()], "/<name>".to_owned()));
/// assert_eq!(line.function, None, "a closure has no path");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RouteLine {
    /// The methods that were registered, in upper case.
    pub methods: Vec<String>,
    /// The rule, with all prefixes.
    pub rule: String,
    /// The name that the route was given, or that of its function.
    pub name: Option<String>,
    /// The path of the function, if a macro registered it; for static files the macro as it was called.
    pub function: Option<String>,
    /// `file:line` of the registration.
    pub place: String,
    /// Whether it is there in tests alone: see [`Program::check`](crate::Program::check).
    pub only_in_tests: bool,
}

impl RouteLine {
    /// The line of an application that answers everything below a path.
    pub(crate) fn of_mount(rule: String, function: String, place: String) -> Self {
        Self {
            methods: vec!["*".to_owned()],
            rule,
            name: None,
            function: Some(function),
            place,
            only_in_tests: false,
        }
    }

    /// The line of static files below a path.
    pub(crate) fn of_files(files: &StaticFiles, scope: Option<Scope>) -> Self {
        Self {
            methods: vec!["GET".to_owned(), "HEAD".to_owned()],
            rule: scoped(scope, files.path()),
            name: None,
            function: Some(files.to_string()),
            place: files.place().to_string(),
            only_in_tests: false,
        }
    }
}

impl Default for Router {
    fn default() -> Self {
        Self::new()
    }
}

impl Router {
    /// A router without routes.
    ///
    /// ```
    /// assert_eq!(pulsar::Router::new().routes().count(), 0);
    /// ```
    pub fn new() -> Self {
        Self {
            routes: Vec::new(),
            mounts: Vec::new(),
            fallback: None,
            render: None,
            strict_slashes: true,
            mistakes: Vec::new(),
        }
    }

    /// Adds a route: an `async` function of extractors for a method and a rule.
    ///
    /// ```
    /// use pulsar::{Method, Router};
    /// let purge = Method::from_bytes(b"PURGE").unwrap();
    /// let router = Router::new().add(purge, "/cache/<path:key>", async || "gone");
    /// assert_eq!(router.routes().next().unwrap().methods, ["PURGE"]);
    /// ```
    #[track_caller]
    pub fn add<H, Args>(self, method: Method, rule: &str, handler: H) -> Self
    where
        H: IntoHandler<Args>,
        Args: 'static,
    {
        let source = Source::caller();
        let parsed = Pattern::parse(rule);
        self.push(source, parsed, |pattern| Entry {
            methods: vec![method],
            pattern,
            endpoint: Endpoint::from_closure(handler),
            name: None,
            is_named: false,
            function: None,
            source,
            place: None,
            only_in_tests: false,
        })
    }

    /// Adds a route that a macro registered, with the prefix of its scope.
    pub(crate) fn add_registered(self, route: &Route, scope: Option<Scope>) -> Self {
        let source = Source::from(route.place());
        let mut methods = Vec::new();
        for &method in route.methods() {
            // The attribute has checked that it is a method.
            methods.extend(Method::from_bytes(method.as_bytes()));
        }
        let parsed = in_scope(Pattern::parse(route.rule()), scope);
        self.push(source, parsed, |pattern| Entry {
            methods,
            pattern,
            endpoint: Endpoint::Generated { handler: route.handler, needs: route.handler.needs() },
            name: Some(route.route_name().to_owned()),
            is_named: route.name.is_some(),
            function: Some(route.function_path()),
            source,
            place: Some(route.place()),
            only_in_tests: route.is_only_in_tests(),
        })
    }

    /// Adds the routes of another router below a prefix, and its fallback for what is below it and matches no rule.
    ///
    /// The prefix is a rule of literal text. How errors are rendered is up to the outer router.
    ///
    /// ```
    /// use pulsar::{Method, Router};
    /// let api = Router::new().add(Method::GET, "/users", async || "all");
    /// let router = Router::new().nest("/api", api);
    /// assert_eq!(router.routes().next().unwrap().rule, "/api/users");
    /// ```
    #[track_caller]
    pub fn nest(mut self, prefix: &str, other: Self) -> Self {
        let source = Source::caller();
        self.mistakes.extend(other.mistakes);
        let prefix = match parse_prefix(prefix) {
            Ok(prefix) => prefix,
            Err(problem) => {
                self.mistakes.push(RouteError::bad_prefix(prefix, &problem, source));
                return self;
            }
        };
        for entry in other.routes {
            let parsed = entry.pattern.prefixed(&prefix);
            let source = entry.source;
            self = self.push(source, parsed, |pattern| Entry { pattern, ..entry });
        }
        for mount in other.mounts {
            match mount.prefix.prefixed(&prefix) {
                Ok(prefix) => self.mounts.push(MountEntry { prefix, ..mount }),
                Err(error) => self.mistakes.push(RouteError::bad_rule(&error, mount.source)),
            }
        }
        if let Some((fallback, source)) = other.fallback {
            let target = Mounted::Fallback(fallback);
            self.mounts.push(MountEntry { prefix, target, function: None, is_files: false, source });
        }
        self
    }

    /// Mounts any service below a prefix: an axum router, a tower-http `ServeDir`, another application.
    ///
    /// It gets what no rule below the prefix matches, with any method, and sees the path without the prefix. It stands
    /// where a rule `PREFIX/<path:rest>` would: before a less specific rule such as `/<path:page>`. What it fails with is
    /// logged and answered with 500.
    ///
    /// ```
    /// use pulsar::{Request, Response, Router, testing::Client};
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let service = tower::service_fn(async |request: Request| {
    ///     Ok::<_, std::convert::Infallible>(Response::new(request.uri().path().to_owned()))
    /// });
    /// let client = Client::new(Router::new().mount("/old", service).compile(Default::default())?);
    /// client.get("/old/a/b").send().await.assert_text("/a/b");
    /// # Ok(())
    /// # }
    /// # pulsar::testing::block_on(example()).unwrap();
    /// ```
    #[track_caller]
    pub fn mount<S, B>(mut self, prefix: &str, service: S) -> Self
    where
        S: Service<Request, Response = http::Response<B>, Error: Into<BoxError>, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let source = Source::caller();
        self.push_mount(source, prefix, Mounted::Service(into_infallible(service)), None, false);
        self
    }

    /// Mounts a service that needs the state of the worker, such as a WSGI application: it is made once per worker.
    ///
    /// ```
    /// use pulsar::{Router, testing::Client, wsgi::{self, Application, Environ, IntoBody, StartResponse}};
    ///
    /// async fn legacy(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    ///     let text = format!("{} of {}", environ.get("PATH_INFO").unwrap(), environ.get("SCRIPT_NAME").unwrap());
    ///     start_response("200 OK", &[("Content-Type", "text/plain")])?;
    ///     Ok(text)
    /// }
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let application = Application::new(legacy);
    /// let router = Router::new().mount_with("/legacy", move |context| application.clone().service(context.clone()));
    /// let client = Client::new(router.compile(Default::default())?);
    /// client.get("/legacy/x").send().await.assert_text("/x of /legacy");
    /// # Ok(())
    /// # }
    /// # pulsar::testing::block_on(example()).unwrap();
    /// ```
    #[track_caller]
    pub fn mount_with<S, B>(
        mut self,
        prefix: &str,
        make: impl Fn(&Context) -> S + Send + Sync + 'static,
    ) -> Self
    where
        S: Service<Request, Response = http::Response<B>, Error: Into<BoxError>, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let source = Source::caller();
        let make = move |context: &Context| into_infallible(make(context));
        self.push_mount(source, prefix, Mounted::Made(Arc::new(make)), None, false);
        self
    }

    /// Mounts a WSGI application that a macro registered, with the prefix of its scope.
    pub(crate) fn mount_registered(mut self, app: &WsgiApp, scope: Option<Scope>) -> Self {
        let prefix = scoped(scope, app.path().unwrap_or("/"));
        let (source, function) = (app.place().into(), Some(app.function_path()));
        self.push_mount(source, &prefix, of_application(app.application()), function, false);
        self
    }

    /// Mounts static files that a macro registered, with the prefix of its scope.
    pub(crate) fn mount_files(
        mut self,
        registered: &StaticFiles,
        scope: Option<Scope>,
        files: Files,
    ) -> Self {
        let prefix = scoped(scope, registered.path());
        let service = BoxService::of_fn(move |request| {
            let answer = files.answer(request);
            async move {
                let Ok(response) = answer.await;
                response
            }
        });
        let (source, function) = (registered.place().into(), Some(registered.to_string()));
        self.push_mount(source, &prefix, Mounted::Service(service), function, true);
        self
    }

    /// Mounts a WSGI application at `/`, for what no rule matches.
    pub(crate) fn mount_root(mut self, application: Application, function: String, source: Source) -> Self {
        self.push_mount(source, "/", of_application(application), Some(function), false);
        self
    }

    /// Answers what no rule matches; without it the answer is a 404.
    ///
    /// ```
    /// use pulsar::{Router, http::{StatusCode, Uri}};
    /// let router = Router::new()
    ///     .fallback(async |uri: Uri| (StatusCode::NOT_FOUND, format!("there is no {}", uri.path())));
    /// ```
    #[track_caller]
    pub fn fallback<H, Args>(mut self, handler: H) -> Self
    where
        H: IntoHandler<Args>,
        Args: 'static,
    {
        self.fallback = Some((Endpoint::from_closure(handler), Source::caller()));
        self
    }

    /// Renders all errors of this application: rejected arguments, unknown paths, what handlers return as
    /// [`Error`](crate::Error) or [`Problem`].
    ///
    /// Headers that belong to the error, such as `Allow`, are added to what `render` gives, unless it has them.
    ///
    /// ```
    /// use pulsar::{IntoResponse, Problem, Router, testing::Client};
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let router = Router::new().errors(|problem: Problem| (problem.status, format!("sorry: {}", problem.title)));
    /// let client = Client::new(router.compile(Default::default())?);
    /// client.get("/x").send().await.assert_status(404).assert_text("sorry: Not Found");
    /// # Ok(())
    /// # }
    /// # pulsar::testing::block_on(example()).unwrap();
    /// ```
    pub fn errors<F, R>(mut self, render: F) -> Self
    where
        F: Fn(Problem) -> R + Send + Sync + 'static,
        R: axum_core::response::IntoResponse,
    {
        self.render = Some(Arc::new(move |problem| render(problem).into_response()));
        self
    }

    /// Whether a path with a final slash too many or too few is redirected to the right one (the default), or served.
    ///
    /// ```
    /// use pulsar::{Method, Router, testing::Client};
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let router = Router::new().add(Method::GET, "/users/", async || "all").strict_slashes(false);
    /// let client = Client::new(router.compile(Default::default())?);
    /// client.get("/users").send().await.assert_status(200);
    /// # Ok(())
    /// # }
    /// # pulsar::testing::block_on(example()).unwrap();
    /// ```
    pub fn strict_slashes(mut self, strict: bool) -> Self {
        self.strict_slashes = strict;
        self
    }

    /// The table of routes, in the order of registration; mounted services are not in it.
    ///
    /// ```
    /// use pulsar::{Method, Router};
    /// let router = Router::new().add(Method::GET, "/<name>", async || "hello");
    /// assert_eq!(router.routes().next().unwrap().rule, "/<name>");
    /// ```
    pub fn routes(&self) -> impl Iterator<Item = RouteLine> {
        self.routes.iter().map(|entry| RouteLine {
            methods: entry.methods.iter().map(ToString::to_string).collect(),
            rule: entry.pattern.to_string(),
            name: entry.name.clone(),
            function: entry.function.clone(),
            place: entry.source.to_string(),
            only_in_tests: entry.only_in_tests,
        })
    }

    /// Whether it would answer nothing but 404.
    pub(crate) fn is_empty(&self) -> bool {
        self.routes.is_empty()
            && self.mounts.is_empty()
            && self.fallback.is_none()
            && self.mistakes.is_empty()
    }

    /// Whether it adds nothing to what another application does: neither answers nor how errors look.
    pub(crate) fn is_bare(&self) -> bool {
        self.is_empty() && self.render.is_none()
    }

    fn push_mount(
        &mut self,
        source: Source,
        prefix: &str,
        target: Mounted,
        function: Option<String>,
        is_files: bool,
    ) {
        match parse_prefix(prefix) {
            Ok(prefix) => self.mounts.push(MountEntry { prefix, target, function, is_files, source }),
            Err(problem) => self.mistakes.push(RouteError::bad_prefix(prefix, &problem, source)),
        }
    }

    fn push(
        mut self,
        source: Source,
        parsed: Result<Pattern, ParseError>,
        entry: impl FnOnce(Pattern) -> Entry,
    ) -> Self {
        match parsed {
            Ok(pattern) => self.routes.push(entry(pattern)),
            Err(error) => self.mistakes.push(RouteError::bad_rule(&error, source)),
        }
        self
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router")
            .field("routes", &self.routes)
            .field("mounts", &self.mounts.iter().map(|mount| mount.prefix.to_string()).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// A WSGI application is always ready: it needs no more than one box around its answer.
fn of_application(application: Application) -> Mounted {
    Mounted::Made(Arc::new(move |context: &Context| {
        let service = application.clone().service(context.clone());
        BoxService::of_fn(move |request| {
            let answer = service.answer(request);
            async move {
                let Ok(response) = answer.await;
                response
            }
        })
    }))
}

/// A rule that a macro registered, with the prefix of its scope.
pub(super) fn in_scope(
    rule: Result<Pattern, ParseError>,
    scope: Option<Scope>,
) -> Result<Pattern, ParseError> {
    match scope {
        Some(scope) => rule?.prefixed(&Pattern::parse(scope.prefix)?),
        None => rule,
    }
}

/// Where something is mounted that a macro registered at this path.
pub(crate) fn scoped(scope: Option<Scope>, path: &str) -> String {
    match (scope, path) {
        (Some(scope), "/") => scope.prefix.to_owned(),
        (Some(scope), path) => format!("{}{path}", scope.prefix),
        (None, path) => path.to_owned(),
    }
}

/// A prefix is a rule of literal text; its final slash does not matter.
fn parse_prefix(prefix: &str) -> Result<Pattern, String> {
    let pattern = Pattern::parse(prefix).map_err(|error| error.to_string())?;
    if let Some(placeholder) = pattern.placeholders().next() {
        return Err(format!(
            "a prefix is literal text, it cannot have the placeholder `<{}>`",
            placeholder.name
        ));
    }
    Ok(pattern)
}
