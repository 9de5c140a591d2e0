//! What has to hold for every settings file, command line and address.

// That is what a check does when something does not hold.
#![allow(clippy::missing_panics_doc)]

use std::{ffi::OsStr, io, os::unix::ffi::OsStrExt, path::Path};

use super::{
    Application, Bind, Exit, Loader, Network, Origin,
    checks::check,
    file::{Torn, read},
    mistake::InvalidValue,
    resolve::resolve,
};

/// The text of a settings file: everything that is wrong with it has a place within it, and what is taken has too.
pub fn settings_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let path = Path::new("pulsar.toml");
    for names in [&["shop"][..], &["shop", "admin"]] {
        let applications: Vec<_> = names.iter().map(|name| Application::new(*name)).collect();
        for torn in [Torn::Drop, Torn::Salvage] {
            let (given, mistakes) = read(path, text, &applications, torn);
            let places = mistakes.iter().map(|mistake| within(text, &mistake.place));
            let places: Vec<_> = places.collect();
            assert!(places.is_sorted(), "mistakes stand in the order of the file: {places:?}");
            for mistake in &mistakes {
                assert!(!mistake.message.is_empty());
            }
            for given in &given {
                assert!(given.application < names.len() && !given.values.is_empty());
                for origin in given.values.iter().map(|(_, origin)| origin).chain([&given.origin]) {
                    let Origin::File { .. } = origin else { panic!("{origin:?} is not of the file") };
                    within(text, &origin.place());
                }
            }
            let is_torn = mistakes.iter().any(|mistake| mistake.message.starts_with("not TOML"));
            assert!(!is_torn || torn == Torn::Salvage || given.is_empty(), "half a file is none");
        }
        // What a program does with them: all that is wrong is told, or all settings have a value.
        let (given, mistakes) = read(path, text, &applications, Torn::Drop);
        let (settings, wrong) = resolve(&applications, &[given], true);
        for mistake in &wrong {
            within(text, &mistake.place);
        }
        let checked = check(&settings);
        let told = mistakes.iter().chain(&wrong).chain(&checked).map(ToString::to_string);
        assert!(told.into_iter().all(|message| message.starts_with("error: ") && message.ends_with('\n')));
        let shown = settings.print_config();
        assert!(names.iter().skip(1).all(|name| shown.contains(&format!("[apps.{name}]"))));
    }
}

/// Line and column of a place, which the text has.
fn within(text: &str, place: &str) -> (usize, usize) {
    let mut parts = place.rsplitn(3, ':').map(|part| part.parse::<usize>().unwrap_or_default());
    let (Some(column), Some(line)) = (parts.next(), parts.next()) else { panic!("{place} is no place") };
    let lines: Vec<_> = text.split('\n').collect();
    assert!((1..=lines.len()).contains(&line), "{place} is behind the end of {text:?}");
    assert!(
        (1..=lines[line - 1].chars().count() + 1).contains(&column),
        "{place} is behind the line in {text:?}"
    );
    (line, column)
}

/// Arguments, one a line: they are a command, or an exit that says why not.
pub fn command_line(data: &[u8]) {
    let typed = data.split(|byte| *byte == b'\n').map(OsStr::from_bytes);
    let arguments = std::iter::once(OsStr::new("shop")).chain(typed);
    let loader = Loader::new("shop", "1.0.0")
        .application(Application::new("shop"))
        .application(Application::new("admin"));
    let loaded = loader.load(arguments, [], |_| Err(io::ErrorKind::NotFound.into()));
    match loaded {
        Ok(invocation) => assert_eq!(invocation.settings.applications().len(), 2),
        Err(exit) => promised(&exit),
    }
}

/// The exit is one of those that are promised, and says something.
fn promised(exit: &Exit) {
    assert!(exit.code == 0 || exit.code == 2, "{exit:?}");
    assert!(exit.message.ends_with('\n') && !exit.message.trim().is_empty(), "{exit:?}");
}

/// An address or a network: what is printed is read back as the same, and what is none is explained.
pub fn bind_address(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match text.parse::<Bind>() {
        Ok(bind) => assert_eq!(bind.to_string().parse(), Ok(bind)),
        Err(invalid) => explained(&invalid),
    }
    match text.parse::<Network>() {
        Ok(network) => {
            assert_eq!(network.to_string().parse(), Ok(network));
            let unix: Network = "unix".parse().expect("it is one");
            let peers = [network, unix].into_iter().collect::<super::Peers>();
            assert!(peers.contains_unix() && peers.iter().count() == 2);
        }
        Err(invalid) => explained(&invalid),
    }
}

/// A way out that is an address by itself has to be one.
fn explained(invalid: &InvalidValue) {
    assert!(!invalid.message().is_empty());
    assert!(invalid.help().is_none_or(|help| !help.is_empty()));
}
