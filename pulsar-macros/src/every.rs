//! `#[every("30s")]`: a function that a worker runs again and again.
//!
//! The period is checked here and written as milliseconds, so that nothing about it can be wrong when the program starts.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::LitInt;

use crate::{
    errors::{Errors, beside, with_help},
    function::{Function, Role},
    job::{Job, item},
    options::{self, Options},
    words,
};

const EXAMPLE: &str = "write a number and a unit, ms, s, m or h: `#[every(\"30s\")]`";
const UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1000), ("m", 60 * 1000), ("h", 60 * 60 * 1000)];
const LEAST_MILLIS: u64 = 100;
/// A year. No worker lives as long, and every clock can count it.
const MOST_MILLIS: u64 = 365 * 24 * 60 * 60 * 1000;

/// The function, and behind it its registration or what is wrong.
pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    beside(item, |item, errors| registration(attribute, item, errors))
}

fn registration(tokens: TokenStream, item: TokenStream, errors: &mut Errors) -> Option<TokenStream> {
    let elsewhere = [("period", "the period comes first, without a key: `#[every(\"30s\")]`")];
    let options = Options::read("#[every]", tokens, &["once", "crate"], &elsewhere, errors);
    let millis = period(&options, errors);
    let once = options.flag("once", errors);
    let crate_path = options.crate_path(errors);
    let role = Role {
        attribute: "#[every]",
        noun: "a task",
        caller: "the worker",
        purpose: "is to run again and again",
    };
    let function = Function::read(role, item, errors)?;
    let job = Job::of(role, &function, errors);
    let millis = millis.filter(|_| errors.is_empty())?;
    Some(tokens_of(&crate_path, &function, &job, millis, once))
}

fn period(options: &Options, errors: &mut Errors) -> Option<u64> {
    let Some((value, more)) = options.values().split_first() else {
        // An option that is unknown has been reported, and was probably the period.
        if errors.is_empty() {
            errors.at(TokenStream::new(), with_help("`#[every]` needs a period", EXAMPLE));
        }
        return None;
    };
    for extra in more {
        errors.at(extra, with_help("`#[every]` has one period", "write one `#[every(..)]` above the other"));
    }
    let Some(literal) = options::string(value.clone()) else {
        let message = format!("a period is a string literal, not `{}`", words::source(value));
        errors.at(value, with_help(message, EXAMPLE));
        return None;
    };
    match parse(&literal.value()) {
        Ok(millis) => Some(millis),
        Err((message, help)) => {
            errors.at(&literal, with_help(message, help));
            None
        }
    }
}

/// The milliseconds of `30s`, or what is wrong with it and what to write.
fn parse(text: &str) -> Result<u64, (String, String)> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim();
    if number.is_empty() {
        return Err((format!("`{text}` is no period: it begins with no number"), EXAMPLE.to_owned()));
    }
    if unit.is_empty() {
        return Err((format!("`{text}` has no unit"), format!("write `\"{number}s\"` for seconds")));
    }
    if unit.starts_with(['.', ',']) {
        let help = "write it in a smaller unit: `\"90s\"` is one minute and a half";
        return Err((format!("`{text}` is no whole number of a unit"), help.to_owned()));
    }
    let Some((_, factor)) = UNITS.iter().find(|(known, _)| *known == unit) else {
        let help = match unit {
            "sec" | "secs" | "second" | "seconds" | "S" => format!("write `\"{number}s\"`"),
            "min" | "mins" | "minute" | "minutes" | "M" => format!("write `\"{number}m\"`"),
            "hour" | "hours" | "H" => format!("write `\"{number}h\"`"),
            "d" | "day" | "days" => format!("write hours: a day is `\"24h\"`, and this is {number} of them"),
            _ => EXAMPLE.to_owned(),
        };
        return Err((format!("`{text}` is no period: there is no unit `{unit}`"), help));
    };
    let millis = number.parse::<u64>().ok().and_then(|number| number.checked_mul(*factor));
    match millis.filter(|millis| *millis <= MOST_MILLIS) {
        None => {
            let help = "what is so rare is no task of a worker, which may not live as long";
            Err((format!("`{text}` is longer than a year"), help.to_owned()))
        }
        Some(millis) if millis < LEAST_MILLIS => Err((
            format!("`{text}` is too short: a task runs at most every {LEAST_MILLIS}ms"),
            format!(
                "write `\"{LEAST_MILLIS}ms\"` or more; what must be faster is a loop of its own in `worker_start`"
            ),
        )),
        Some(millis) => Ok(millis),
    }
}

fn tokens_of(
    crate_path: &syn::Path,
    function: &Function,
    job: &Job<'_>,
    millis: u64,
    once: bool,
) -> TokenStream {
    let site = Span::mixed_site();
    let conditions = &function.conditions;
    let function_name = function.name.to_string();
    let (needs, run) = (item("needs", function), item("run", function));
    let items = job.tokens(&needs, &run);
    let millis = LitInt::new(&millis.to_string(), site);
    let once = once.then(|| quote_spanned!(site=> .once()));
    quote_spanned! {site=>
        #(#conditions)*
        #[doc(hidden)]
        const _: () = {
            use #crate_path::__private as _pulsar;
            // The trait is for one of the two kinds of return type; for the other one it is not used.
            use _pulsar::ReturnedValue as _;

            #items
            _pulsar::inventory::submit! {
                _pulsar::Task::new(#millis, #needs, #run)
                    #once
                    .function(#function_name)
                    .at(_pulsar::Place::new(module_path!(), file!(), line!(), column!()))
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{golden, golden_messages, tokens};

    #[test]
    fn a_task_is_one_entry() {
        let item = "async fn sweep(cache: State<Cache>) -> Result<()> {}";
        golden("every", expand(tokens(r#""30s""#), tokens(item)));
        golden("every_once", expand(tokens(r#""2h", once"#), tokens("fn report() {}")));
    }

    #[test]
    fn periods_are_read_as_milliseconds() {
        for (text, millis) in
            [("100ms", 100), ("1s", 1000), ("30s", 30_000), ("5m", 300_000), ("2h", 7_200_000)]
        {
            assert_eq!(parse(text), Ok(millis), "{text}");
        }
    }

    #[test]
    fn every_mistake_is_named_with_a_way_out() {
        const GOOD: &str = "async fn sweep() {}";
        let rows = [
            ("", GOOD),
            ("30", GOOD),
            (r#""""#, GOOD),
            (r#""30""#, GOOD),
            (r#""s""#, GOOD),
            (r#""30sec""#, GOOD),
            (r#""1.5h""#, GOOD),
            (r#""2d""#, GOOD),
            (r#""-3s""#, GOOD),
            (r#""50ms""#, GOOD),
            (r#""0s""#, GOOD),
            (r#""99999999999999999999h""#, GOOD),
            (r#""1s", "2s""#, GOOD),
            ("once", GOOD),
            (r#""1s", onec"#, GOOD),
            (r#""1s", once = true"#, GOOD),
            (r#"period = "1s""#, GOOD),
            (r#""1s""#, "async fn sweep(cache: Cache) {}"),
            (r#""1s""#, "async fn sweep() -> usize {}"),
            (r#""1s""#, "fn sweep<T>(cache: &T) {}"),
            ("Duration::from_secs(1)", GOOD),
            ("1s", GOOD),
            (r#""1 s" once"#, GOOD),
            (r#"every = "1s""#, GOOD),
            ("seconds = 1", GOOD),
            (r#""1s", once, once"#, GOOD),
            (r#""1s",, once"#, GOOD),
            (r#"["1s"]"#, GOOD),
            (r#""1h30m""#, GOOD),
            (r#""* * * * *""#, GOOD),
            (r#""1s", crate = "x""#, GOOD),
            (r#""1s""#, "async fn sweep(id: &str, n: u8) {}"),
            (r#""1s""#, "trait Sweep {}"),
            (r#""1s""#, "struct Sweep;"),
        ];
        golden_messages(
            "every",
            rows.map(|(attribute, item)| {
                let brackets = if attribute.is_empty() { String::new() } else { format!("({attribute})") };
                (format!("#[every{brackets}]\n{item}"), expand(tokens(attribute), tokens(item)))
            }),
        );
    }
}
