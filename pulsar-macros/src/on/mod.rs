//! `#[on(EVENT)]` and `#[on(message = "name")]`: functions that run when something happens.
//!
//! Not what happens, nor in which process: the table of events has no more than the words. The rule it keeps: a hook of the
//! arbiter is a plain `fn`, since the arbiter waits for nobody.

mod attribute;
mod hook;
mod message;

use proc_macro2::TokenStream;

use crate::{
    errors::{Errors, beside},
    on::attribute::{Attribute, Occasion},
};

/// The function, and behind it its registration or what is wrong.
pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    beside(item, |item, errors| registration(attribute, item, errors))
}

fn registration(tokens: TokenStream, item: TokenStream, errors: &mut Errors) -> Option<TokenStream> {
    let Attribute { occasion, crate_path } = Attribute::read(tokens, errors);
    match occasion {
        Some(Occasion::Event(event)) => hook::registration(&event, &crate_path, item, errors),
        Some(Occasion::Message(name)) => message::registration(&name, &crate_path, item, errors),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{golden, golden_messages, tokens};

    fn expanded(attribute: &str, item: &str) -> TokenStream {
        expand(tokens(attribute), tokens(item))
    }

    #[test]
    fn a_hook_of_the_arbiter_gets_what_the_event_tells() {
        golden("on_starting", expanded("starting", "#[cfg(unix)] fn hello() {}"));
        golden("on_pre_spawn", expanded("pre_spawn", "fn run(worker: &Worker) -> io::Result<()> {}"));
        golden("on_worker_exit", expanded("worker_exit", "fn note(_: &WorkerExit) {}"));
        golden("on_exit", expanded("exit", "fn bye(code: u8) {}"));
    }

    #[test]
    fn a_hook_of_the_worker_gets_state() {
        golden(
            "on_worker_start",
            expanded(
                "worker_start",
                "async fn warm(db: &Db, State(cache): State<Cache>) -> pulsar::Result<()> {}",
            ),
        );
        golden("on_worker_stopping", expanded("worker_stopping, crate = my::pulsar", "fn flush() {}"));
    }

    #[test]
    fn a_message_has_a_payload_and_an_answer() {
        golden(
            "on_message",
            expanded(
                r#"message = "cache.clear""#,
                "async fn clear(key: String, cache: State<Cache>) -> usize {}",
            ),
        );
        golden(
            "on_message_plain",
            expanded(r#"message = "stop""#, "fn handle(cache: &Cache, (a, b): (u8, u8)) -> Result<()> {}"),
        );
        golden("on_message_bare", expanded(r#"message = "stop""#, "async fn stop() {}"));
    }

    #[test]
    fn every_mistake_is_named_with_a_way_out() {
        let rows = [
            ("", "fn hook() {}"),
            ("startign", "fn hook() {}"),
            ("worker_started", "fn hook() {}"),
            ("request", "fn hook() {}"),
            (r#""starting""#, "fn hook() {}"),
            ("starting, reload", "fn hook() {}"),
            (r#"starting, message = "x""#, "fn hook() {}"),
            ("starting", "async fn hook() {}"),
            ("worker_exit", "async fn hook(exit: &WorkerExit) {}"),
            ("starting", "fn hook(settings: &Settings) {}"),
            ("pre_spawn", "fn hook(worker: Worker) {}"),
            ("pre_spawn", "fn hook(worker: &Worker, again: &Worker) {}"),
            ("exit", "fn hook(code: &u8) {}"),
            ("starting", "fn hook() -> u8 {}"),
            ("worker_start", "fn hook(db: Db) {}"),
            ("worker_start", "fn hook(db: &mut Db) {}"),
            ("worker_start", "async fn hook<'a>(db: &'a Db) {}"),
            ("worker_start", "async fn hook() -> Db {}"),
            ("worker_start", "fn hook(&self) {}"),
            ("worker_start", "struct Hook;"),
            ("mesage = \"x\"", "fn hook() {}"),
            ("message", "fn hook() {}"),
            (r#"message = """#, "fn hook() {}"),
            (r#"message = "cache clear""#, "fn hook() {}"),
            (r#"message = "ping""#, "fn hook() {}"),
            ("message = cache", "fn hook() {}"),
            (r#"message = "x""#, "fn hook(a: u8, b: u8) {}"),
            (r#"message = "x""#, "fn hook(key: &str) {}"),
            (r#"message = "x""#, "fn hook(keys: &mut Vec<u8>) {}"),
            ("starting()", "fn hook() {}"),
            ("on = starting", "fn hook() {}"),
            ("event = starting", "fn hook() {}"),
            ("starting = 5", "fn hook() {}"),
            ("starting reload", "fn hook() {}"),
            (", starting", "fn hook() {}"),
            ("Starting", "fn hook() {}"),
            ("starting, starting", "fn hook() {}"),
            (r#"message("x")"#, "fn hook() {}"),
            (r#"message: "x""#, "fn hook() {}"),
            (r#""x""#, "fn hook() {}"),
            (r#"message = "a", message = "b""#, "fn hook() {}"),
            (r#"message = ["a", "b"]"#, "fn hook() {}"),
            (r#"message = "x", crate"#, "fn hook() {}"),
            ("starting", "static HOOK: u8 = 1;"),
            (r#"message = "x""#, "fn hook() -> &str {}"),
            (r#"message = "x""#, "fn hook() -> impl Serialize {}"),
        ];
        golden_messages(
            "on",
            rows.map(|(attribute, item)| (format!("#[on({attribute})]\n{item}"), expanded(attribute, item))),
        );
    }
}
