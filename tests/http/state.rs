//! State: what providers make, and who gets it.
//!
//! Proves: providers, `async` or not, run in the order that their needs ask for, see the settings, and run once for all
//! requests of a worker; `State` in extractors of one's own, of nested and mounted routers and in fallbacks; a value that a
//! test gives replaces a provider, which then does not run, and reaches those who depend on it.
//!
//! Programs that do not start, by a provider that fails, is missing, needs itself or is there twice, are in `fixtures.rs`.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

use pulsar::{
    Context, FromRequestParts, Method, Problem, Program, Router, Settings, State, StatusCode,
    app::App,
    get,
    http::request::Parts,
    post, provide,
    testing::{Client, block_on},
};

use crate::support::{self, problem};

pulsar::scope!("/state");

// What depends on others stands first: the place in the source does not matter.

/// Needs one value to keep and one to look at, in a provider that may block.
struct Reporter {
    database: State<Database>,
    title: String,
}

#[provide]
fn reporter(title: &Title, database: State<Database>) -> Reporter {
    Reporter { database, title: title.0.to_uppercase() }
}

struct Database {
    number: u32,
    backlog: u32,
    log: Mutex<Vec<String>>,
}

/// Waits for something in between, as connecting to a database does.
#[provide]
async fn database(settings: &Settings, title: &Title, runs: &Runs) -> pulsar::Result<Database> {
    tokio::task::yield_now().await;
    let number = runs.0.fetch_add(1, Ordering::SeqCst) + 1;
    Ok(Database { number, backlog: settings.backlog, log: Mutex::new(vec![title.0.clone()]) })
}

/// How often the provider of the database has run; a test gives one of its own to count.
#[derive(Default)]
struct Runs(Arc<AtomicU32>);

#[provide]
fn runs() -> Runs {
    Runs::default()
}

struct Title(String);

#[provide]
fn title(settings: State<Settings>) -> Title {
    Title(format!("keep-alive {}", settings.keep_alive.as_secs()))
}

#[get("/report")]
async fn report(reporter: State<Reporter>) -> String {
    let Database { backlog, log, .. } = &*reporter.database;
    format!("{}: {}, backlog {backlog}", reporter.title, log.lock().unwrap().join(", "))
}

#[get("/number")]
async fn number(database: State<Database>) -> String {
    database.number.to_string()
}

#[get("/number-on-the-pool")]
fn number_on_the_pool(database: State<Database>, reporter: State<Reporter>) -> String {
    format!("{} {}", database.number, reporter.database.number)
}

#[post("/log/<word>")]
async fn log(word: String, database: State<Database>) {
    database.log.lock().unwrap().push(word);
}

#[test]
fn providers_see_the_settings_and_one_another() {
    let client = support::client(module_path!(), |app| app);
    let defaults = Settings::default();
    let title = format!("keep-alive {}", defaults.keep_alive.as_secs());
    let expected = format!("{}: {title}, backlog {}", title.to_uppercase(), defaults.backlog);
    block_on(client.get("/state/report").send()).assert_status(200).assert_text(&expected);
}

#[test]
fn a_provider_runs_once_for_all_requests_of_a_worker() {
    let runs = Runs::default();
    let count = Arc::clone(&runs.0);
    let program = given().provide(runs);
    let client = block_on(program.client_of("state")).unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 1, "it has run before the first request");
    let text = |path: &str| block_on(client.get(path).send()).assert_status(200).text().to_owned();
    for _ in 0..3 {
        assert_eq!(text("/state/number"), "1");
        // Who depends on it has the same one.
        assert_eq!(text("/state/number-on-the-pool"), "1 1");
    }
    // Over sockets, from several threads.
    let on_socket = client.clone().on_socket().unwrap();
    let senders: Vec<_> = (0..4)
        .map(|n| {
            let client = on_socket.clone();
            std::thread::spawn(move || block_on(client.post(&format!("/state/log/w{n}")).send()).status())
        })
        .collect();
    for sender in senders {
        assert_eq!(sender.join().unwrap(), 200);
    }
    let report = text("/state/report");
    for word in ["w0", "w1", "w2", "w3"] {
        assert!(report.contains(word), "{report}");
    }
    assert_eq!(count.load(Ordering::SeqCst), 1);
    // Another worker has its own.
    let other = block_on(program.client_of("state")).unwrap();
    block_on(other.get("/state/number").send()).assert_text("2");
    assert_eq!((text("/state/number").as_str(), count.load(Ordering::SeqCst)), ("1", 2));
}

fn given() -> Program {
    Program::new("http", "0.0.0")
        .root(module_path!())
        .app(App::new("state").bind("127.0.0.1:0").routes(module_path!()))
}

#[test]
fn a_value_that_is_given_replaces_its_provider() {
    let client = |program: Program| block_on(program.client_of("state")).unwrap();
    let report = |client: &Client| block_on(client.get("/state/report").send()).text().to_owned();
    let backlog = Settings::default().backlog;

    // Those who depend on it get it.
    let with_title = client(given().provide(Title("mine".to_owned())));
    assert_eq!(report(&with_title), format!("MINE: mine, backlog {backlog}"));

    let made = || Database { number: 0, backlog: 5, log: Mutex::new(vec!["given".to_owned()]) };
    let with_both = client(given().provide(made()).provide(Title("mine".to_owned())));
    assert_eq!(report(&with_both), "MINE: given, backlog 5");
    block_on(with_both.get("/state/number").send()).assert_text("0");

    // The later of two counts.
    let twice = given().provide(Title("first".to_owned())).provide(Title("second".to_owned()));
    assert_eq!(report(&client(twice)), format!("SECOND: second, backlog {backlog}"));

    // Every worker of the program has the same value, since it was made once.
    let program = given().provide(made());
    let (one, other) = (client(program.clone()), client(program));
    block_on(one.post("/state/log/shared").send()).assert_status(200);
    assert!(report(&other).ends_with("given, shared, backlog 5"), "{}", report(&other));
}

/// An extractor of our own that needs state, in both ways that there are.
struct Tenant {
    name: String,
    database: u32,
}

impl FromRequestParts<Context> for Tenant {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, Problem> {
        let State(database) = State::<Database>::from_request_parts(parts, context).await?;
        let title = context.get::<Title>().ok_or(Problem::new(StatusCode::SERVICE_UNAVAILABLE))?;
        let name = parts.headers.get("x-tenant").and_then(|value| value.to_str().ok());
        let name = name.ok_or_else(|| Problem::new(StatusCode::FORBIDDEN).with_detail("who are you?"))?;
        Ok(Self { name: format!("{name} of {}", title.0), database: database.number })
    }
}

#[get("/tenant/<int:id>")]
fn tenant(id: u8, tenant: Tenant, database: State<Database>) -> String {
    format!("{id} {} {}", tenant.name, tenant.database == database.number)
}

#[test]
fn an_extractor_of_ones_own_has_the_state() {
    let client = block_on(given().provide(Title("T".to_owned())).client_of("state")).unwrap();
    let get = |path: &str, name: &'static str| block_on(client.get(path).header(name, "Ada").send());
    get("/state/tenant/7", "x-tenant").assert_status(200).assert_text("7 Ada of T true");
    assert_eq!(problem(&get("/state/tenant/7", "x-other"), 403), "who are you?");
    problem(&get("/state/tenant/300", "x-tenant"), 404);
}

#[test]
fn routes_without_macros_have_the_state_of_the_program_too() {
    let number = async |database: State<Database>| database.number.to_string();
    let nested = Router::new().add(Method::GET, "/number", number).fallback(number);
    let app = App::new("state").bind("127.0.0.1:0").routes(module_path!());
    let app = app.router(|router| router.add(Method::GET, "/number", number).nest("/nested", nested));
    let program = Program::new("http", "0.0.0").root(module_path!()).app(app.fallback(number));
    let client = block_on(program.client_of("state")).unwrap();
    let expected = block_on(client.get("/state/number").send()).text().to_owned();
    for path in ["/number", "/nested/number", "/nested/other", "/other"] {
        block_on(client.get(path).send()).assert_status(200).assert_text(&expected);
    }
    // A router without a program has none, and says what is missing to whoever reads the log.
    let alone = Client::new(Router::new().add(Method::GET, "/", number).compile(Context::default()).unwrap());
    assert_eq!(problem(&block_on(alone.get("/").send()), 500), "");
}
