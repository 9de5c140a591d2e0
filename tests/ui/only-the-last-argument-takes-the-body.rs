#![allow(unused_variables)]

use pulsar::{Context, FromRequest, HeaderMap, Request, StatusCode, post};

struct Upload;

impl FromRequest<Context> for Upload {
    type Rejection = StatusCode;

    async fn from_request(_: Request, _: &Context) -> Result<Self, StatusCode> {
        Ok(Upload)
    }
}

#[post("/upload")]
async fn upload(upload: Upload, headers: HeaderMap) {}

fn main() {}
