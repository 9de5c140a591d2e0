//! The compiled router as an application: one request in, one answer out.

use std::{
    borrow::Cow,
    convert::Infallible,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll},
    time::{Duration, Instant},
};

use axum_core::response::IntoResponse;
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, Uri, header, uri::PathAndQuery};
use http_body::Body as _;
use tower_service::Service;

use super::{
    entry::Make,
    find::Sent,
    names::Names,
    table::{Found, Table},
    target::{self, BadPath},
};
use crate::{
    body::{Body, BoxError, Request, Response},
    context::Context,
    error::Chain,
    handler::{Endpoint, Later, ReplyKind},
    middleware::BoxService,
    pool::panic_message,
    problem::{self, Accept, Problem},
    request::{
        Connection, Matched, MountedAt, Params, RequestId, RouteInfo, Spans, X_REQUEST_ID, is_standard,
        is_websocket_connect,
    },
    url::InFallback,
};

/// Renders the problem document of an error in an application's own way.
pub(super) type Render = Arc<dyn Fn(Problem) -> Response + Send + Sync>;

/// A compiled [`Router`](super::Router): a `tower::Service` that never fails.
///
/// It is cheap to clone; clones share the table.
///
/// ```
/// use pulsar::{Method, Request, Router, body::Body};
/// use tower::ServiceExt;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let service = Router::new().add(Method::GET, "/", async || "hello").compile(Default::default())?;
/// let answer = service.oneshot(Request::new(Body::empty())).await?;
/// assert_eq!(answer.status(), 200);
/// # Ok(())
/// # }
/// # pulsar::testing::block_on(example()).unwrap();
/// ```
#[derive(Clone)]
pub struct RouterService(pub(super) Arc<Tables>);

pub(super) struct Tables {
    pub(super) table: Table,
    pub(super) routes: Vec<Compiled>,
    pub(super) mounts: Vec<Mount>,
    /// The methods of routes that not everybody knows.
    pub(super) own_methods: Vec<Method>,
    pub(super) names: Arc<Names>,
    pub(super) fallback: Option<Endpoint>,
    pub(super) render: Option<Render>,
    pub(super) strict_slashes: bool,
    pub(super) context: Context,
}

pub(super) struct Compiled {
    pub(super) endpoint: Endpoint,
    pub(super) info: Arc<RouteInfo>,
}

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
    fn point(&self, outer: Option<&MountedAt>, prefix: &str, added_slash: bool) -> Arc<MountedAt> {
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

impl RouterService {
    pub(super) fn new(tables: Tables) -> Self {
        Self(Arc::new(tables))
    }

    /// The same routes with another state. A service that has been cloned keeps the one that it has.
    pub(crate) fn with_context(mut self, context: Context) -> Self {
        if let Some(tables) = Arc::get_mut(&mut self.0) {
            for mount in &mut tables.mounts {
                if let MountTarget::Made(make, service) = &mut mount.target {
                    *service = make(&context);
                }
            }
            tables.context = context;
        }
        self
    }

    /// The state that its handlers see.
    ///
    /// ```
    /// use pulsar::{Context, Router};
    /// let service = Router::new().compile(Context::default().with(7_u8)).unwrap();
    /// assert_eq!(service.context().get::<u8>().as_deref(), Some(&7));
    /// ```
    pub fn context(&self) -> &Context {
        &self.0.context
    }
}

impl fmt::Debug for RouterService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouterService").field("routes", &self.0.routes.len()).finish_non_exhaustive()
    }
}

impl<B> Service<Request<B>> for RouterService
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = RouteFuture;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> RouteFuture {
        self.route(request.map(Body::new))
    }
}

impl RouterService {
    /// Answers, unless no rule, no mounted service and no fallback is there for the request: then it gives it back.
    pub(super) fn offer(&self, request: Request) -> Result<RouteFuture, Box<Request>> {
        let wanted = self.0.fallback.is_some() || {
            let text = target::decode(request.uri().path());
            let find = |text: &str| self.0.table.find(text, method(&request), &mut Spans::EMPTY.clone());
            // The other spelling of a path is found either way: redirected to, or served.
            text.is_ok_and(|text| {
                !matches!(find(&text), Found::Nothing)
                    || !self.0.strict_slashes && !matches!(find(&with_other_slash(&text)), Found::Nothing)
            })
        };
        if wanted { Ok(self.route(request)) } else { Err(Box::new(request)) }
    }

    fn route(&self, request: Request) -> RouteFuture {
        let tables = &*self.0;
        let method = method(&request);
        let path = request.uri().path();
        let mut spans = Spans::EMPTY;
        let (mut found, mut text) = match tables.table.find_sent(path, method, &mut spans) {
            Sent::Route(number) => {
                let params = match request.uri().path_and_query() {
                    Some(path) if spans.len() > 0 => Params::of_path(path.clone(), &spans),
                    _ => Params::none(),
                };
                return self.call_route(number, request, params);
            }
            Sent::Other(found, text) => (found, text),
            Sent::Bad(bad) => return self.bad_path(request, bad),
        };
        if !tables.strict_slashes && self.is_nothing(&found) && !text.ends_with("//") {
            let other = with_other_slash(&text);
            // What else is found, such as a fallback, was found before.
            if let better @ (Found::Route(_) | Found::NotAllowed(_)) =
                tables.table.find(&other, method, &mut spans)
            {
                found = better;
                text = Cow::Owned(other);
            }
        }
        match found {
            Found::Route(number) => {
                // Of a decoded path, or one with another final slash.
                let params = match spans.len() {
                    0 => Params::none(),
                    _ => Params::of_decoded(target::reveal(text).into(), &spans),
                };
                self.call_route(number, request, params)
            }
            Found::Mount(number, end) => {
                let end = match &text {
                    Cow::Borrowed(_) => end,
                    // Decoding has moved it; the number of slashes is what it was.
                    Cow::Owned(text) => nth_slash(path, text[..end].matches('/').count()),
                };
                drop(text);
                self.call_mount(number, request, end)
            }
            Found::NotAllowed(methods) => {
                drop(text);
                let allow = allow(methods);
                if request.method() == Method::OPTIONS {
                    let mut response = StatusCode::NO_CONTENT.into_response();
                    response.headers_mut().insert(header::ALLOW, allow);
                    return RouteFuture::ready(response);
                }
                let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED).with_header(header::ALLOW, allow);
                self.problem(request, problem)
            }
            Found::OtherSlash => {
                drop(text);
                let location = location(MountedAt::of(request.extensions()), request.uri());
                let mut response = StatusCode::PERMANENT_REDIRECT.into_response();
                response.headers_mut().insert(header::LOCATION, location);
                RouteFuture::ready(response)
            }
            Found::Nothing => {
                drop(text);
                if let Some(endpoint) = &tables.fallback {
                    return self.call_fallback(endpoint, request);
                }
                let known = self.knows(request.method());
                let status = if known { StatusCode::NOT_FOUND } else { StatusCode::NOT_IMPLEMENTED };
                self.problem(request, Problem::new(status))
            }
        }
    }

    /// Whether a method is a usual one, or that of a route: RFC 9110 section 9.1.
    fn knows(&self, method: &Method) -> bool {
        is_standard(method) || self.0.own_methods.contains(method)
    }

    /// Whether no rule and no mounted service was found.
    fn is_nothing(&self, found: &Found) -> bool {
        match found {
            Found::Nothing | Found::OtherSlash => true,
            Found::Mount(number, _) => matches!(self.0.mounts[*number].target, MountTarget::Fallback(_)),
            Found::Route(_) | Found::NotAllowed(_) => false,
        }
    }

    fn call_route(&self, number: usize, mut request: Request, params: Params) -> RouteFuture {
        let Compiled { endpoint, info } = &self.0.routes[number];
        if endpoint.extracts() {
            let matched = Box::new(Matched { route: Arc::clone(info), params: params.clone() });
            request.extensions_mut().get_or_insert_with(Connection::none).matched = Some(matched);
        }
        self.call_endpoint(endpoint, Some(number), request, params)
    }

    /// Calls what is mounted at the first `end` bytes of the path.
    fn call_mount(&self, number: usize, mut request: Request, end: usize) -> RouteFuture {
        let mount = &self.0.mounts[number];
        match &mount.target {
            MountTarget::Fallback(endpoint) => self.call_fallback(endpoint, request),
            MountTarget::Service(service) | MountTarget::Made(_, service) => {
                if let Some((uri, added_slash)) = without_prefix(request.uri(), end) {
                    let uri = std::mem::replace(request.uri_mut(), uri);
                    let connection = request.extensions_mut().get_or_insert_with(Connection::none);
                    let outer = connection.mounted.as_deref();
                    connection.mounted = Some(mount.point(outer, &uri.path()[..end], added_slash));
                }
                let asker = Asker { head: false, ..Asker::of(&request) };
                RouteFuture::pending(self, Later::Answer(service.answer(request)), None, asker)
            }
        }
    }

    fn call_fallback(&self, endpoint: &Endpoint, mut request: Request) -> RouteFuture {
        request.extensions_mut().insert(InFallback(self.0.names.clone()));
        self.call_endpoint(endpoint, None, request, Params::none())
    }

    fn call_endpoint(
        &self,
        endpoint: &Endpoint,
        route: Option<usize>,
        request: Request,
        params: Params,
    ) -> RouteFuture {
        let asker = Asker::of(&request);
        let reply = catch_unwind(AssertUnwindSafe(|| endpoint.call(request, params, &self.0.context)));
        match reply.map(|reply| reply.0) {
            Ok(ReplyKind::Later(future)) => RouteFuture::pending(self, future, route, asker),
            Ok(ReplyKind::Now(response)) => RouteFuture::ready(self.0.finish(response, route, &asker)),
            Err(panic) => RouteFuture::ready(self.0.finish(panicked(&*panic), route, &asker)),
        }
    }

    fn problem(&self, request: Request, problem: Problem) -> RouteFuture {
        RouteFuture::ready(self.0.finish(problem.into_response(), None, &Asker::of(&request)))
    }

    fn bad_path(&self, request: Request, bad: BadPath) -> RouteFuture {
        if request.method() == Method::OPTIONS && request.uri().path() == "*" {
            // RFC 9110 section 9.3.7: a question about the server as a whole.
            return RouteFuture::ready(StatusCode::NO_CONTENT.into_response());
        }
        let status = match bad {
            BadPath::TooLong => StatusCode::URI_TOO_LONG,
            BadPath::NoSlash | BadPath::Percent | BadPath::Text => StatusCode::BAD_REQUEST,
        };
        self.problem(request, Problem::new(status).with_detail(bad.detail()))
    }
}

/// What the answer to a request depends on, kept while somebody else has the request.
struct Asker {
    id: Option<RequestId>,
    accept: Accept,
    head: bool,
}

impl Asker {
    fn of(request: &Request) -> Self {
        let connection = request.extensions().get::<Connection>();
        Self {
            id: connection.map(|connection| connection.request_id().clone()),
            accept: Accept::of(request.headers()),
            head: request.method() == Method::HEAD,
        }
    }
}

/// The method that rules are asked for. A WebSocket handshake over HTTP/2 finds the route that it finds over HTTP/1.1.
fn method(request: &Request) -> &Method {
    if is_websocket_connect(request.method(), request.extensions()) { &Method::GET } else { request.method() }
}

impl Tables {
    /// The last look at an answer: an error is logged if it is ours, and rendered as the application or else the client wants it.
    fn finish(&self, mut response: Response, route: Option<usize>, asker: &Asker) -> Response {
        let status = response.status();
        if (status.is_client_error() || status.is_server_error())
            && response.extensions().get::<Problem>().is_some_and(|problem| self.is_unfinished(problem))
            && let Some(problem) = response.extensions_mut().remove::<Problem>()
        {
            response = self.render(problem, route, asker);
        }
        if asker.head {
            response = without_body(response);
        }
        response
    }

    /// Whether something is left to do: a router or a callable that is mounted here may have done all.
    fn is_unfinished(&self, problem: &Problem) -> bool {
        self.render.is_some() || !problem.is_negotiated() || is_unlogged(problem)
    }

    fn render(&self, mut problem: Problem, route: Option<usize>, asker: &Asker) -> Response {
        if is_unlogged(&problem) {
            let made;
            let id = if let Some(id) = &asker.id {
                id
            } else {
                made = Connection::none().request_id().clone();
                &made
            };
            self.log(&problem, route, id);
            id.mark(&mut problem);
        }
        let Some(render) = &self.render else {
            return problem::render(problem, &asker.accept);
        };
        let headers = problem.headers().clone();
        let mut response = render(problem);
        response.extensions_mut().remove::<Problem>();
        for (name, value) in headers {
            if let Some(name) = name {
                response.headers_mut().entry(name).or_insert(value);
            }
        }
        response
    }

    /// Says so if an answer has taken longer than it should. Nobody is cut off for it.
    fn tell_slow(&self, took: Duration, route: Option<usize>, asker: &Asker) {
        if self.context.settings().slow_request.time().is_none_or(|limit| took <= limit) {
            return;
        }
        let (rule, handler, place) = self.names(route);
        let id = asker.id.as_ref().map(ToString::to_string).unwrap_or_default();
        let seconds = took.as_secs_f64();
        tracing::warn!(
            route = rule,
            handler,
            place,
            request_id = id,
            "a request took {seconds:.1} s until its answer"
        );
    }

    /// The rule of a route, its name and its place, for the log.
    fn names(&self, route: Option<usize>) -> (&str, &str, String) {
        let info = route.map(|number| &self.routes[number].info);
        let rule = info.map_or("-", |info| info.rule.as_str());
        let handler = info.and_then(|info| info.name.as_deref()).unwrap_or("-");
        let place =
            info.and_then(|info| info.place).map_or_else(|| "-".to_owned(), |place| place.to_string());
        (rule, handler, place)
    }

    fn log(&self, problem: &Problem, route: Option<usize>, id: &RequestId) {
        let (rule, handler, place) = self.names(route);
        let error = match (problem.source(), &problem.detail) {
            (Some(source), _) => Chain(source).to_string(),
            (None, Some(detail)) => detail.to_string(),
            (None, None) => problem.title.to_string(),
        };
        tracing::error!(status = problem.status.as_u16(), route = rule, handler, place, request_id = %id, "{error}");
    }
}

/// One that has an id was logged under it by whoever is mounted here. What is not implemented is no failure: there is nothing to log.
fn is_unlogged(problem: &Problem) -> bool {
    let failed = problem.status.is_server_error() && problem.status != StatusCode::NOT_IMPLEMENTED;
    failed && !problem.headers().contains_key(X_REQUEST_ID)
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Response {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR)
        .with_source(format!("the handler panicked: {}", panic_message(panic)))
        .into_response()
}

/// The answer to HEAD: the headers of a GET without its body (RFC 9110 section 9.3.2).
fn without_body(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact()
        && !parts.headers.contains_key(header::CONTENT_LENGTH)
        && length > 0
    {
        parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    Response::from_parts(parts, Body::empty())
}

/// The value of `Allow` for the methods that rules have: HEAD follows GET, and OPTIONS is always answered.
fn allow(mut methods: Vec<Method>) -> HeaderValue {
    if methods.contains(&Method::GET) {
        methods.push(Method::HEAD);
    }
    methods.push(Method::OPTIONS);
    methods.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    methods.dedup();
    let names: Vec<_> = methods.iter().map(Method::as_str).collect();
    // Methods are tokens, which a header value may hold.
    HeaderValue::try_from(names.join(", ")).unwrap_or(HeaderValue::from_static("OPTIONS"))
}

fn with_other_slash(path: &str) -> String {
    match path.strip_suffix('/') {
        Some(path) => path.to_owned(),
        None => format!("{path}/"),
    }
}

/// Where a path with the other spelling of the final slash leads. It stays on this host: a path that matched begins with
/// one slash, and a backslash, which browsers take for one, is encoded.
fn location(prefix: Option<&MountedAt>, uri: &Uri) -> HeaderValue {
    let prefix = prefix.map_or("", MountedAt::as_str);
    let mut location = format!("{prefix}{}", with_other_slash(uri.path())).replace('\\', "%5C");
    if let Some(query) = uri.query() {
        location.push('?');
        location.push_str(query);
    }
    // A URI that was parsed has no bytes that a header value may not have.
    HeaderValue::try_from(location).unwrap_or(HeaderValue::from_static("/"))
}

/// Where slash number `n` of a path stands, or its end.
fn nth_slash(path: &str, n: usize) -> usize {
    path.match_indices('/').nth(n).map_or(path.len(), |(at, _)| at)
}

/// The URI without the first bytes of its path, for what is mounted there; and whether it got a slash. Nothing is cut off for
/// what is mounted at `/`.
fn without_prefix(uri: &Uri, end: usize) -> Option<(Uri, bool)> {
    if end == 0 {
        return None;
    }
    let rest = &uri.path_and_query()?.as_str()[end..];
    let added_slash = !rest.starts_with('/');
    let target = match rest {
        "" => PathAndQuery::from_static("/"),
        _ if added_slash => format!("/{rest}").parse().ok()?,
        _ => rest.parse().ok()?,
    };
    if uri.authority().is_none() {
        return Some((Uri::from(target), added_slash));
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target);
    Some((Uri::from_parts(parts).ok()?, added_slash))
}

/// The answer of a [`RouterService`], when it is there.
///
/// ```
/// use pulsar::{Request, Router, body::Body, router::RouteFuture};
/// use tower::Service;
///
/// let mut service = Router::new().compile(Default::default()).unwrap();
/// let future: RouteFuture = service.call(Request::new(Body::empty()));
/// assert_eq!(pulsar::testing::block_on(future).unwrap().status(), 404);
/// ```
pub struct RouteFuture(State);

enum State {
    Ready(Option<Response>),
    Pending(Pending),
}

struct Pending {
    future: Later,
    tables: Arc<Tables>,
    route: Option<usize>,
    asker: Asker,
    /// Since when it is waited for. What is there at once pays nothing for it.
    waiting: Option<Instant>,
}

impl RouteFuture {
    fn ready(response: Response) -> Self {
        Self(State::Ready(Some(response)))
    }

    fn pending(router: &RouterService, future: Later, route: Option<usize>, asker: Asker) -> Self {
        let tables = Arc::clone(&router.0);
        Self(State::Pending(Pending { future, tables, route, asker, waiting: None }))
    }
}

impl fmt::Debug for RouteFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouteFuture").finish_non_exhaustive()
    }
}

impl Future for RouteFuture {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let response = match &mut self.get_mut().0 {
            State::Ready(response) => response.take().expect("a future is not polled after it is ready"),
            State::Pending(pending) => {
                let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut pending.future).poll(task)));
                let response = match polled {
                    Ok(Poll::Ready(response)) => response,
                    Ok(Poll::Pending) => {
                        pending.waiting.get_or_insert_with(Instant::now);
                        return Poll::Pending;
                    }
                    Err(panic) => panicked(&*panic),
                };
                if let Some(waiting) = pending.waiting {
                    pending.tables.tell_slow(waiting.elapsed(), pending.route, &pending.asker);
                }
                pending.tables.finish(response, pending.route, &pending.asker)
            }
        };
        Poll::Ready(Ok(response))
    }
}
