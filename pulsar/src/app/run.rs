//! What can be done with a program: run its commands, serve it, start it, check it.

use std::{ffi::OsString, fs, path::Path, process::ExitCode};

use super::{
    application::App,
    commands, control,
    plan::{Plan, Purpose, StartError},
    processes::{self, Hosted},
    program::Program,
    serve::{self, Started},
    tls,
    verdict::Verdict,
    worker,
};
use crate::{
    arbiter::{Child, child},
    finding::{Finding, Kind},
    middleware::BoxService,
    settings::{Command, Loader, Resolved},
};

impl Program {
    /// Runs the command of the command line and gives the exit code.
    ///
    /// 0 after a clean stop, 1 if it failed while it ran (an address in use) or `check` found a problem, 2 for wrong settings,
    /// 3 if an application could not start, 130 if a second interrupt cut it short.
    ///
    /// ```no_run
    /// use std::process::ExitCode;
    ///
    /// fn main() -> ExitCode {
    ///     pulsar::Program::new("shop", "1.0.0").root(module_path!()).run()
    /// }
    /// ```
    pub fn run(self) -> ExitCode {
        ExitCode::from(self.run_with(std::env::args_os().collect(), std::env::vars_os().collect()))
    }

    fn run_with(self, arguments: Vec<OsString>, variables: Vec<(OsString, OsString)>) -> u8 {
        let this = self.assembled();
        let read = |path: &Path| fs::read_to_string(path);
        // A worker was handed its settings, and has no command line of its own.
        let probe = match child() {
            Ok(None) => None,
            Ok(Some(Child::Worker(booted))) => return worker::run(&this, booted),
            Ok(Some(Child::Probe(probe))) => Some(probe),
            Err(why) => {
                commands::complain(format_args!("error: {why}"));
                return serve::NOT_STARTED;
            }
        };
        let loaded = this.loader(App::to_settings).load(arguments.clone(), variables.clone(), read);
        if let Some(probe) = probe {
            match loaded {
                Ok(invocation) => processes::answer(probe, &this, &invocation.settings),
                Err(exit) => probe.refuse(exit.message.trim_end()),
            }
            return 0;
        }
        let invocation = match loaded {
            Ok(invocation) => invocation,
            Err(exit) if exit.is_success() => {
                commands::print(&exit.message);
                return exit.code;
            }
            Err(exit) => {
                commands::complain(exit.message.trim_end());
                return exit.code;
            }
        };
        let resolved = invocation.settings;
        match invocation.command {
            Command::Config => commands::print(&resolved.print_config()),
            Command::CheckConfig => match tls::check(&resolved) {
                Ok(warnings) => {
                    commands::complain_of("warning", &warnings);
                    commands::print("the settings are right\n");
                }
                Err(problems) => {
                    commands::complain_of("error", &problems);
                    return serve::WRONG;
                }
            },
            Command::Routes { json } => {
                return commands::routes(&Plan::of(&this, &resolved, Purpose::Test), json);
            }
            Command::Check { json } => {
                let plan = Plan::of(&this, &resolved, Purpose::Check);
                let (kind, lines) = match tls::check(&resolved) {
                    Ok(warnings) => (Kind::TlsWarning, warnings),
                    Err(problems) => (Kind::Tls, problems),
                };
                let others = lines.into_iter().map(|line| Finding::new(kind, line)).collect();
                return commands::check(&Verdict::of(&plan, others), json);
            }
            Command::Serve => {
                let plan = Plan::of(&this, &resolved, Purpose::Serve);
                let hooks = plan.start.hooks.clone();
                let host = Hosted { program: &this, arguments, variables, hooks };
                return serve::run(&this, plan, &resolved, &invocation.ignored, &host);
            }
            command @ (Command::Info { .. }
            | Command::Top
            | Command::Ping
            | Command::Reload { .. }
            | Command::Workers { .. }
            | Command::Stop
            | Command::Quit) => return control::run(&this, &command, &resolved),
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
    ///
    /// ```
    /// use pulsar::{Method, Program, Request, app::App, body::Body};
    /// use tower::ServiceExt;
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let app = App::new("shop").router(|router| router.add(Method::GET, "/", async || "home"));
    /// let service = Program::new("shop", "1.0.0").main(app).service().await?;
    /// assert_eq!(service.oneshot(Request::new(Body::empty())).await?.status(), 200);
    /// # Ok(())
    /// # }
    /// # pulsar::testing::block_on(example()).unwrap();
    /// ```
    pub async fn service(&self) -> Result<BoxService, StartError> {
        self.start(None).await.map(|started| started.service)
    }

    /// Starts the application of this name, the first one without a name, alone in this process.
    pub(crate) async fn start(&self, name: Option<&str>) -> Result<Started, StartError> {
        let plan = self.plan()?;
        let mut applications = plan.applications.into_iter();
        let planned = match name {
            Some(name) => applications
                .find(|planned| planned.app.name == name)
                .ok_or_else(|| StartError::one(format!("there is no application `{name}`")))?,
            None => applications.next().ok_or_else(|| StartError::one("the program has no application"))?,
        };
        serve::start(planned, &plan.start).await
    }

    /// The table of routes, as the command `routes` prints it, without places.
    pub(crate) fn table(&self) -> Result<String, StartError> {
        Ok(commands::table(&self.plan()?, false))
    }

    /// Looks for everything that would keep the program from starting or have no effect, as the command `check` does.
    ///
    /// # Errors
    ///
    /// Fails with all of it.
    ///
    /// ```standalone_crate
    /// mod one {
    ///     #[pulsar::get("/")]
    ///     async fn home() {}
    /// }
    ///
    /// mod other {
    ///     #[pulsar::get("/")]
    ///     async fn home() {}
    /// }
    ///
    /// # fn main() {
    /// let error = pulsar::program!().check().unwrap_err();
    /// assert!(error.to_string().starts_with("two routes have the same rule"));
    /// # }
    /// ```
    pub fn check(&self) -> Result<(), StartError> {
        let verdict = self.verdict()?;
        let problems: Vec<_> = verdict.problems().map(ToString::to_string).collect();
        if problems.is_empty() { Ok(()) } else { Err(StartError { problems }) }
    }

    /// Not public API. Used by generated code: what `check!` does.
    #[doc(hidden)]
    #[track_caller]
    pub fn assert_sound(&self) {
        let report = match self.verdict() {
            Ok(verdict) if verdict.has_failed() => verdict.to_string(),
            Ok(_) => return,
            Err(error) => error.to_string(),
        };
        panic!("the check of `{}` found problems\n{}", self.name(), report.trim_end());
    }

    fn verdict(&self) -> Result<Verdict, StartError> {
        let this = self.clone().assembled();
        let plan = Plan::of(&this, &this.defaults(this.loader(App::to_settings))?, Purpose::Check);
        Ok(Verdict::of(&plan, Vec::new()))
    }

    fn plan(&self) -> Result<Plan, StartError> {
        // Nothing will be bound, so that it does not matter that two applications have the default address.
        let somewhere = |app: &App| {
            let application = app.to_settings();
            if app.has_address() { application } else { application.with("bind", "127.0.0.1:0", "nowhere") }
        };
        let this = self.clone().assembled();
        let plan = Plan::of(&this, &this.defaults(this.loader(somewhere))?, Purpose::Test);
        let problems: Vec<_> = plan.problems().map(ToString::to_string).collect();
        if problems.is_empty() { Ok(plan) } else { Err(StartError { problems }) }
    }

    /// The settings of a program that nobody has given any.
    fn defaults(&self, loader: Loader) -> Result<Resolved, StartError> {
        let nothing = |_: &_| Err(std::io::ErrorKind::NotFound.into());
        let loaded = loader.load([self.name()], [], nothing);
        loaded.map(|invocation| invocation.settings).map_err(|exit| StartError::one(exit.message))
    }
}
