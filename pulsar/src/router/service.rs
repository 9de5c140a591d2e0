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
use http::{Method, StatusCode, Uri, header};
use tower_service::Service;

use super::{
    find::Sent,
    mount::{Mount, MountTarget},
    names::Names,
    reply::{allow, panicked, without_body},
    rewrite::{location, nth_slash, with_other_slash, without_prefix},
    table::{Found, Table},
    target::{self, BadPath},
};
use crate::{
    body::{Body, BoxError, Request, Response},
    context::Context,
    error::Chain,
    handler::{Endpoint, Later, Needs, ReplyKind},
    pool::panic_message,
    problem::{self, Problem},
    request::{
        Arrival, Asker, Connection, Matched, MountedAt, Params, RequestId, RouteInfo, Spans, X_REQUEST_ID,
        is_standard, is_websocket_connect,
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
        self.future(request.map(Body::new))
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
        if wanted { Ok(self.future(request)) } else { Err(Box::new(request)) }
    }

    /// Answers a request with what it says of itself.
    fn future(&self, request: Request) -> RouteFuture {
        let asker = Asker::of(&request);
        RouteFuture { answer: self.route(request, None, &asker), asker }
    }

    /// Answers a request that came by this connection from a server, and takes it if it is needed.
    pub(crate) fn answer(
        &self,
        arrival: &mut Arrival<'_>,
        connection: &Connection,
        asker: &Asker,
    ) -> RouteAnswer {
        let head = arrival.head();
        let path = head.uri().path();
        let mut spans = Spans::EMPTY;
        let (found, text) = match self.0.table.find_sent(path, method(head), &mut spans) {
            Sent::Route(number) => {
                let endpoint = &self.0.routes[number].endpoint;
                if endpoint.needs() == Needs::Nothing {
                    // A copy, for what is read next has its place where this request was, unless somebody still looks at that.
                    let params = match spans.len() {
                        0 => Params::none(),
                        _ => Params::of_decoded(path.into(), &spans),
                    };
                    return self.call_endpoint(endpoint, Some(number), &mut None, params, asker);
                }
                let params = params(head.uri(), &spans);
                return self.call_route(number, arrival.take(), params, Some(connection), asker);
            }
            Sent::Other(found, text) => (found, owned(text)),
            Sent::Bad(bad) => return self.bad_path(head, bad, asker),
        };
        self.call_other((found, text), spans, arrival.take(), Some(connection), asker)
    }

    /// Answers a request. The connection that it came by is for those who look for it; without one it stands in the request already,
    /// or nowhere.
    fn route(&self, request: Request, connection: Option<&Connection>, asker: &Asker) -> RouteAnswer {
        let mut spans = Spans::EMPTY;
        let found = match self.0.table.find_sent(request.uri().path(), method(&request), &mut spans) {
            Sent::Route(number) => {
                let params = params(request.uri(), &spans);
                return self.call_route(number, request, params, connection, asker);
            }
            Sent::Other(found, text) => (found, owned(text)),
            Sent::Bad(bad) => return self.bad_path(&request, bad, asker),
        };
        self.call_other(found, spans, request, connection, asker)
    }

    /// Answers a request for which something else was found than a route, with the text of its path if decoding has changed that.
    fn call_other(
        &self,
        (mut found, text): (Found, Option<String>),
        mut spans: Spans,
        mut request: Request,
        connection: Option<&Connection>,
        asker: &Asker,
    ) -> RouteAnswer {
        let tables = &*self.0;
        let method = method(&request);
        let path = request.uri().path();
        let mut text = text.map_or(Cow::Borrowed(path), Cow::Owned);
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
                self.call_route(number, request, params, connection, asker)
            }
            Found::Mount(number, end) => {
                let end = match &text {
                    Cow::Borrowed(_) => end,
                    // Decoding has moved it; the number of slashes is what it was.
                    Cow::Owned(text) => nth_slash(path, text[..end].matches('/').count()),
                };
                drop(text);
                introduce(&mut request, connection, asker);
                self.call_mount(number, request, end, asker)
            }
            Found::NotAllowed(methods) => {
                drop(text);
                let allow = allow(methods);
                if request.method() == Method::OPTIONS {
                    let mut response = StatusCode::NO_CONTENT.into_response();
                    response.headers_mut().insert(header::ALLOW, allow);
                    return RouteAnswer::ready(response);
                }
                let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED).with_header(header::ALLOW, allow);
                self.problem(problem, asker)
            }
            Found::OtherSlash => {
                drop(text);
                let location = location(MountedAt::of(request.extensions()), request.uri());
                let mut response = StatusCode::PERMANENT_REDIRECT.into_response();
                response.headers_mut().insert(header::LOCATION, location);
                RouteAnswer::ready(response)
            }
            Found::Nothing => {
                drop(text);
                if let Some(endpoint) = &tables.fallback {
                    introduce(&mut request, connection, asker);
                    return self.call_fallback(endpoint, request, asker);
                }
                let known = self.knows(request.method());
                let status = if known { StatusCode::NOT_FOUND } else { StatusCode::NOT_IMPLEMENTED };
                self.problem(Problem::new(status), asker)
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

    fn call_route(
        &self,
        number: usize,
        request: Request,
        params: Params,
        connection: Option<&Connection>,
        asker: &Asker,
    ) -> RouteAnswer {
        let Compiled { endpoint, info } = &self.0.routes[number];
        let mut request = Some(request);
        // Nobody else looks, and to put it there takes longer than to find the route.
        if let Some(request) = &mut request
            && endpoint.needs() == Needs::All
        {
            introduce(request, connection, asker);
            let matched = Box::new(Matched { route: Arc::clone(info), params: params.clone() });
            request.extensions_mut().get_or_insert_with(Connection::none).matched = Some(matched);
        }
        self.call_endpoint(endpoint, Some(number), &mut request, params, asker)
    }

    /// Calls what is mounted at the first `end` bytes of the path.
    fn call_mount(&self, number: usize, mut request: Request, end: usize, asker: &Asker) -> RouteAnswer {
        let mount = &self.0.mounts[number];
        match &mount.target {
            MountTarget::Fallback(endpoint) => self.call_fallback(endpoint, request, asker),
            MountTarget::Service(service) | MountTarget::Made(_, service) => {
                if let Some((uri, added_slash)) = without_prefix(request.uri(), end) {
                    let uri = std::mem::replace(request.uri_mut(), uri);
                    let connection = request.extensions_mut().get_or_insert_with(Connection::none);
                    let outer = connection.mounted.as_deref();
                    connection.mounted = Some(mount.point(outer, &uri.path()[..end], added_slash));
                }
                match catch_unwind(AssertUnwindSafe(|| service.answer(request))) {
                    // It knows what HEAD is.
                    Ok(future) => self.pending(Later::Answer(future), None, false),
                    Err(panic) => RouteAnswer::ready(self.0.finished(panicked(&*panic), None, asker)),
                }
            }
        }
    }

    fn call_fallback(&self, endpoint: &Endpoint, mut request: Request, asker: &Asker) -> RouteAnswer {
        request.extensions_mut().insert(InFallback(self.0.names.clone()));
        self.call_endpoint(endpoint, None, &mut Some(request), Params::none(), asker)
    }

    fn call_endpoint(
        &self,
        endpoint: &Endpoint,
        route: Option<usize>,
        request: &mut Option<Request>,
        params: Params,
        asker: &Asker,
    ) -> RouteAnswer {
        let reply = catch_unwind(AssertUnwindSafe(|| endpoint.call(request, params, &self.0.context)));
        match reply.map(|reply| reply.0) {
            Ok(ReplyKind::Later(future)) => self.pending(future, route, asker.is_head),
            Ok(ReplyKind::Now(response)) => RouteAnswer::ready(self.0.finished(response, route, asker)),
            Err(panic) => RouteAnswer::ready(self.0.finished(panicked(&*panic), route, asker)),
        }
    }

    fn pending(&self, future: Later, route: Option<usize>, is_head: bool) -> RouteAnswer {
        let tables = Arc::clone(&self.0);
        RouteAnswer(State::Pending(Pending { future, tables, route, is_head, waiting: None }))
    }

    fn problem(&self, problem: Problem, asker: &Asker) -> RouteAnswer {
        RouteAnswer::ready(self.0.finished(problem.into_response(), None, asker))
    }

    fn bad_path<B>(&self, request: &Request<B>, bad: BadPath, asker: &Asker) -> RouteAnswer {
        if request.method() == Method::OPTIONS && request.uri().path() == "*" {
            // RFC 9110 section 9.3.7: a question about the server as a whole.
            return RouteAnswer::ready(StatusCode::NO_CONTENT.into_response());
        }
        let status = match bad {
            BadPath::TooLong => StatusCode::URI_TOO_LONG,
            BadPath::NoSlash | BadPath::Percent | BadPath::Text => StatusCode::BAD_REQUEST,
        };
        self.problem(Problem::new(status).with_detail(bad.detail()), asker)
    }
}

/// Puts the connection that a request came by where somebody may look for it.
fn introduce(request: &mut Request, connection: Option<&Connection>, asker: &Asker) {
    if let Some(connection) = connection {
        connection.introduce(request, asker);
    }
}

/// The values of a path that is as it was sent.
#[inline]
fn params(uri: &Uri, spans: &Spans) -> Params {
    match spans.len() {
        0 => Params::none(),
        _ => uri.path_and_query().map_or_else(Params::none, |path| Params::of_path(path.clone(), spans)),
    }
}

/// The text of a path that is not as it was sent.
fn owned(text: Cow<'_, str>) -> Option<String> {
    match text {
        Cow::Borrowed(_) => None,
        Cow::Owned(text) => Some(text),
    }
}

/// The method that rules are asked for. A WebSocket handshake over HTTP/2 finds the route that it finds over HTTP/1.1.
fn method<B>(request: &Request<B>) -> &Method {
    if is_websocket_connect(request.method(), request.extensions()) { &Method::GET } else { request.method() }
}

impl Tables {
    /// The last look at an answer: an error is logged if it is ours, and rendered as the application or else the client wants it.
    fn finish(&self, response: &mut Response, route: Option<usize>, asker: &Asker, is_head: bool) {
        let status = response.status();
        if (status.is_client_error() || status.is_server_error())
            && response.extensions().get::<Problem>().is_some_and(|problem| self.is_unfinished(problem))
            && let Some(problem) = response.extensions_mut().remove::<Problem>()
        {
            *response = self.render(problem, route, asker);
        }
        if is_head {
            without_body(response);
        }
    }

    fn finished(&self, mut response: Response, route: Option<usize>, asker: &Asker) -> Response {
        self.finish(&mut response, route, asker, asker.is_head);
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
        let mut response = match catch_unwind(AssertUnwindSafe(|| render(problem))) {
            Ok(response) => response,
            Err(panic) => {
                tracing::error!(
                    panic = panic_message(&*panic),
                    "what renders the errors of the application panicked"
                );
                return problem::render(Problem::new(StatusCode::INTERNAL_SERVER_ERROR), &asker.accept);
            }
        };
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
pub struct RouteFuture {
    answer: RouteAnswer,
    asker: Asker,
}

/// The answer, for whoever knows who asked for it.
pub(crate) struct RouteAnswer(State);

enum State {
    Ready(Option<Response>),
    Pending(Pending),
}

struct Pending {
    future: Later,
    tables: Arc<Tables>,
    route: Option<usize>,
    is_head: bool,
    /// Since when it is waited for. What is there at once pays nothing for it.
    waiting: Option<Instant>,
}

impl RouteAnswer {
    fn ready(response: Response) -> Self {
        Self(State::Ready(Some(response)))
    }

    pub(crate) fn poll_answer(&mut self, task: &mut TaskContext<'_>, asker: &Asker) -> Poll<Response> {
        let pending = match &mut self.0 {
            State::Ready(response) => {
                return Poll::Ready(response.take().expect("a future is not polled after it is ready"));
            }
            State::Pending(pending) => pending,
        };
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut pending.future).poll(task)));
        // Finished where it is: an answer is large.
        let mut answer = polled.unwrap_or_else(|panic| Poll::Ready(panicked(&*panic)));
        let Poll::Ready(response) = &mut answer else {
            pending.waiting.get_or_insert_with(Instant::now);
            return answer;
        };
        if let Some(waiting) = pending.waiting {
            pending.tables.tell_slow(waiting.elapsed(), pending.route, asker);
        }
        pending.tables.finish(response, pending.route, asker, pending.is_head);
        answer
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
        let Self { answer, asker } = self.get_mut();
        answer.poll_answer(task, asker).map(Ok)
    }
}
