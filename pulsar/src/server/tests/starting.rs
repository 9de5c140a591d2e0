//! From the first thread to the first connection.

use super::*;

#[test]
fn the_service_is_made_on_the_first_thread() {
    let bound = Server::bind(config()).unwrap();
    let address = tcp(&bound.addresses()[0]);
    let shutdown = Shutdown::new();
    let handle = shutdown.clone();
    let start = || async {
        // What a provider of state would do: work on the runtime that later serves.
        let made_by = tokio::spawn(async { thread::current().name().map(str::to_owned) }).await.unwrap();
        Ok::<_, Infallible>(service_fn(move |_: Request| {
            let made_by = made_by.clone().unwrap_or_default();
            ready(Ok::<_, Infallible>(Response::new(Body::from(made_by))))
        }))
    };
    let thread = thread::spawn(move || bound.serve_with(start, handle).unwrap());
    assert_eq!(Client::new(TcpStream::connect(address).unwrap()).get("/").body, "pulsar-io-0");
    shutdown.drain();
    assert_eq!(thread.join().unwrap().requests, 1);
}

#[test]
fn a_failing_start_is_the_callers_error_and_frees_the_address() {
    let bound = Server::bind(config()).unwrap();
    let address = tcp(&bound.addresses()[0]);
    let result = bound.serve_with(|| async { Err::<App, _>("no database") }, Shutdown::new());
    let error = result.unwrap_err();
    assert!(matches!(error, ServeError::Start("no database")), "{error:?}");
    assert_eq!(error.to_string(), "no database");
    until(|| TcpListener::bind(address).is_ok());
}

#[test]
#[should_panic(expected = "a provider panicked")]
fn a_panic_in_the_start_goes_to_the_caller() {
    let bound = Server::bind(config()).unwrap();
    let fails: fn() -> Result<App, Infallible> = || panic!("a provider panicked");
    let start = move || async move { fails() };
    let _ = bound.serve_with(start, Shutdown::new());
}

#[test]
fn a_stop_does_not_wait_for_the_start() {
    let bound = Server::bind(config()).unwrap();
    let shutdown = Shutdown::new();
    let handle = shutdown.clone();
    let start = || async move {
        handle.drain();
        std::future::pending::<Result<App, Infallible>>().await
    };
    let summary = bound.serve_with(start, shutdown).unwrap();
    assert_eq!(summary, Summary { stop: Stop::Requested, cut: 0, connections: 0, requests: 0 });
}

#[test]
fn a_stop_gives_up_a_start_that_blocks() {
    let bound = Server::bind(config()).unwrap();
    let shutdown = Shutdown::new();
    let handle = shutdown.clone();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let start = move || async move {
        handle.drain();
        let _ = released.recv();
        Err::<App, _>("too late")
    };
    let summary = bound.serve_with(start, shutdown).unwrap();
    assert_eq!(summary, Summary { stop: Stop::Requested, cut: 0, connections: 0, requests: 0 });
    drop(release);
}

#[test]
fn several_applications_share_the_threads() {
    type Answer = Ready<Result<Response, Infallible>>;
    fn named(name: &'static str) -> impl Fn(Request) -> Answer + Clone {
        move |_| ready(Ok(Response::new(Body::from(name))))
    }
    let (first, second) = (Server::bind(config()).unwrap(), Server::bind(config()).unwrap());
    let addresses = [tcp(&first.addresses()[0]), tcp(&second.addresses()[0])];
    let shutdown = Shutdown::new();
    let handle = shutdown.clone();
    let with = |bound: Bound, name| -> Application { bound.with(service_fn(named(name))) };
    let start =
        move || async move { Ok::<_, Infallible>(vec![with(first, "first"), with(second, "second")]) };
    let thread = thread::spawn(move || serve_all(start, handle).unwrap());
    let answers = addresses.map(|address| Client::new(TcpStream::connect(address).unwrap()).get("/").body);
    assert_eq!(answers, ["first", "second"]);
    shutdown.drain();
    assert_eq!(thread.join().unwrap().requests, 2);
}
