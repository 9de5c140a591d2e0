//! The program that a test is about, and its clients.

use std::path::Path;

use crate::{
    app::{Program, StartError, main_of},
    testing::{
        client::Client,
        snapshot::{compare, is_update},
    },
};

impl Program {
    /// A client of the first application, for tests.
    ///
    /// The application is started for it: a second client has state of its own. A second browser of the same one is
    /// [`Client::new_browser`]. The hooks of `worker_start` run, those of `worker_stopping` do not: nobody knows when such a
    /// client is done. [`#[pulsar::test]`](macro@crate::test) runs them.
    ///
    /// # Errors
    ///
    /// Fails like [`service`](Self::service).
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
    pub async fn client(&self) -> Result<Client, StartError> {
        let started = self.start(None).await?;
        Ok(Client::of(started.service.clone(), started.server_config()))
    }

    /// A client of the application of this name, for tests.
    ///
    /// # Errors
    ///
    /// Fails like [`service`](Self::service), or if there is no such application.
    ///
    /// ```
    /// use pulsar::{Method, Program, app::App};
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let shop = App::new("shop").router(|router| router.add(Method::GET, "/", async || "the shop"));
    /// let admin = App::new("admin").bind("127.0.0.1:8061").router(|router| router.add(Method::GET, "/", async || "the office"));
    /// let program = Program::new("shop", "1.0.0").main(shop).app(admin);
    /// program.client_of("admin").await?.get("/").send().await.assert_text("the office");
    /// assert!(program.client_of("office").await.is_err());
    /// # Ok(())
    /// # }
    /// # pulsar::testing::block_on(example()).unwrap();
    /// ```
    pub async fn client_of(&self, name: &str) -> Result<Client, StartError> {
        let started = self.start(Some(name)).await?;
        Ok(Client::of(started.service.clone(), started.server_config()))
    }
}

/// Not public API. Used by `program!`: what `main!` of this crate describes; else the crate alone, under this name.
#[doc(hidden)]
pub fn program_of(module: &str, name: &str, version: &str) -> Program {
    main_of(module).unwrap_or_else(|| Program::new(name, version).root(module))
}

/// Not public API. Used by `assert_routes!`.
///
/// # Panics
///
/// Panics if the routes are others than those of the file, or wrong.
#[doc(hidden)]
#[track_caller]
pub fn compare_routes(program: &Program, folder: &str, file: &str) {
    let table = program.table().unwrap_or_else(|error| panic!("the routes are wrong\n{error}"));
    if let Err(difference) = compare(&Path::new(folder).join(file), &table, is_update()) {
        panic!("{difference}");
    }
}

#[doc(hidden)]
#[macro_export]
macro_rules! __program_of_this_crate {
    () => {
        $crate::__private::program_of(
            ::core::module_path!(),
            ::core::option_env!("CARGO_BIN_NAME")
                .or(::core::option_env!("CARGO_PKG_NAME"))
                .unwrap_or(::core::module_path!()),
            ::core::option_env!("CARGO_PKG_VERSION").unwrap_or("0.0.0"),
        )
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __assert_routes {
    ($file:literal $(,)?) => {
        $crate::testing::assert_routes!($crate::testing::program!(), $file)
    };
    ($program:expr, $file:expr $(,)?) => {
        $crate::__private::compare_routes(&$program, ::core::env!("CARGO_MANIFEST_DIR"), $file)
    };
}

/// The program of this crate, as a [`Program`](crate::Program): what its [`main!`](macro@crate::main) describes, with the layers, the
/// fallback, the crates and the applications; without a `main!` the crate alone, like [`program!()`](macro@crate::program).
///
/// A test below `tests/` is a crate of its own, which has no `main!`: it names the crate that it tests, as in
/// `pulsar::program! { crates: [shop] }`.
///
/// ```standalone_crate
/// use pulsar::{Uri, testing::{block_on, program}};
///
/// async fn not_found(uri: Uri) -> String {
///     format!("there is no {}", uri.path())
/// }
///
/// #[pulsar::get("/")]
/// async fn home() {}
///
/// # mod hidden {
/// # use super::not_found;
/// pulsar::main! { fallback: not_found }
/// # }
///
/// # fn main() {
/// block_on(async {
///     let client = program!().client().await.unwrap();
///     client.get("/x").send().await.assert_text("there is no /x");
/// });
/// # }
/// ```
#[doc(inline)]
pub use __program_of_this_crate as program;

/// Asserts that the table of routes is the one in a file: methods, rules and handlers of every application, as the command
/// `routes` prints them, without their places, which change with every line that is added above.
///
/// It makes a change of a rule, or a route that is no longer there, a line of a diff. The path begins at the folder of the
/// package, wherever the test runs. Set `UPDATE_PULSAR_ROUTES=1` in the environment of the test to have the file written.
///
/// The program is [`program!()`](program!), or the one that is given first.
///
/// # Panics
///
/// Panics with all lines that differ, or if there is no such file, or if the routes are wrong.
///
/// ```no_run
/// use pulsar::{Method, Program, app::App, testing::assert_routes};
///
/// # fn the_program_of_this_crate() {
/// assert_routes!("tests/routes.txt");
/// # }
///
/// let app = App::new("shop").router(|router| router.add(Method::GET, "/", async || "home"));
/// assert_routes!(Program::new("shop", "1.0.0").main(app), "tests/routes-of-the-shop.txt");
/// ```
#[doc(inline)]
pub use __assert_routes as assert_routes;
