//! may_minihttp: stackful coroutines, and no more of HTTP than the comparisons of frameworks ask for. It has no router.

use std::io::{self, Read, Write};

use may_minihttp::{HttpServer, HttpService, Request, Response};
use peers::{HELLO, MESSAGE, Order, arguments, user_and_slug};

const TEXT: &str = "Content-Type: text/plain; charset=utf-8";
const JSON: &str = "Content-Type: application/json";

#[derive(Clone)]
struct Service;

impl HttpService for Service {
    fn call(&mut self, request: Request<'_, '_, '_>, response: &mut Response<'_>) -> io::Result<()> {
        // The body borrows the request.
        let path = request.path().to_owned();
        match path.as_str() {
            "/plaintext" => {
                response.header(TEXT).body(HELLO);
            }
            "/json" => {
                response.header(JSON);
                serde_json::to_writer(Body(response), &MESSAGE)?;
            }
            "/echo" => {
                let mut body = Vec::new();
                request.body().read_to_end(&mut body)?;
                let order: Order = serde_json::from_slice(&body)?;
                response.header(JSON);
                serde_json::to_writer(Body(response), &order)?;
            }
            path => match user_and_slug(path) {
                Some((id, slug)) => {
                    response.header(TEXT).body_vec(format!("{id} {slug}").into_bytes());
                }
                None => {
                    response.status_code(404, "Not Found");
                }
            },
        }
        Ok(())
    }
}

/// The body of an answer as something to write to.
struct Body<'a, 'b>(&'a mut Response<'b>);

impl Write for Body<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.body_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn main() -> io::Result<()> {
    let (port, threads) = arguments();
    may::config().set_workers(threads);
    HttpServer(Service).start(("127.0.0.1", port))?.join().expect("the server does not panic");
    Ok(())
}
