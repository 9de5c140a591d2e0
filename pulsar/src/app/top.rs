//! The command `top`, in a program that is built without it.

use super::commands::complain;
use crate::arbiter::Client;

pub(super) fn run(_client: &Client) -> u8 {
    complain(
        "pulsar: this program is built without `top`; build pulsar with its feature `top`, or use `info`",
    );
    1
}
