//! Static files: a folder, or files that are part of the program, by the rules of HTTP.
//!
//! ```
//! use pulsar::{files::{EmbeddedFile, Files}, testing::{Client, block_on}};
//!
//! let files = Files::embedded(&[EmbeddedFile::new("hello.txt", b"0123456789", "v1")]);
//! let client = Client::new(files);
//! let answer = block_on(client.get("/hello.txt").header("range", "bytes=2-4").send());
//! answer.assert_status(206).assert_text("234").assert_header("content-range", "bytes 2-4/10");
//! ```
//!
//! [`static_files!`](crate::static_files) mounts one in a program. It answers GET and HEAD, conditional requests, ranges of bytes,
//! and chooses among precompressed siblings. Nothing outside of the folder is served, no list of files is made, and what is no
//! regular file is not there. The guide has a page that says all of it.
//!
//! Files, lower ones first: `range`, `tag`, `path`, `media_type`, `embedded`, `cached`; `root`, `content`, `coding`, `html`,
//! `conditions`; `source`; `answer`; `service`. But for `cached`, `root`, `content` and what stands on them they know no file: they are functions
//! of text.

mod answer;
mod cached;
mod coding;
mod conditions;
mod content;
mod embedded;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod html;
mod media_type;
mod path;
mod range;
mod root;
mod service;
mod source;
mod tag;

pub use self::{
    embedded::EmbeddedFile,
    root::Symlinks,
    service::{Files, FilesFuture, OpenError},
};
