//! One application of a program, as its code describes it.

use std::{fmt, sync::Arc};

use axum_core::response::IntoResponse;
use bytes::Bytes;
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    body::{BoxError, Request},
    finding::{Source, Spot},
    handler::IntoHandler,
    middleware::{BoxService, into_infallible},
    place::Place,
    problem::Problem,
    registry::WsgiApp,
    router::Router,
    settings::Application,
    wsgi::{self, Callable},
};

type Wrap = Arc<dyn Fn(BoxService) -> BoxService + Send + Sync>;

/// An application of a program: which routes it has, what is around them, where it listens.
///
/// `main!` writes this; use it with [`Program`](super::Program) where there is no macro.
///
/// ```
/// use pulsar::app::{App, Program};
///
/// let admin = App::new("admin").bind("127.0.0.1:8061").routes("shop::admin");
/// let program = Program::new("shop", "1.0.0").root("shop").app(admin);
/// ```
#[derive(Clone)]
#[must_use]
pub struct App {
    pub(super) name: String,
    /// Where it is described.
    pub(super) source: Source,
    /// What its code sets, with the place.
    pub(super) settings: Vec<(&'static str, String, String)>,
    /// The modules whose routes it takes, each with the place that says so.
    pub(super) modules: Vec<(String, Source)>,
    pub(super) layers: Vec<Wrap>,
    pub(super) router: Router,
    pub(super) callable: Option<Root>,
}

/// A WSGI callable that answers what no rule of the application matches: mostly everything.
#[derive(Clone)]
pub(super) struct Root {
    pub(super) application: wsgi::Application,
    pub(super) function: String,
    pub(super) source: Source,
    pub(super) doc: &'static str,
}

impl App {
    /// An application with this name, which messages and settings use.
    ///
    /// ```
    /// use pulsar::app::App;
    /// let app = App::new("admin");
    /// ```
    #[track_caller]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            source: Source::caller(),
            settings: Vec::new(),
            modules: Vec::new(),
            layers: Vec::new(),
            router: Router::new(),
            callable: None,
        }
    }

    /// An address to listen on, unless file, environment or command line say otherwise; may be called several times.
    ///
    /// ```
    /// use pulsar::app::App;
    /// let app = App::new("shop").bind("127.0.0.1:8060").bind("unix:/run/shop.sock");
    /// ```
    #[track_caller]
    pub fn bind(mut self, address: impl Into<String>) -> Self {
        self.settings.push(("bind", address.into(), Source::caller().to_string()));
        self
    }

    /// Gives it the routes that the module of this path, as `shop::admin`, and the modules below it register.
    ///
    /// What no application takes in this way belongs to the first one.
    ///
    /// ```
    /// use pulsar::app::App;
    /// let app = App::new("admin").routes("shop::admin");
    /// ```
    #[track_caller]
    pub fn routes(mut self, module: impl Into<String>) -> Self {
        self.modules.push((module.into(), Source::caller()));
        self
    }

    /// Adds what a router has, beside the registered routes: routes without macros, mounted services.
    ///
    /// ```
    /// use pulsar::{Method, Router, app::App};
    /// let app = App::new("shop").router(|router| router.add(Method::GET, "/health", async || "well"));
    /// ```
    pub fn router(mut self, add: impl FnOnce(Router) -> Router) -> Self {
        self.router = add(self.router);
        self
    }

    /// Makes it the application that a WSGI callable is. Its routes, if it has any, go first.
    ///
    /// ```
    /// use pulsar::{app::App, wsgi::{self, Environ, IntoBody, StartResponse}};
    ///
    /// fn hello(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    ///     start_response("200 OK", &[("Content-Type", "text/plain")])?;
    ///     Ok("Hello World!\n")
    /// }
    ///
    /// let app = App::new("hello").wsgi(hello).bind("127.0.0.1:8070");
    /// ```
    #[track_caller]
    pub fn wsgi<C: Callable<Kind>, Kind>(mut self, callable: C) -> Self {
        let application = callable.into_application();
        self.callable = Some(Root {
            function: application.name().to_owned(),
            source: Source::caller(),
            application,
            doc: "",
        });
        self
    }

    /// The application that a registered callable is by itself.
    pub(super) fn of_wsgi(name: &str, app: &WsgiApp) -> Self {
        let place = app.place().to_string();
        let binds = app.binds.iter().map(|address| ("bind", (*address).to_owned(), place.clone()));
        let workers = app.workers.iter().map(|workers| ("workers", (*workers).to_owned(), place.clone()));
        Self {
            source: app.place().into(),
            settings: binds.chain(workers).collect(),
            callable: Some(Root::of(app)),
            ..Self::new(name)
        }
    }

    /// Sets a setting, unless file, environment or command line do.
    pub(super) fn set(&mut self, setting: &'static str, value: String, place: String) {
        self.settings.push((setting, value, place));
    }

    /// Whether nothing has been said of it but its name.
    pub(super) fn is_bare(&self) -> bool {
        self.settings.is_empty()
            && self.modules.is_empty()
            && self.layers.is_empty()
            && self.router.is_bare()
            && self.callable.is_none()
    }

    /// Puts a layer around the application, inside of those that were added before.
    ///
    /// What the layer's service fails with is logged and answered with 500.
    ///
    /// ```
    /// use pulsar::{Method, Program, Request, app::App};
    /// use tower::util::MapRequestLayer;
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let app = App::new("shop")
    ///     .router(|router| router.add(Method::GET, "/new", async || "new"))
    ///     .layer(MapRequestLayer::new(|mut request: Request| {
    ///         *request.uri_mut() = "/new".parse().unwrap();
    ///         request
    ///     }));
    /// let client = Program::new("shop", "1.0.0").main(app).client().await?;
    /// client.get("/old").send().await.assert_text("new");
    /// # Ok(())
    /// # }
    /// # pulsar::testing::block_on(example()).unwrap();
    /// ```
    pub fn layer<L, B>(mut self, layer: L) -> Self
    where
        L: Layer<BoxService> + Send + Sync + 'static,
        L::Service: Service<Request, Response = http::Response<B>, Error: Into<BoxError>, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        self.layers.push(Arc::new(move |service| into_infallible(layer.layer(service))));
        self
    }

    /// Answers what no rule matches; see [`Router::fallback`].
    ///
    /// ```
    /// use pulsar::{StatusCode, app::App};
    /// let app = App::new("shop").fallback(async || (StatusCode::NOT_FOUND, "nothing here"));
    /// ```
    #[track_caller]
    pub fn fallback<H, Args>(mut self, handler: H) -> Self
    where
        H: IntoHandler<Args>,
        Args: 'static,
    {
        // Not in a closure, which would be the place of the caller.
        self.router = self.router.fallback(handler);
        self
    }

    /// Renders all errors of this application; see [`Router::errors`].
    ///
    /// ```
    /// use pulsar::{Problem, app::App};
    /// let app = App::new("shop").errors(|problem: Problem| (problem.status, problem.title.to_string()));
    /// ```
    pub fn errors<F, R>(self, render: F) -> Self
    where
        F: Fn(Problem) -> R + Send + Sync + 'static,
        R: IntoResponse,
    {
        self.router(|router| router.errors(render))
    }

    /// As the loader of the settings sees it.
    pub(super) fn to_settings(&self) -> Application {
        let application = Application::new(&self.name).described_at(self.source.to_string());
        self.settings
            .iter()
            .fold(application, |application, (name, value, place)| application.with(*name, value, place))
    }

    /// Whether it takes the routes of this module or of one around it.
    pub(super) fn takes(&self, place: Place) -> bool {
        self.modules.iter().any(|(module, _)| place.is_within(module))
    }

    /// Whether its code says where it listens.
    pub(super) fn has_address(&self) -> bool {
        self.settings.iter().any(|(name, ..)| *name == "bind")
    }

    /// Puts the layers around a service, the first one outermost.
    pub(super) fn wrap(&self, service: BoxService) -> BoxService {
        self.layers.iter().rev().fold(service, |service, layer| layer(service))
    }
}

impl Root {
    /// The callable in a message.
    pub(super) fn spot(&self) -> Spot {
        Spot::new(self.source).function(&self.function)
    }

    pub(super) fn of(app: &WsgiApp) -> Self {
        Self {
            application: app.application(),
            function: app.function_path(),
            source: app.place().into(),
            doc: app.doc_comment(),
        }
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("name", &self.name)
            .field("modules", &self.modules)
            .field("layers", &self.layers.len())
            .field("router", &self.router)
            .finish_non_exhaustive()
    }
}
