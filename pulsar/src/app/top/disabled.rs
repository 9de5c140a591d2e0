//! The command `top`, in a program that is built without it.

use crate::{app::commands::complain, arbiter::Client};

pub(crate) fn run(_program: &str, _client: Client) -> u8 {
    complain(
        "pulsar: this program is built without `top`; build pulsar with its feature `top`, or use `info`",
    );
    1
}
