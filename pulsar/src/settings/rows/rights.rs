//! Whose rights the processes have.

use crate::settings::{
    processes::{account, octal, off_or, shown},
    row::{Row, Scope, Type},
};

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "user",
        short: None,
        value_name: "USER",
        section: SECTION,
        scope: Scope::Program,
        default: "off",
        help: "User that the workers run as",
        details: "The name or the number of a user, or off for the user that starts the program. To become another one \
                  takes root.",
        types: &[Type::String, Type::Integer],
        several: None,
        set: |settings, text| off_or(text, account).map(|user| settings.user = user),
        show: |settings| shown(settings.user.as_ref()),
    },
    Row {
        name: "group",
        short: None,
        value_name: "GROUP",
        section: SECTION,
        scope: Scope::Program,
        default: "off",
        help: "Group that the workers run as",
        details: "The name or the number of a group, or off for the group of `user`, or of whoever starts the program.",
        types: &[Type::String, Type::Integer],
        several: None,
        set: |settings, text| off_or(text, account).map(|group| settings.group = group),
        show: |settings| shown(settings.group.as_ref()),
    },
    Row {
        name: "umask",
        short: None,
        value_name: "MASK",
        section: SECTION,
        scope: Scope::Program,
        default: "off",
        help: "Permissions that new files do not get",
        details: "Three octal digits such as 027, or off to leave it as whoever starts the program has it. In the \
                  settings file the digits stand in quotes.",
        types: &[Type::String],
        several: None,
        set: |settings, text| off_or(text, octal).map(|umask| settings.umask = umask),
        show: |settings| shown(settings.umask.map(|mask| format!("{mask:03o}"))),
    },
];

const SECTION: &str = "Rights";
