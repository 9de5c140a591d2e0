//! What has to hold for every event, whatever a program puts in it.

// That is what a check does when something does not hold.
#![allow(clippy::missing_panics_doc)]

use std::time::Duration;

use super::Event;
use crate::__fuzz::lines;

/// What a client makes of an event.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    name: String,
    id: Option<String>,
    data: Option<String>,
    retry: Option<u64>,
}

/// Lines of a field and its value, in which `\r`, `\n` and `\0` stand for those characters: a client sees in each field what was put there.
pub fn event_stream(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (mut event, mut expected, mut is_wrong) = (Event::new(), Seen::default(), false);
    for line in lines(text.as_bytes()) {
        let line = String::from_utf8_lossy(line);
        let line = line.replace("\\r", "\r").replace("\\n", "\n").replace("\\0", "\0");
        let (field, value) = line.split_once(' ').unwrap_or((&line, ""));
        event = match field {
            "event" => {
                is_wrong |= value.contains(['\r', '\n']);
                value.clone_into(&mut expected.name);
                event.event(value)
            }
            "id" => {
                is_wrong |= value.contains(['\r', '\n', '\0']);
                expected.id = Some(value.to_owned());
                event.id(value)
            }
            "data" => {
                let value = value.replace("\r\n", "\n").replace('\r', "\n");
                expected.data = Some(match expected.data.take() {
                    Some(before) => format!("{before}\n{value}"),
                    None => value.clone(),
                });
                event.data(value)
            }
            "retry" => {
                let milliseconds = u64::from(value.parse::<u32>().unwrap_or(0));
                expected.retry = Some(milliseconds);
                event.retry(Duration::from_millis(milliseconds))
            }
            _ => event.comment(value),
        };
    }
    let written = event.to_string();
    match event.into_bytes() {
        Err(mistake) => assert!(is_wrong, "{mistake}"),
        Ok(bytes) => {
            assert!(!is_wrong, "{written:?} should not be sent");
            assert_eq!(bytes, written);
            assert_eq!(read(&written), expected, "{written:?}");
        }
    }
}

/// Reads one event as HTML, section 9.2.6, has it.
fn read(text: &str) -> Seen {
    let mut seen = Seen::default();
    let lines = text.strip_suffix("\n\n").or(text.strip_suffix('\n')).expect("it ends with an empty line");
    for line in lines.replace("\r\n", "\n").split(['\r', '\n']) {
        assert!(!line.is_empty() || lines.is_empty(), "an event within the event");
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut seen.name),
            "id" => seen.id = Some(value.to_owned()).filter(|id| !id.contains('\0')),
            "data" => {
                seen.data = Some(match seen.data.take() {
                    Some(before) => format!("{before}\n{value}"),
                    None => value.to_owned(),
                });
            }
            "retry" => seen.retry = value.parse().ok(),
            _ => assert!(field.is_empty(), "{field:?} is no field"),
        }
    }
    seen
}
