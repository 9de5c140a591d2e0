//! Programs without macros: WSGI servers, and the arbiter that runs several of them.
//!
//! Both are ways to write a [`Program`], whose commands, settings and server they have.

use std::{borrow::Cow, env, path::Path, process::ExitCode};

use bytes::Bytes;
use tower_layer::Layer;
use tower_service::Service;

use super::{application::App, program::Program};
use crate::{
    body::{BoxError, Request},
    finding::Source,
    middleware::BoxService,
    settings::Settings,
    wsgi::{Application, Callable},
};

/// A server of one WSGI application, PEP 3333: alone by [`run`](Self::run), or one of several under an
/// [`Arbiter`].
///
/// ```no_run
/// use std::process::ExitCode;
///
/// use pulsar::{
///     WsgiServer,
///     wsgi::{self, Environ, IntoBody, StartResponse},
/// };
///
/// fn hello(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
///     let data = "Hello World!\n";
///     start_response("200 OK", &[("Content-Type", "text/plain"), ("Content-Length", &data.len().to_string())])?;
///     Ok([data])
/// }
///
/// fn main() -> ExitCode {
///     WsgiServer::new(hello).run()
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a server does nothing until it is run"]
pub struct WsgiServer {
    app: App,
}

impl WsgiServer {
    /// A server of this callable. It is named like the function, and listens on the default address.
    ///
    /// ```
    /// use pulsar::{WsgiServer, wsgi::WsgiHandler};
    /// let server = WsgiServer::new(WsgiHandler::new()).name("chain");
    /// ```
    #[track_caller]
    pub fn new<C: Callable<Kind>, Kind>(callable: C) -> Self {
        let application = callable.into_application();
        let app = App::new(short_name(&application)).wsgi(application);
        Self { app }
    }

    /// The name of the application: in the line that says where it listens, in the log, and in front of its settings
    /// (`--wsgi2-bind`) if there are several.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.app.name = name.into();
        self
    }

    /// An address to listen on, unless file, environment or command line say otherwise; may be called several times.
    #[track_caller]
    pub fn bind(mut self, address: impl Into<String>) -> Self {
        self.app = self.app.bind(address);
        self
    }

    /// Settings, unless file, environment or command line say otherwise. What is as the default has it is not set.
    ///
    /// ```
    /// use pulsar::{Settings, WsgiServer, wsgi::WsgiHandler};
    ///
    /// let server = WsgiServer::new(WsgiHandler::new())
    ///     .settings(Settings { threads: 2, ..Settings::default() });
    /// ```
    #[track_caller]
    pub fn settings(mut self, settings: Settings) -> Self {
        let source = Source::caller();
        for (name, value) in settings.changed() {
            self.app.set(name, value, source.to_string());
        }
        self
    }

    /// Puts a layer around the application: compression, access control, or whatever else tower-http has.
    ///
    /// ```
    /// use pulsar::{WsgiServer, wsgi::WsgiHandler};
    /// use tower::util::MapRequestLayer;
    ///
    /// let server = WsgiServer::new(WsgiHandler::new()).layer(MapRequestLayer::new(|request: pulsar::Request| request));
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
        self.app = self.app.layer(layer);
        self
    }

    /// Runs the command of the command line, which is mostly to serve, and gives the exit code; see [`Program::run`].
    #[must_use]
    pub fn run(self) -> ExitCode {
        let mut arbiter = arbiter();
        arbiter.add(self);
        arbiter.run()
    }
}

/// A function's name without its path; a closure has none.
fn short_name(application: &Application) -> String {
    let last = application.name().rsplit("::").next().unwrap_or_default();
    let is_name = last.starts_with(|c: char| c.is_ascii_alphabetic())
        && last.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_name { last.to_owned() } else { "wsgi".to_owned() }
}

/// Several WSGI servers in one program: one command line, one settings file, one graceful stop for all.
///
/// ```no_run
/// use std::process::ExitCode;
///
/// use pulsar::{
///     WsgiServer,
///     wsgi::{self, Environ, IntoBody, StartResponse},
/// };
///
/// fn one(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
///     start_response("200 OK", &[("Content-Type", "text/plain")])?;
///     Ok("one\n")
/// }
///
/// async fn two(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
///     start_response("200 OK", &[("Content-Type", "text/plain")])?;
///     Ok("two\n")
/// }
///
/// fn main() -> ExitCode {
///     let mut arbiter = pulsar::arbiter();
///     arbiter.add(WsgiServer::new(one).name("wsgi1"));
///     arbiter.add(WsgiServer::new(two).name("wsgi2").bind(":8070"));
///     arbiter.run()
/// }
/// ```
#[derive(Debug)]
pub struct Arbiter {
    servers: Vec<WsgiServer>,
}

/// An [`Arbiter`] without servers.
///
/// ```
/// let mut arbiter = pulsar::arbiter();
/// arbiter.add(pulsar::WsgiServer::new(pulsar::wsgi::WsgiHandler::new()));
/// ```
#[must_use]
pub fn arbiter() -> Arbiter {
    Arbiter { servers: Vec::new() }
}

impl Arbiter {
    /// Adds a server. Settings without a name belong to the first one.
    ///
    /// ```
    /// use pulsar::{WsgiServer, wsgi::WsgiHandler};
    /// pulsar::arbiter().add(WsgiServer::new(WsgiHandler::new())).add(WsgiServer::new(WsgiHandler::new()).name("two"));
    /// ```
    pub fn add(&mut self, server: WsgiServer) -> &mut Self {
        self.servers.push(server);
        self
    }

    /// Runs the command of the command line, which is mostly to serve, and gives the exit code; see [`Program::run`].
    #[must_use]
    pub fn run(self) -> ExitCode {
        self.into_program().run()
    }

    /// The program that it is, for tests.
    ///
    /// ```
    /// use pulsar::{WsgiServer, testing::block_on, wsgi::WsgiHandler};
    ///
    /// let mut arbiter = pulsar::arbiter();
    /// arbiter.add(WsgiServer::new(WsgiHandler::new()).name("empty"));
    /// let client = block_on(arbiter.into_program().client_of("empty")).unwrap();
    /// block_on(client.get("/").send()).assert_status(404);
    /// ```
    pub fn into_program(self) -> Program {
        let mut servers = self.servers.into_iter().map(|server| server.app);
        let name = program_name();
        let main = servers.next().unwrap_or_else(|| App::new(&name));
        let program = Program::new(name, concat!("(pulsar ", env!("CARGO_PKG_VERSION"), ")")).main(main);
        servers.fold(program, Program::app)
    }
}

/// The name that the program was started by.
fn program_name() -> String {
    let name = env::args_os().next();
    let name =
        name.as_deref().and_then(|name| Path::new(name).file_stem()).map(|name| name.to_string_lossy());
    name.map_or_else(|| "pulsar".to_owned(), Cow::into_owned)
}
