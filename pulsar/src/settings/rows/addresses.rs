//! Where an application listens.

use crate::settings::{
    mistake::InvalidValue,
    processes::octal,
    row::{Row, Scope, Several, Type},
    values::whole,
};

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "bind",
        short: Some('b'),
        value_name: "ADDR",
        section: SECTION,
        scope: Scope::Application,
        default: "127.0.0.1:8060",
        help: "Address to listen on; may be given several times",
        details: "HOST:PORT, :PORT for all addresses of the machine, [IPV6]:PORT, unix:PATH for a unix domain \
                  socket, or fd://N for a listening socket that whoever started the program has opened as descriptor N. \
                  Port 0 takes a free port and prints it. The variable takes several addresses separated by \
                  commas, the file an array of strings.",
        types: &[Type::String],
        several: Some(Several {
            clear: |settings| settings.bind.clear(),
            texts: |settings| settings.bind.iter().map(ToString::to_string).collect(),
        }),
        set: |settings, text| {
            let bind = text.parse()?;
            if settings.bind.contains(&bind) && !bind.is_repeatable() {
                return Err(InvalidValue::new(format!("`{bind}` is given twice")).with_help("give it once"));
            }
            settings.bind.push(bind);
            Ok(())
        },
        show: |settings| settings.bind.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    },
    Row {
        name: "backlog",
        short: None,
        value_name: "N",
        section: SECTION,
        scope: Scope::Application,
        default: "2048",
        help: "Connections that may wait until they are accepted",
        details: "From 1 to 65535, for each address; the system may have a lower limit (net.core.somaxconn on Linux).",
        types: &[Type::Integer],
        several: None,
        set: |settings, text| whole(text, 1, 65_535).map(|number| settings.backlog = number),
        show: |settings| settings.backlog.to_string(),
    },
    Row {
        name: "socket_mode",
        short: None,
        value_name: "MODE",
        section: SECTION,
        scope: Scope::Application,
        default: "660",
        help: "Who may connect to the unix sockets",
        details: "The permissions of their files, as three octal digits. In the settings file the digits stand in \
                  quotes.",
        types: &[Type::String],
        several: None,
        set: |settings, text| octal(text).map(|mode| settings.socket_mode = mode),
        show: |settings| format!("{:03o}", settings.socket_mode),
    },
];

const SECTION: &str = "Addresses";
