//! What a test is given: the program under test, started, and everything that is made from it.

use std::fmt;

use crate::{
    app::{Program, Started},
    context::Context,
    extract::State,
    testing::client::Client,
};

/// An argument of a [`#[pulsar::test]`](macro@crate::test).
///
/// Implement it for what many tests begin with: a client that has logged in, a row that is in the database.
///
/// ```test_harness,standalone_crate
/// use pulsar::{Form, get, http::{HeaderMap, header::SET_COOKIE}, post, testing::{Client, FromTest, Test}};
///
/// #[post("/login")]
/// async fn login(Form(fields): Form<Vec<(String, String)>>) -> [(pulsar::http::HeaderName, String); 1] {
///     [(SET_COOKIE, format!("user={}", fields[0].1))]
/// }
///
/// #[get("/me")]
/// async fn me(headers: HeaderMap) -> String {
///     headers["cookie"].to_str().unwrap_or_default().to_owned()
/// }
///
/// /// The browser of somebody who has logged in.
/// struct Ada(Client);
///
/// impl FromTest for Ada {
///     async fn from_test(test: &Test) -> Self {
///         let client = test.client();
///         client.post("/login").form(&[("name", "ada")]).send().await.assert_status(200);
///         Self(client)
///     }
/// }
///
/// #[pulsar::test]
/// async fn whoever_has_logged_in_is_known(Ada(client): Ada) {
///     client.get("/me").send().await.assert_text("user=ada");
/// }
/// # fn main() {}
/// ```
#[diagnostic::on_unimplemented(
    message = "a test cannot be given a `{Self}`",
    label = "no argument of a test",
    note = "a test takes `Client`, `Program`, `Context`, `State<T>`, and every type that implements `FromTest`"
)]
pub trait FromTest: Sized {
    /// Makes the argument. It may panic, which fails the test.
    fn from_test(test: &Test) -> impl Future<Output = Self>;
}

/// A browser of its own: two clients of a test have the same application and different cookies.
impl FromTest for Client {
    async fn from_test(test: &Test) -> Self {
        test.client()
    }
}

/// The program, for another client or to be looked at; the application of the test is not started from this value.
impl FromTest for Program {
    async fn from_test(test: &Test) -> Self {
        test.program.clone()
    }
}

/// The state of the application that the clients ask.
impl FromTest for Context {
    async fn from_test(test: &Test) -> Self {
        test.context().clone()
    }
}

/// The value that the handlers of the application get.
impl<T: Send + Sync + 'static> FromTest for State<T> {
    async fn from_test(test: &Test) -> Self {
        let value = test.context().get();
        Self(value.unwrap_or_else(|| panic!("nobody provides `{}` to this test", std::any::type_name::<T>())))
    }
}

/// The program of a running test, from which its arguments are made: see [`FromTest`].
pub struct Test {
    program: Program,
    pub(super) started: Started,
    pub(super) client: Client,
}

impl Test {
    /// A client of the application, with no cookies yet.
    pub fn client(&self) -> Client {
        self.client.new_browser()
    }

    /// The program, with the values that were given in place of providers.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The state of the application.
    pub fn context(&self) -> &Context {
        &self.started.context
    }
}

impl fmt::Debug for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Test")
            .field("program", &self.program)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

/// Not public API. Used by `#[pulsar::test]`: what its options say.
#[doc(hidden)]
#[derive(Debug)]
pub struct Setup {
    program: Program,
    app: Option<&'static str>,
    socket: bool,
}

#[doc(hidden)]
impl Setup {
    #[must_use]
    pub fn new(program: Program) -> Self {
        Self { program, app: None, socket: false }
    }

    #[must_use]
    pub fn provide<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.program = self.program.provide(value);
        self
    }

    #[must_use]
    #[track_caller]
    pub fn setting(mut self, name: &str, value: impl ToString) -> Self {
        self.program = self.program.setting(name, value);
        self
    }

    #[must_use]
    pub fn app(mut self, name: &'static str) -> Self {
        self.app = Some(name);
        self
    }

    #[must_use]
    pub fn socket(mut self) -> Self {
        self.socket = true;
        self
    }

    /// Starts the application.
    ///
    /// # Panics
    ///
    /// Panics if it does not start: then there is nothing to test.
    pub(super) async fn start(self) -> Test {
        let Self { program, app, socket } = self;
        let started = program.start(app).await;
        let started =
            started.unwrap_or_else(|error| panic!("the program of this test does not start\n{error}"));
        let mut client = Client::of(started.service.clone(), started.server_config());
        if socket {
            client = client.on_socket().unwrap_or_else(|error| panic!("the test has no socket: {error}"));
        }
        Test { program, started, client }
    }
}
