//! The command `top` in a terminal, which `script` of util-linux provides.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use pulsar_tests::{Folder, program::program, until};

use crate::support::{Instance, Setup, Spawned, skip};

#[test]
fn top_shows_the_instance_until_a_key_is_pressed() {
    let instance = watched();
    // `q`, Escape, and Ctrl-C, which is no signal here.
    for key in ["q", "\x1b", "\x03"] {
        let Some(mut screen) = Screen::of(&instance) else { return };
        screen.wait_for("req/s");
        screen.wait_for("2 of 2 workers ready");
        // The last line of the first answer, and then the rate that the second one brings.
        screen.wait_for("q quit");
        let first = screen.drawn().len();
        until("the rate is drawn", || screen.drawn()[first..].contains("0.0"));
        screen.press(key);
        assert_eq!(screen.code(), 0, "{key:?}: {}", screen.errors());
        screen.assert_restored();
        assert_eq!(screen.errors(), "");
    }
    instance.stop();
}

#[test]
fn top_ends_with_the_instance() {
    let instance = watched();
    let Some(mut screen) = Screen::of(&instance) else { return };
    screen.wait_for("req/s");
    instance.stop();
    assert_eq!(screen.code(), 1);
    screen.assert_restored();
    let errors = screen.errors();
    assert!(errors.starts_with("pulsar: the instance is gone: no instance answers at "), "{errors}");
    assert!(!errors.contains("panicked"), "{errors}");
}

#[test]
fn top_prints_once_where_no_terminal_is() {
    let instance = watched();
    let top = instance.command(&["top"]);
    top.assert_code(0);
    assert_eq!(top.stderr, "");
    assert!(top.stdout.starts_with(&format!("arbiter {}  version ", instance.pid())), "{top}");
    assert_eq!(top.stdout.matches("worker ").count(), 2, "{top}");
    instance.stop();
}

fn watched() -> Instance {
    Setup::example("watched", &["-b", "127.0.0.1:0", "--workers", "2"]).start_ready(2)
}

/// `top` in a terminal of 20 lines of 100 characters.
#[derive(Debug)]
struct Screen {
    terminal: Spawned,
    folder: Folder,
}

impl Screen {
    /// Starts it; none where there is no such `script`.
    fn of(instance: &Instance) -> Option<Self> {
        let version = Command::new("script").arg("--version").output();
        if !version.is_ok_and(|version| String::from_utf8_lossy(&version.stdout).contains("util-linux")) {
            skip("there is no `script` of util-linux");
            return None;
        }
        let folder = Folder::new();
        let top = instance.command_line(&["top"]);
        let words: Vec<String> = [top.get_program()]
            .into_iter()
            .chain(top.get_args())
            .map(|word| format!("'{}'", word.to_string_lossy()))
            .collect();
        // The settings of the terminal before and after; what goes wrong stays apart from what is drawn.
        let shell = format!(
            "stty rows 20 cols 100; stty -g > before; {} 2> errors; code=$?; stty -g > after; exit $code",
            words.join(" ")
        );
        let mut script = program(Path::new("script"));
        script.args(["--quiet", "--flush", "--return", "--command", &shell, "typescript"]);
        script.current_dir(folder.path()).env("TERM", "xterm").env("SHELL", "/bin/sh");
        script.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Some(Self { terminal: Spawned::of(script), folder })
    }

    fn press(&mut self, key: &str) {
        self.terminal.stdin.as_mut().expect("it is piped").write_all(key.as_bytes()).unwrap();
    }

    fn wait_for(&self, text: &str) {
        until(&format!("{text:?} is drawn"), || self.drawn().contains(text));
    }

    /// Waits until it has ended by itself.
    fn code(&mut self) -> i32 {
        let mut status = None;
        until("top ends", || {
            status = self.terminal.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap().code().unwrap()
    }

    /// The main screen is back, the cursor as well, and keys are echoed as before.
    #[track_caller]
    fn assert_restored(&self) {
        let drawn = self.drawn();
        for (enters, leaves) in [("\x1b[?1049h", "\x1b[?1049l"), ("\x1b[?25l", "\x1b[?25h")] {
            let (entered, left) = (drawn.find(enters), drawn.rfind(leaves));
            assert!(entered.is_some() && entered < left, "{enters:?} {leaves:?}: {drawn:?}");
        }
        assert_eq!(self.read("before"), self.read("after"));
    }

    fn errors(&self) -> String {
        self.read("errors")
    }

    fn drawn(&self) -> String {
        self.read("typescript")
    }

    /// A file that may not be there yet.
    fn read(&self, name: &str) -> String {
        fs::read(self.folder.join(name))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }
}
