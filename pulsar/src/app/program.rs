//! A program: its crates, its applications, its commands.

use std::{any::TypeId, ffi::OsString, fmt, fs, process::ExitCode, sync::Arc};

use super::{
    application::App,
    commands,
    plan::{Plan, StartError},
    providers::Given,
    serve,
};
use crate::{
    middleware::BoxService,
    registry::Requirement,
    settings::{Command, Loader, Resolved},
    testing::Client,
};

/// A program: which crates it mounts, its applications, and the commands that every program has.
///
/// `pulsar::main!` builds one and runs it; `pulsar::program!` has the same grammar and gives it to a test.
///
/// ```
/// use pulsar::{get, program, testing::block_on};
///
/// #[get("/hello/<name>")]
/// async fn hello(name: &str) -> String {
///     format!("Hello, {name}!")
/// }
///
/// # fn main() {
/// block_on(async {
///     let client = program!().client().await.unwrap();
///     client.get("/hello/Ada").send().await.assert_text("Hello, Ada!");
/// });
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct Program {
    name: String,
    version: String,
    pub(super) crates: Vec<String>,
    main: App,
    others: Vec<App>,
    pub(super) given: Vec<Given>,
}

impl Program {
    /// A program of this name and version that mounts nothing yet.
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            main: App::new(&name),
            name,
            version: version.into(),
            crates: Vec::new(),
            others: Vec::new(),
            given: Vec::new(),
        }
    }

    /// Mounts the crate that a module path begins with: what `module_path!()` gives in the program.
    pub fn root(self, module: &str) -> Self {
        let name = module.split("::").next().unwrap_or(module).to_owned();
        self.also(name)
    }

    /// Mounts one more crate. It must be linked: a crate that the code never names is not, and has no registrations.
    pub fn also(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        if !self.crates.contains(&name) {
            self.crates.push(name);
        }
        self
    }

    /// Describes the first application, which has all routes that no other one takes.
    pub fn main(mut self, app: App) -> Self {
        self.main = app;
        self
    }

    /// Adds an application with an address of its own.
    pub fn app(mut self, app: App) -> Self {
        self.others.push(app);
        self
    }

    /// Gives a value for `State<T>`; a provider of this type does not run.
    ///
    /// ```
    /// use pulsar::{State, get, program, provide, testing::block_on};
    ///
    /// struct Rate(f64);
    ///
    /// #[provide]
    /// fn rate() -> pulsar::Result<Rate> {
    ///     Err(pulsar::Error::new("the real one asks a server"))
    /// }
    ///
    /// #[get("/rate")]
    /// async fn show(rate: State<Rate>) -> String {
    ///     rate.0.0.to_string()
    /// }
    ///
    /// # fn main() {
    /// block_on(async {
    ///     let client = program!().provide(Rate(1.5)).client().await.unwrap();
    ///     client.get("/rate").send().await.assert_text("1.5");
    /// });
    /// # }
    /// ```
    pub fn provide<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        let what = Requirement::of::<T>();
        self.given.retain(|given| given.what.id != TypeId::of::<T>());
        self.given.push(Given { what, value: Arc::new(value) });
        self
    }

    /// Runs the command of the command line and gives the exit code.
    ///
    /// 0 after a clean stop, 1 if it failed while it ran (an address in use) or `check` found a problem, 2 for wrong settings,
    /// 3 if an application could not start, 130 if a second interrupt cut it short.
    pub fn run(self) -> ExitCode {
        ExitCode::from(self.run_with(std::env::args_os(), std::env::vars_os()))
    }

    fn run_with(
        self,
        arguments: impl IntoIterator<Item = OsString>,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> u8 {
        let loaded = self.loader().load(arguments, variables, |path| fs::read_to_string(path));
        let invocation = match loaded {
            Ok(invocation) => invocation,
            Err(exit) if exit.is_success() => {
                commands::print(&exit.message);
                return exit.code;
            }
            Err(exit) => {
                eprintln!("{}", exit.message.trim_end());
                return exit.code;
            }
        };
        let resolved = invocation.settings;
        match invocation.command {
            Command::Config => commands::print(&resolved.print_config()),
            Command::CheckConfig => commands::print("the settings are right\n"),
            Command::Routes { json } => return commands::routes(&Plan::of(&self, &resolved), json),
            Command::Check { json } => return commands::check(&Plan::of(&self, &resolved), json),
            Command::Serve => return serve::run(&self, Plan::of(&self, &resolved), &resolved),
        }
        0
    }

    /// The first application as a service, with its state and its layers; for a server of another kind.
    ///
    /// Settings are the defaults and what the program's code sets; no file, variable or argument is read.
    ///
    /// # Errors
    ///
    /// Fails with all that is wrong with the program, or with the provider that failed.
    pub async fn service(&self) -> Result<BoxService, StartError> {
        let plan = self.plan()?;
        let first = plan.applications.into_iter().next();
        let planned = first.ok_or_else(|| StartError::one("the program has no application"))?;
        serve::start(planned, &plan.providers).await
    }

    /// A client of the first application, for tests.
    ///
    /// # Errors
    ///
    /// Fails like [`service`](Self::service).
    pub async fn client(&self) -> Result<Client, StartError> {
        self.service().await.map(Client::new)
    }

    /// A client of the application of this name, for tests.
    ///
    /// # Errors
    ///
    /// Fails like [`service`](Self::service), or if there is no such application.
    pub async fn client_of(&self, name: &str) -> Result<Client, StartError> {
        let plan = self.plan()?;
        let found = plan.applications.into_iter().find(|planned| planned.app.name == name);
        let planned = found.ok_or_else(|| StartError::one(format!("there is no application `{name}`")))?;
        serve::start(planned, &plan.providers).await.map(Client::new)
    }

    /// Looks for everything that would keep the program from starting or have no effect, as the command `check` does.
    ///
    /// # Errors
    ///
    /// Fails with all of it.
    pub fn check(&self) -> Result<(), StartError> {
        let plan = Plan::of(self, &self.defaults()?);
        let problems: Vec<_> = plan.problems.into_iter().chain(plan.warnings).collect();
        if problems.is_empty() { Ok(()) } else { Err(StartError { problems }) }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn plan(&self) -> Result<Plan, StartError> {
        let plan = Plan::of(self, &self.defaults()?);
        if plan.problems.is_empty() { Ok(plan) } else { Err(StartError { problems: plan.problems }) }
    }

    fn defaults(&self) -> Result<Resolved, StartError> {
        let nothing = |_: &_| Err(std::io::ErrorKind::NotFound.into());
        let loaded = self.loader().load([&self.name], [], nothing);
        loaded.map(|invocation| invocation.settings).map_err(|exit| StartError::one(exit.message))
    }

    fn loader(&self) -> Loader {
        let loader = Loader::new(&self.name, &self.version);
        self.apps().map(App::to_settings).fold(loader, Loader::application)
    }

    /// The applications in their order.
    pub(super) fn apps(&self) -> impl Iterator<Item = &App> {
        std::iter::once(&self.main).chain(&self.others)
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("name", &self.name)
            .field("crates", &self.crates)
            .field("apps", &self.apps().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
