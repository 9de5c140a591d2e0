//! Errors: from a `?` to what the client sees.
//!
//!     cargo run --example errors
//!     curl -i http://127.0.0.1:8060/config            # `?`: 500, the cause is in the log and not in the answer
//!     curl -i http://127.0.0.1:8060/accounts/7        # an enum of our own: 404
//!     curl -i http://127.0.0.1:8060/accounts/13       # the same enum: 409
//!     curl -i http://127.0.0.1:8060/panic             # 500, and the worker lives
//!     curl -i http://127.0.0.1:8060/transfer -H 'content-type: application/json' -d '{"amount":"x"}'

use pulsar::{Error, HttpError, Json, Problem, Response, Result, get, post};
use serde::Deserialize;

/// Any error becomes a 500 by `?`.
#[get("/config")]
fn config() -> Result<String> {
    Ok(std::fs::read_to_string("/no/such/file")?)
}

/// The errors of this program, each with its status. Up to 499 the text is sent, from 500 on it is only logged.
#[derive(Debug, thiserror::Error, HttpError)]
enum AccountError {
    #[error("there is no account {0}")]
    #[status(404)]
    Unknown(u32),
    #[error("account {0} is closed")]
    #[status(CONFLICT)]
    Closed(u32),
    #[error("the ledger cannot be read")]
    Ledger(#[from] std::io::Error),
}

fn balance_of(account: u32) -> Result<i64, AccountError> {
    match account {
        1 => Ok(100),
        13 => Err(AccountError::Closed(account)),
        99 => Err(std::io::Error::other("disk on fire").into()),
        _ => Err(AccountError::Unknown(account)),
    }
}

#[get("/accounts/<int:id>")]
async fn account(id: u32) -> Result<String, AccountError> {
    Ok(format!("{}\n", balance_of(id)?))
}

#[get("/panic")]
async fn panic() -> &'static str {
    panic!("this handler has a bug")
}

#[derive(Deserialize)]
struct Transfer {
    amount: u32,
}

/// A rejected body says which member is wrong.
#[post("/transfer")]
async fn transfer(transfer: Json<Transfer>) -> Result<String> {
    if transfer.amount > 1000 {
        return Err(Error::status(403).detail("at most 1000 at a time"));
    }
    Ok(format!("sent {}\n", transfer.amount))
}

/// How all errors of this program look, those of the router and the extractors too. Without it they are
/// `application/problem+json`.
fn render(problem: Problem) -> Response {
    use pulsar::IntoResponse;
    tracing::debug!(?problem, "rendered");
    problem
        .with_header(pulsar::http::header::CACHE_CONTROL, pulsar::http::HeaderValue::from_static("no-store"))
        .into_response()
}

pulsar::main! {
    errors: render,
}
