//! The command `top`, in a program that is built with it.
//!
//! A thread of its own asks the instance once a second, so that a key is heard while an answer is late. It only reads: nothing
//! here changes the instance. The rule it keeps: however it ends, the terminal is as it was before.

mod screen;

use std::{
    io::{self, IsTerminal},
    sync::mpsc::{self, Receiver, TryRecvError},
    thread,
    time::{Duration, Instant},
};

use ratatui::{
    DefaultTerminal,
    crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers},
};

use self::screen::View;
use crate::{
    app::{
        commands::{complain, print},
        report::tree,
    },
    arbiter::{Client, Info, Request, Response},
};

/// There is no instance, or no longer; or the terminal is none that can be drawn on.
const FAILED: u8 = 1;
/// Between an answer and the next question.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a key is waited for before the answers are looked at.
const TICK: Duration = Duration::from_millis(100);

/// Shows the instance until somebody has seen enough. Where no terminal is, it shows it once.
pub(crate) fn run(program: &str, client: Client) -> u8 {
    // Nothing has happened to the terminal yet: what is wrong already is told like any other command tells it.
    let info = match ask(&client) {
        Ok(info) => info,
        Err(why) => {
            complain(format_args!("pulsar: {why}"));
            return FAILED;
        }
    };
    if !io::stdout().is_terminal() {
        print(&tree(&info));
        return 0;
    }
    // The hook for panics that this sets restores the terminal before the message is written.
    let shown = ratatui::try_init()
        .and_then(|mut terminal| show(&mut terminal, View::new(program, info), &answers(client)));
    let restored = ratatui::try_restore();
    let ended = match (shown, restored) {
        (Ok(ended), Ok(())) => ended,
        (Err(error), _) | (_, Err(error)) => Err(format!("the terminal: {error}")),
    };
    match ended {
        Ok(()) => 0,
        Err(why) => {
            complain(format_args!("pulsar: {why}"));
            FAILED
        }
    }
}

/// Draws what comes and obeys the keys. The inner result says why the instance cannot be shown any more.
fn show(
    terminal: &mut DefaultTerminal,
    mut view: View,
    answers: &Receiver<Result<Info, String>>,
) -> io::Result<Result<(), String>> {
    let mut heard = Instant::now();
    loop {
        match answers.try_recv() {
            Ok(Ok(info)) => {
                heard = Instant::now();
                view.update(info);
            }
            Ok(Err(why)) => return Ok(Err(format!("the instance is gone: {why}"))),
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => return Ok(Err("nobody asks the instance any more".into())),
        }
        view.silent(heard.elapsed());
        // What has not changed is not written again.
        terminal.draw(|frame| view.draw(frame))?;
        if !event::poll(TICK)? {
            continue;
        }
        if let Event::Key(key) = event::read()? {
            match action(key) {
                Some(Action::Quit) => return Ok(Ok(())),
                Some(Action::Up) => view.scroll_up(terminal.size()?),
                Some(Action::Down) => view.scroll_down(terminal.size()?),
                None => {}
            }
        }
    }
}

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Quit,
    Up,
    Down,
}

fn action(key: KeyEvent) -> Option<Action> {
    // Some terminals tell as well that a key is let go.
    if key.kind == KeyEventKind::Release {
        return None;
    }
    match key.code {
        KeyCode::Char('q') | KeyCode::Esc => Some(Action::Quit),
        // The terminal sends no signal for it while it is drawn on.
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Action::Quit),
        KeyCode::Up => Some(Action::Up),
        KeyCode::Down => Some(Action::Down),
        _ => None,
    }
}

/// The answers of the instance, one a second, until it gives none or nobody listens.
fn answers(client: Client) -> Receiver<Result<Info, String>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        loop {
            thread::sleep(PAUSE);
            let answer = ask(&client);
            let last = answer.is_err();
            if sender.send(answer).is_err() || last {
                return;
            }
        }
    });
    receiver
}

fn ask(client: &Client) -> Result<Info, String> {
    let mut answer = Err("the instance gave another answer than was asked for".to_owned());
    let asked = client.ask(&Request::Info, |response| match response {
        Response::Info(info) => answer = Ok(info),
        Response::Failed { why } => answer = Err(why),
        Response::Pong { .. } | Response::Progress { .. } | Response::Done { .. } => {}
    });
    asked.map_err(|error| error.to_string()).and(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_quit_and_scroll() {
        let key = |code| KeyEvent::new(code, KeyModifiers::NONE);
        let control = |code| KeyEvent::new(code, KeyModifiers::CONTROL);
        let released = KeyEvent { kind: KeyEventKind::Release, ..key(KeyCode::Char('q')) };
        for (key, expected) in [
            (key(KeyCode::Char('q')), Some(Action::Quit)),
            (key(KeyCode::Esc), Some(Action::Quit)),
            (control(KeyCode::Char('c')), Some(Action::Quit)),
            (key(KeyCode::Char('c')), None),
            (key(KeyCode::Up), Some(Action::Up)),
            (key(KeyCode::Down), Some(Action::Down)),
            (key(KeyCode::Char('r')), None),
            (released, None),
        ] {
            assert_eq!(action(key), expected, "{key:?}");
        }
    }
}
