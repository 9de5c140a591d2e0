//! A program as its code describes it: its crates, its applications, the values that it was given.
//!
//! What is done with a program stands in `run`.

use std::{any::TypeId, collections::VecDeque, fmt, panic::Location, sync::Arc};

use super::{application::App, providers::Given};
use crate::{
    place::Place,
    registry::{Registry, Requirement},
    settings::{Application, Loader},
};

/// A program: which crates it mounts, its applications, and the commands that every program has.
///
/// `pulsar::main!` builds one and runs it; `pulsar::program!` has the same grammar and gives it to a test.
///
/// ```standalone_crate
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
    pub(super) version: String,
    pub(super) crates: Vec<String>,
    main: App,
    others: Vec<App>,
    pub(super) given: Vec<Given>,
    /// What its code sets for every application, with the place.
    settings: Vec<(String, String, String)>,
}

impl Program {
    /// A program of this name and version that mounts nothing yet.
    ///
    /// ```
    /// let program = pulsar::Program::new("shop", "1.0.0");
    /// assert_eq!(program.name(), "shop");
    /// ```
    #[track_caller]
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            main: App::new(&name),
            name,
            version: version.into(),
            crates: Vec::new(),
            others: Vec::new(),
            given: Vec::new(),
            settings: Vec::new(),
        }
    }

    /// Mounts the crate that a module path begins with: what `module_path!()` gives in the program.
    ///
    /// ```
    /// let program = pulsar::Program::new("shop", "1.0.0").root(module_path!());
    /// ```
    pub fn root(self, module: &str) -> Self {
        let name = module.split("::").next().unwrap_or(module).to_owned();
        self.also(name)
    }

    /// Mounts one more crate. It must be linked: a crate that the code never names is not, and has no registrations.
    ///
    /// ```
    /// let program = pulsar::Program::new("shop", "1.0.0").root("shop").also("blog");
    /// ```
    pub fn also(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        if !self.crates.contains(&name) {
            self.crates.push(name);
        }
        self
    }

    /// Describes the first application, which has all routes that no other one takes.
    ///
    /// ```
    /// use pulsar::{Method, Program, app::App};
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let app = App::new("shop").router(|router| router.add(Method::GET, "/", async || "home"));
    /// let client = Program::new("shop", "1.0.0").main(app).client().await?;
    /// client.get("/").send().await.assert_text("home");
    /// # Ok(())
    /// # }
    /// # pulsar::testing::block_on(example()).unwrap();
    /// ```
    pub fn main(mut self, app: App) -> Self {
        self.main = app;
        self
    }

    /// Adds an application with an address of its own.
    ///
    /// ```
    /// use pulsar::{Program, app::App};
    /// let program = Program::new("shop", "1.0.0").root("shop").app(App::new("admin").routes("shop::admin"));
    /// ```
    pub fn app(mut self, app: App) -> Self {
        self.others.push(app);
        self
    }

    /// Gives a value for `State<T>`; a provider of this type does not run.
    ///
    /// ```standalone_crate
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

    /// Sets a setting of every application, unless file, environment or command line do. The name is that of the
    /// [table](crate::settings), in the form of a key: `max_body`. A wrong name or value is told when the program starts.
    ///
    /// ```
    /// use pulsar::{Method, Program, app::App};
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let app = App::new("shop").router(|router| router.add(Method::POST, "/", async |body: String| body));
    /// let program = Program::new("shop", "1.0.0").main(app).setting("max_body", 4);
    /// let client = program.client().await?.on_socket()?;
    /// client.post("/").body("hello").send().await.assert_status(413);
    ///
    /// let error = program.setting("max_boddy", 4).client().await.unwrap_err();
    /// assert!(error.to_string().contains("max_boddy"));
    /// # Ok(())
    /// # }
    /// # pulsar::testing::block_on(example()).unwrap();
    /// ```
    #[track_caller]
    pub fn setting(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        let place = Location::caller();
        let place = format!("{}:{}", place.file(), place.line());
        self.settings.push((name.into(), value.to_string(), place));
        self
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The program with the applications that its crates register: WSGI callables that stand for themselves.
    ///
    /// The first application is left out if nothing belongs to it: then the program is nothing but such callables.
    pub(super) fn assembled(mut self) -> Self {
        let registry = Registry::of(&self.crates);
        let own = registry.wsgi_apps.iter().filter_map(|(app, _)| Some((app.own_name()?, app)));
        let mut own: VecDeque<_> = own.map(|(name, app)| App::of_wsgi(name, app)).collect();
        let is_first = |place: Place| !self.others.iter().any(|app| app.takes(place));
        let has_first = registry.routes().any(|route| is_first(route.place()))
            || registry.wsgi_apps.iter().any(|(app, _)| app.own_name().is_none() && is_first(app.place()))
            || registry.static_files.iter().any(|(files, _)| is_first(files.place()));
        if self.main.is_bare() && !has_first {
            // Those that `main!` describes go first.
            match own.pop_front() {
                Some(app) if self.others.is_empty() => self.main = app,
                Some(app) => {
                    own.push_front(app);
                    self.main = self.others.remove(0);
                }
                None => {}
            }
        }
        self.others.extend(own);
        self
    }

    /// What finds the settings of its applications.
    pub(super) fn loader(&self, to_settings: impl Fn(&App) -> Application) -> Loader {
        let loader = Loader::new(self.name(), &self.version);
        let applications = self.apps().map(|app| {
            self.settings.iter().fold(to_settings(app), |application, (name, value, place)| {
                application.with(name, value, place)
            })
        });
        applications.fold(loader, Loader::application)
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
