//! The files of the program itself.

use crate::settings::{
    processes::{off_or, shown},
    row::{Row, Scope, Type},
    values::path,
};

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "pidfile",
        short: None,
        value_name: "PATH",
        section: SECTION,
        scope: Scope::Program,
        default: "off",
        help: "File to write the number of the process to",
        details: "The path of a file, or off. A second program with the same file does not start.",
        types: &[Type::String],
        several: None,
        set: |settings, text| off_or(text, path).map(|pidfile| settings.pidfile = pidfile),
        show: |settings| shown(settings.pidfile.as_ref().map(|path| path.display())),
    },
    Row {
        name: "control_socket",
        short: None,
        value_name: "PATH",
        section: SECTION,
        scope: Scope::Program,
        default: "auto",
        help: "Unix socket that the commands to a running instance use",
        details: "The path of a socket, auto for one for each instance in the runtime directory, or off. The commands \
                  look for the instance at the same path.",
        types: &[Type::String],
        several: None,
        set: |settings, text| text.parse().map(|socket| settings.control_socket = socket),
        show: |settings| settings.control_socket.to_string(),
    },
    Row {
        name: "config",
        short: Some('c'),
        value_name: "FILE",
        section: SECTION,
        scope: Scope::Program,
        default: "pulsar.toml",
        help: "File to read settings from",
        details: "TOML, with the names of this list in underscore form as keys. The default is read if it exists in \
                  the working directory; a file that is named must exist.",
        types: &[],
        several: None,
        set: |settings, text| path(text).map(|path| settings.config = path),
        show: |settings| settings.config.display().to_string(),
    },
];

const SECTION: &str = "Files";
