//! The channel between the arbiter and its workers: writing a message, and reading it.

use divan::{Bencher, counter::BytesCount};
use pulsar::__bench::{MESSAGES, Message, decode};

#[divan::bench(args = MESSAGES)]
fn write(bencher: Bencher<'_, '_>, name: &str) {
    let message = Message::named(name);
    bencher.counter(BytesCount::new(message.encode().len())).bench(|| message.encode());
}

#[divan::bench(args = MESSAGES)]
fn read(bencher: Bencher<'_, '_>, name: &str) {
    let bytes = Message::named(name).encode();
    bencher.counter(BytesCount::new(bytes.len())).bench(|| decode(&bytes));
}
