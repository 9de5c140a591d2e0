//! What stands in the brackets of `#[on(..)]`: one event, or the name of a message.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::LitStr;

use crate::{
    errors::{Errors, with_help},
    options::{self, Options},
    words,
};

pub(super) struct Attribute {
    pub(super) occasion: Option<Occasion>,
    pub(super) crate_path: syn::Path,
}

/// When the function runs.
pub(super) enum Occasion {
    Event(Event),
    Message(LitStr),
}

/// An event, by the word that was written.
pub(super) struct Event {
    pub(super) word: Ident,
    pub(super) place: Where,
}

/// Where an event happens, and what its hook may be told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Where {
    Arbiter(Told),
    Worker,
}

/// The one argument that a hook of the arbiter may have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Nothing,
    /// A reference to the type of this name.
    Ref(&'static str),
    ExitCode,
}

const EVENTS: [(&str, Where); 8] = [
    ("starting", Where::Arbiter(Told::Nothing)),
    ("when_ready", Where::Arbiter(Told::Nothing)),
    ("pre_spawn", Where::Arbiter(Told::Ref("Worker"))),
    ("worker_exit", Where::Arbiter(Told::Ref("WorkerExit"))),
    ("reload", Where::Arbiter(Told::Nothing)),
    ("exit", Where::Arbiter(Told::ExitCode)),
    ("worker_start", Where::Worker),
    ("worker_stopping", Where::Worker),
];

/// What every worker answers by itself.
const BUILT_IN: [&str; 3] = ["ping", "echo", "info"];

impl Attribute {
    pub(super) fn read(tokens: TokenStream, errors: &mut Errors) -> Self {
        let alone = "an event stands alone, as in `#[on(starting)]`: write one `#[on(..)]` for each";
        let mut elsewhere = EVENTS.map(|(event, _)| (event, alone)).to_vec();
        elsewhere.extend([("event", alone), ("on", alone)]);
        let options = Options::read("#[on]", tokens, &["message", "crate"], &elsewhere, errors);
        let crate_path = options.crate_path(errors);
        let message = options.key("message").cloned();
        let name = options.string("message", errors);
        let occasion = match (options.values(), message) {
            ([], Some(_)) => name.filter(|name| check_name(name, errors)).map(Occasion::Message),
            ([], None) => {
                // An option that is unknown has been reported, and was probably the message.
                if errors.is_empty() {
                    errors.at(TokenStream::new(), with_help("`#[on]` needs an event", known()));
                }
                None
            }
            ([value, more @ ..], message) => {
                for extra in more.iter().cloned().chain(message.map(ToTokens::into_token_stream)) {
                    let help = "write one `#[on(..)]` above the other";
                    errors.at(extra, with_help("one `#[on]` is for one event or message", help));
                }
                event(value, errors).map(Occasion::Event)
            }
        };
        Attribute { occasion, crate_path }
    }
}

fn event(value: &TokenStream, errors: &mut Errors) -> Option<Event> {
    let Ok(word) = syn::parse2::<Ident>(value.clone()) else {
        let message = format!("an event is a word, not `{}`", words::source(value));
        let help = match options::string(value.clone()).map(|text| text.value()) {
            Some(text) if EVENTS.iter().any(|(name, _)| *name == text) => {
                format!("write it without quotes: `#[on({text})]`")
            }
            _ => known(),
        };
        errors.at(value, with_help(message, help));
        return None;
    };
    let name = word.to_string();
    if let Some((_, place)) = EVENTS.iter().find(|(event, _)| *event == name) {
        return Some(Event { word, place: *place });
    }
    let help = match words::nearest(&name, EVENTS.iter().map(|(event, _)| *event)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => known(),
    };
    errors.at(&word, with_help(format!("there is no event `{name}`"), help));
    None
}

fn known() -> String {
    let events = EVENTS.map(|(event, _)| event);
    format!("the events are {}; for a message, write `message = \"name\"`", words::list(&events))
}

/// A name is one word, so that it can be given on a command line and be read in a log.
fn check_name(name: &LitStr, errors: &mut Errors) -> bool {
    let text = name.value();
    if BUILT_IN.contains(&text.as_str()) {
        let message = format!("every worker answers `{text}` by itself");
        errors.at(name, with_help(message, "give the message another name"));
        return false;
    }
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        let repaired: Vec<&str> = text.split_whitespace().collect();
        let help = format!("write `\"{}\"`", repaired.join("."));
        errors.at(name, with_help(format!("the name of a message is one word, not `{text}`"), help));
        return false;
    }
    true
}
