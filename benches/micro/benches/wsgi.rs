//! WSGI callables in one process: what calling one takes, and what its environ does. The rows differ from `nothing` by what they do.

use divan::{Bencher, black_box};
use micro::{get, ready};
use pulsar::{
    Context,
    wsgi::{self, Application, Environ, StartResponse},
};
use tower_service::Service;

fn call(bencher: Bencher<'_, '_>, application: Application) {
    let service = application.service(Context::default());
    let request = || get("/some/path?a=1&b=2");
    bencher.with_inputs(|| (service.clone(), request())).bench_values(|(mut service, request)| {
        let answer = ready(service.call(request)).expect("it cannot fail");
        assert_eq!(answer.status(), 200);
        answer
    });
}

fn start(start_response: StartResponse) -> wsgi::Result<&'static str> {
    start_response("200 OK", &[("Content-Type", "text/plain"), ("Content-Length", "13")])?;
    Ok("Hello, World!")
}

#[divan::bench]
fn nothing(bencher: Bencher<'_, '_>) {
    fn callable(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<&'static str> {
        start(start_response)
    }
    call(bencher, Application::new(callable).inline());
}

#[divan::bench]
fn asynchronous(bencher: Bencher<'_, '_>) {
    async fn callable(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<&'static str> {
        start(start_response)
    }
    call(bencher, Application::new(callable));
}

#[divan::bench]
fn get_path_info(bencher: Bencher<'_, '_>) {
    fn callable(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<&'static str> {
        black_box(environ.get("PATH_INFO"));
        start(start_response)
    }
    call(bencher, Application::new(callable).inline());
}

#[divan::bench]
fn get_a_header(bencher: Bencher<'_, '_>) {
    fn callable(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<&'static str> {
        black_box(environ.get("HTTP_ACCEPT_LANGUAGE"));
        start(start_response)
    }
    call(bencher, Application::new(callable).inline());
}

#[divan::bench]
fn iterate(bencher: Bencher<'_, '_>) {
    fn callable(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<&'static str> {
        assert!(black_box(environ.iter().count()) > 20);
        start(start_response)
    }
    call(bencher, Application::new(callable).inline());
}

#[divan::bench]
fn set(bencher: Bencher<'_, '_>) {
    fn callable(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<&'static str> {
        environ.set("REMOTE_USER", "ada");
        start(start_response)
    }
    call(bencher, Application::new(callable).inline());
}

/// A body in pieces is sent as they come.
#[divan::bench]
fn pieces(bencher: Bencher<'_, '_>) {
    fn callable(_: &mut Environ, start_response: StartResponse) -> wsgi::Result<[&'static str; 2]> {
        start_response("200 OK", &[("Content-Type", "text/plain")])?;
        Ok(["Hello, ", "World!"])
    }
    call(bencher, Application::new(callable).inline());
}
