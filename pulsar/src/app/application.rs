//! One application of a program, as its code describes it.

use std::{fmt, panic::Location, sync::Arc};

use axum_core::response::IntoResponse;
use bytes::Bytes;
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    body::{BoxError, Request},
    handler::IntoHandler,
    middleware::{BoxService, into_infallible},
    problem::Problem,
    router::Router,
    settings::Application,
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
    /// What its code sets, with the place.
    pub(super) settings: Vec<(&'static str, String, String)>,
    pub(super) modules: Vec<String>,
    pub(super) layers: Vec<Wrap>,
    pub(super) router: Router,
}

impl App {
    /// An application with this name, which messages and settings use.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            settings: Vec::new(),
            modules: Vec::new(),
            layers: Vec::new(),
            router: Router::new(),
        }
    }

    /// An address to listen on, unless file, environment or command line say otherwise; may be called several times.
    #[track_caller]
    pub fn bind(mut self, address: impl Into<String>) -> Self {
        let place = Location::caller();
        self.settings.push(("bind", address.into(), format!("{}:{}", place.file(), place.line())));
        self
    }

    /// Gives it the routes that the module of this path, as `shop::admin`, and the modules below it register.
    ///
    /// What no application takes in this way belongs to the first one.
    pub fn routes(mut self, module: impl Into<String>) -> Self {
        self.modules.push(module.into());
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

    /// Puts a layer around the application, inside of those that were added before.
    ///
    /// What the layer's service fails with is logged and answered with 500.
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
    pub fn fallback<H, Args>(self, handler: H) -> Self
    where
        H: IntoHandler<Args>,
        Args: 'static,
    {
        self.router(|router| router.fallback(handler))
    }

    /// Renders all errors of this application; see [`Router::errors`].
    pub fn errors<F, R>(self, render: F) -> Self
    where
        F: Fn(Problem) -> R + Send + Sync + 'static,
        R: IntoResponse,
    {
        self.router(|router| router.errors(render))
    }

    /// As the loader of the settings sees it.
    pub(super) fn to_settings(&self) -> Application {
        let application = Application::new(&self.name);
        self.settings
            .iter()
            .fold(application, |application, (name, value, place)| application.with(*name, value, place))
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
