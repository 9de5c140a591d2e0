//! What `top` draws: an answer of the instance, compared with the one before, on a screen of any size.
//!
//! It asks nobody and knows no terminal. The rule it keeps: the same answers on the same size give the same screen.

use std::{collections::BTreeSet, slice, time::Duration};

use ratatui::{
    Frame,
    layout::Size,
    style::{Color, Modifier, Style},
    text::Line,
    widgets::Paragraph,
};

use crate::{
    app::report::{memory, time},
    arbiter::{AppInfo, Info, WorkerInfo},
};

/// What is shown, and from which line on.
#[derive(Debug)]
pub(super) struct View {
    program: String,
    info: Info,
    previous: Option<Info>,
    scroll: usize,
    /// Whole seconds without an answer; zero while they come as they should.
    silent: u64,
}

impl View {
    pub(super) fn new(program: &str, info: Info) -> Self {
        Self { program: program.to_owned(), info, previous: None, scroll: 0, silent: 0 }
    }

    /// Shows the next answer.
    pub(super) fn update(&mut self, info: Info) {
        self.previous = Some(std::mem::replace(&mut self.info, info));
    }

    /// Says how old the answer is, if that is more than can be expected.
    pub(super) fn silent(&mut self, since: Duration) {
        self.silent = if since < LATE { 0 } else { since.as_secs() };
    }

    pub(super) fn scroll_up(&mut self, size: Size) {
        self.scroll = self.scroll.min(self.most(size)).saturating_sub(1);
    }

    pub(super) fn scroll_down(&mut self, size: Size) {
        self.scroll = (self.scroll + 1).min(self.most(size));
    }

    /// How many lines can be scrolled away.
    fn most(&self, size: Size) -> usize {
        self.body(size.width.into()).len().saturating_sub(self.room(size))
    }

    /// The lines between the head and the line of keys.
    fn room(&self, size: Size) -> usize {
        usize::from(size.height).saturating_sub(self.head(size.width.into()).len() + 1)
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>) {
        let size = frame.area().as_size();
        let (room, most) = (self.room(size), self.most(size));
        let scroll = self.scroll.min(most);
        let mut lines = self.head(size.width.into());
        let end = lines.len() + room;
        let body = self.body(size.width.into());
        let all = body.len();
        lines.extend(body.into_iter().skip(scroll).take(room));
        lines.resize(end, Line::default());
        let mut keys = vec!["q quit".to_owned()];
        if most > 0 {
            keys.push(format!("↑↓ scroll  lines {} to {} of {all}", scroll + 1, scroll + room));
        }
        if self.silent > 0 {
            keys.insert(0, format!("no answer for {} s", self.silent));
        }
        lines.push(Line::styled(keys.join("  "), Modifier::DIM));
        frame.render_widget(Paragraph::new(lines), frame.area());
    }

    /// The arbiter, and if there are several applications all of them together.
    fn head(&self, width: usize) -> Vec<Line<'static>> {
        let Info { arbiter, apps } = &self.info;
        let mut lines = wrapped(
            &[
                self.program.clone(),
                format!("arbiter {}", arbiter.pid),
                format!("version {}", arbiter.version),
                format!("generation {}", arbiter.generation),
                arbiter.state.clone(),
                format!("up {}", time(arbiter.uptime)),
                memory(arbiter.rss),
            ],
            width,
        );
        if apps.len() > 1 {
            let total = self.sum(apps);
            let parts = [
                format!("{} applications", apps.len()),
                format!("{} workers", total.workers),
                format!("{} requests per second", decimal(total.rate)),
                format!("{} in flight", total.in_flight),
                format!("{} connections", total.connections),
                memory(total.rss),
            ];
            lines.extend(wrapped(&parts, width));
        }
        lines.into_iter().map(|line| Line::styled(line, Modifier::BOLD)).chain([Line::default()]).collect()
    }

    /// The applications, each with the table of its workers. The columns of all tables are the same.
    fn body(&self, width: usize) -> Vec<Line<'static>> {
        let apps = &self.info.apps;
        if apps.is_empty() {
            return vec!["no applications".into()];
        }
        let rows = |app: &AppInfo| -> Vec<Row> {
            let workers = app.workers.iter().map(|worker| row(worker, self.rate(app, worker)));
            workers.chain([self.sum(slice::from_ref(app)).row()]).collect()
        };
        let tables: Vec<Vec<Row>> = apps.iter().map(rows).collect();
        let columns = columns(tables.iter().flatten(), width);
        let mut lines = Vec::new();
        for (app, rows) in apps.iter().zip(tables) {
            if !lines.is_empty() {
                lines.push(Line::default());
            }
            let ready = app.workers.iter().filter(|worker| worker.state == READY).count();
            let heading = [
                app.name.clone(),
                app.state.clone(),
                format!("{ready} of {} workers ready", app.target),
                format!("{} requests", app.requests),
            ];
            let heading = wrapped(&[&heading[..], &app.binds[..]].concat(), width);
            lines.extend(heading.into_iter().map(|line| Line::styled(line, Modifier::BOLD)));
            if app.workers.is_empty() {
                lines.push("no workers".into());
                continue;
            }
            let titles = COLUMNS.map(|column| column.title.to_owned());
            lines.push(Line::styled(text(&titles, &columns), Modifier::UNDERLINED));
            let styles = app.workers.iter().map(|worker| match &*worker.state {
                READY => Style::new(),
                _ => Style::new().fg(Color::Yellow),
            });
            let styles = styles.chain([Modifier::BOLD.into()]);
            lines
                .extend(rows.iter().zip(styles).map(|(row, style)| Line::styled(text(row, &columns), style)));
        }
        lines
    }

    /// Requests per second of a worker since the previous answer, if there is one to compare with.
    fn rate(&self, app: &AppInfo, worker: &WorkerInfo) -> Option<f64> {
        let previous = self.previous.as_ref()?;
        let seconds = self.info.arbiter.uptime - previous.arbiter.uptime;
        // The clock begins anew with each arbiter.
        if seconds <= 0.0 {
            return None;
        }
        // In one slot there may be an old and a new worker; and all workers may be threads of one process.
        let identity = |worker: &WorkerInfo| (worker.slot, worker.pid, worker.generation);
        let before = previous
            .apps
            .iter()
            .filter(|other| other.name == app.name)
            .flat_map(|app| &app.workers)
            .find(|other| identity(other) == identity(worker));
        // Whoever was not there before, or had counted more, is a new worker: it has had all its requests since.
        let since = before.and_then(|before| worker.requests.checked_sub(before.requests));
        #[allow(clippy::cast_precision_loss)] // One decimal is shown.
        Some(since.unwrap_or(worker.requests) as f64 / seconds)
    }

    fn sum(&self, apps: &[AppInfo]) -> Sum {
        let mut sum = Sum::default();
        // Workers may be threads of one process, whose memory they share.
        let mut processes = BTreeSet::new();
        for (app, worker) in apps.iter().flat_map(|app| app.workers.iter().map(move |worker| (app, worker))) {
            sum.workers += 1;
            sum.requests += worker.requests;
            sum.rate = self.rate(app, worker).map(|rate| sum.rate.unwrap_or(0.0) + rate);
            sum.in_flight += worker.in_flight;
            sum.connections += worker.connections;
            sum.rss += if processes.insert(worker.pid) { worker.rss } else { 0 };
        }
        sum
    }
}

/// What several workers do together.
#[derive(Debug, Default)]
struct Sum {
    workers: usize,
    requests: u64,
    rate: Option<f64>,
    in_flight: u64,
    connections: u64,
    rss: u64,
}

impl Sum {
    fn row(&self) -> Row {
        [
            "total".to_owned(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            self.requests.to_string(),
            decimal(self.rate),
            self.in_flight.to_string(),
            self.connections.to_string(),
            memory(self.rss),
        ]
    }
}

type Row = [String; COLUMNS.len()];

fn row(worker: &WorkerInfo, rate: Option<f64>) -> Row {
    [
        worker.slot.to_string(),
        worker.pid.to_string(),
        worker.generation.to_string(),
        worker.state.clone(),
        time(worker.uptime),
        worker.requests.to_string(),
        decimal(rate),
        worker.in_flight.to_string(),
        worker.connections.to_string(),
        memory(worker.rss),
    ]
}

/// The columns that there is room for, each with its width; what matters least goes first.
fn columns<'a>(rows: impl Iterator<Item = &'a Row> + Clone, width: usize) -> Vec<(usize, usize)> {
    let mut columns: Vec<(usize, usize)> = (0..COLUMNS.len())
        .map(|column| {
            let cells = rows.clone().map(|row| row[column].chars().count());
            (column, cells.chain([COLUMNS[column].title.len()]).max().unwrap_or(0))
        })
        .collect();
    while columns.iter().map(|(_, width)| width + GAP.len()).sum::<usize>() > width + GAP.len() {
        let least = columns.iter().map(|(column, _)| COLUMNS[*column].leaves).max().unwrap_or(0);
        if least == 0 {
            break;
        }
        columns.retain(|(column, _)| COLUMNS[*column].leaves != least);
    }
    columns
}

/// A row of a table. Words begin at the left, numbers end at the right.
fn text(row: &Row, columns: &[(usize, usize)]) -> String {
    let cells: Vec<String> = columns
        .iter()
        .map(|&(column, width)| match &row[column] {
            cell if COLUMNS[column].word => format!("{cell:width$}"),
            cell => format!("{cell:>width$}"),
        })
        .collect();
    cells.join(GAP)
}

/// Puts as many of these on a line as there is room for.
fn wrapped(parts: &[String], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if line.chars().count() + GAP.len() + part.chars().count() <= width => {
                line.push_str(GAP);
                line.push_str(part);
            }
            _ => lines.push(part.clone()),
        }
    }
    lines
}

/// A number that is unknown at first.
fn decimal(number: Option<f64>) -> String {
    number.map_or_else(|| "-".to_owned(), |number| format!("{number:.1}"))
}

/// A column of the tables of workers.
struct Column {
    title: &'static str,
    word: bool,
    /// On a narrow screen the highest one goes first; zero stays.
    leaves: u8,
}

const COLUMNS: [Column; 10] = [
    Column { title: "slot", word: false, leaves: 0 },
    Column { title: "pid", word: false, leaves: 1 },
    Column { title: "gen", word: false, leaves: 7 },
    Column { title: "state", word: true, leaves: 0 },
    Column { title: "up", word: false, leaves: 4 },
    Column { title: "requests", word: false, leaves: 2 },
    Column { title: "req/s", word: false, leaves: 0 },
    Column { title: "in flight", word: false, leaves: 3 },
    Column { title: "conns", word: false, leaves: 6 },
    Column { title: "RSS", word: false, leaves: 5 },
];

/// Between two columns, or two parts of a line.
const GAP: &str = "  ";
/// The word for a worker that serves.
const READY: &str = "ready";
/// An answer takes a second, and may take a little longer.
const LATE: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use ratatui::{Terminal, backend::TestBackend, buffer::Cell};
    use serde_json::json;

    use super::*;

    #[test]
    fn one_application() {
        let workers = |zero, one| vec![worker(0, 101, zero), worker(1, 102, one)];
        let mut view = View::new("shop", info(60.0, vec![app("shop", workers(10, 7))]));
        assert_eq!(
            drawn(&view, 84, 9),
            "\
shop  arbiter 100  version 1.2.3  generation 2  running  up 1 m 0 s  3.0 MiB

shop  running  2 of 2 workers ready  17 requests  http://127.0.0.1:8060
 slot  pid  gen  state    up  requests  req/s  in flight  conns       RSS
    0  101    2  ready  59 s        10      -          1      3  20.0 MiB
    1  102    2  ready  59 s         7      -          1      3  20.0 MiB
total                               17      -          2      6  40.0 MiB

q quit
"
        );
        view.update(info(62.0, vec![app("shop", workers(11, 1027))]));
        assert_eq!(
            drawn(&view, 84, 9),
            "\
shop  arbiter 100  version 1.2.3  generation 2  running  up 1 m 2 s  3.0 MiB

shop  running  2 of 2 workers ready  1038 requests  http://127.0.0.1:8060
 slot  pid  gen  state    up  requests  req/s  in flight  conns       RSS
    0  101    2  ready  59 s        11    0.5          1      3  20.0 MiB
    1  102    2  ready  59 s      1027  510.0          1      3  20.0 MiB
total                             1038  510.5          2      6  40.0 MiB

q quit
"
        );
    }

    #[test]
    fn two_applications() {
        let apps = |requests| {
            let mut worker = worker(1, 102, 7);
            worker.state = "booting".into();
            vec![app("shop", vec![super::tests::worker(0, 101, requests)]), app("admin", vec![worker])]
        };
        let mut view = View::new("shop", info(60.0, apps(0)));
        view.update(info(61.0, apps(4)));
        assert_eq!(
            drawn(&view, 84, 14),
            "\
shop  arbiter 100  version 1.2.3  generation 2  running  up 1 m 1 s  3.0 MiB
2 applications  2 workers  4.0 requests per second  2 in flight  6 connections
40.0 MiB

shop  running  1 of 1 workers ready  4 requests  http://127.0.0.1:8060
 slot  pid  gen  state      up  requests  req/s  in flight  conns       RSS
    0  101    2  ready    59 s         4    4.0          1      3  20.0 MiB
total                                  4    4.0          1      3  20.0 MiB

admin  running  0 of 1 workers ready  7 requests  http://127.0.0.1:8060
 slot  pid  gen  state      up  requests  req/s  in flight  conns       RSS
    1  102    2  booting  59 s         7    0.0          1      3  20.0 MiB
total                                  7    0.0          1      3  20.0 MiB
q quit
"
        );
    }

    #[test]
    fn a_narrow_screen_has_fewer_columns() {
        let view = View::new("shop", info(60.0, vec![app("shop", vec![worker(0, 101, 10)])]));
        assert_eq!(
            drawn(&view, 40, 12),
            "\
shop  arbiter 100  version 1.2.3
generation 2  running  up 1 m 0 s
3.0 MiB

shop  running  1 of 1 workers ready
10 requests  http://127.0.0.1:8060
 slot  pid  state  requests  req/s
    0  101  ready        10      -
total                    10      -


q quit
"
        );
        assert_eq!(
            drawn(&view, 22, 16),
            "\
shop  arbiter 100
version 1.2.3
generation 2  running
up 1 m 0 s  3.0 MiB

shop  running
1 of 1 workers ready
10 requests
http://127.0.0.1:8060
 slot  state  req/s
    0  ready      -
total             -



q quit
"
        );
        // Nothing is too small.
        for (width, height) in [(1, 1), (3, 2), (200, 1), (1, 50)] {
            drawn(&view, width, height);
        }
    }

    #[test]
    fn nothing_to_show() {
        assert_eq!(
            drawn(&View::new("shop", info(60.0, vec![])), 84, 4),
            "\
shop  arbiter 100  version 1.2.3  generation 2  running  up 1 m 0 s  3.0 MiB

no applications
q quit
"
        );
        let mut view = View::new("shop", info(60.0, vec![app("shop", vec![])]));
        view.silent(Duration::from_millis(4200));
        assert_eq!(
            drawn(&view, 84, 5),
            "\
shop  arbiter 100  version 1.2.3  generation 2  running  up 1 m 0 s  3.0 MiB

shop  running  0 of 0 workers ready  0 requests  http://127.0.0.1:8060
no workers
no answer for 4 s  q quit
"
        );
        view.silent(Duration::from_millis(1100));
        assert!(drawn(&view, 84, 5).ends_with("\nq quit\n"));
    }

    #[test]
    fn more_lines_than_there_is_room_for_are_scrolled() {
        let workers = |count| (0..count).map(|slot| worker(slot, 100, 0)).collect();
        let mut view = View::new("shop", info(60.0, vec![app("shop", workers(10))]));
        // Two lines of head, one of keys; thirteen of the application.
        let size = Size::new(84, 8);
        let keys = |view: &View| drawn(view, 84, 8).lines().last().unwrap().to_owned();
        assert_eq!(keys(&view), "q quit  ↑↓ scroll  lines 1 to 5 of 13");
        view.scroll_up(size);
        assert_eq!(view.scroll, 0);
        (0..20).for_each(|_| view.scroll_down(size));
        assert_eq!(keys(&view), "q quit  ↑↓ scroll  lines 9 to 13 of 13");
        // Workers that leave take the place with them.
        view.update(info(61.0, vec![app("shop", workers(4))]));
        assert_eq!(keys(&view), "q quit  ↑↓ scroll  lines 3 to 7 of 7");
        view.scroll_up(size);
        assert_eq!(keys(&view), "q quit  ↑↓ scroll  lines 2 to 6 of 7");
        view.update(info(62.0, vec![app("shop", workers(1))]));
        assert_eq!(keys(&view), "q quit");
    }

    #[test]
    fn threads_of_one_process_share_its_memory() {
        let workers = vec![worker(0, 101, 0), worker(1, 101, 0), worker(2, 102, 0)];
        let view = View::new("shop", info(60.0, vec![app("shop", workers)]));
        let sum = view.sum(&view.info.apps);
        assert_eq!((sum.workers, sum.rss), (3, 40 << 20));
    }

    #[test]
    fn rates_are_never_negative() {
        let rates = |before: (f64, Vec<WorkerInfo>), after: (f64, Vec<WorkerInfo>)| -> Vec<String> {
            let mut view = View::new("shop", info(before.0, vec![app("shop", before.1)]));
            view.update(info(after.0, vec![app("shop", after.1)]));
            let app = &view.info.apps[0];
            let rates = app.workers.iter().map(|worker| view.rate(app, worker));
            rates.chain([view.sum(&view.info.apps).rate]).map(decimal).collect()
        };
        // The same worker, a second later.
        assert_eq!(rates((5.0, vec![worker(0, 1, 10)]), (6.0, vec![worker(0, 1, 13)])), ["3.0", "3.0"]);
        // Another process in its place, which counts from zero.
        assert_eq!(rates((5.0, vec![worker(0, 1, 10)]), (7.0, vec![worker(0, 2, 4)])), ["2.0", "2.0"]);
        // Another thread of the same process.
        assert_eq!(rates((5.0, vec![worker(0, 1, 10)]), (6.0, vec![worker(0, 1, 4)])), ["4.0", "4.0"]);
        // The old worker and the new one at the same time.
        let mut new = worker(0, 2, 1);
        new.generation = 3;
        let both = vec![worker(0, 1, 12), new];
        assert_eq!(rates((5.0, vec![worker(0, 1, 10)]), (6.0, both)), ["2.0", "1.0", "3.0"]);
        // Another arbiter, and two answers of one moment.
        for seconds in [1.0, 5.0] {
            let after = (seconds, vec![worker(0, 1, 20)]);
            assert_eq!(rates((5.0, vec![worker(0, 1, 10)]), after), ["-", "-"]);
        }
        // Another application has a worker in that slot of that process.
        let mut view = View::new("shop", info(5.0, vec![app("admin", vec![worker(0, 1, 10)])]));
        view.update(info(6.0, vec![app("shop", vec![worker(0, 1, 2)])]));
        assert_eq!(view.sum(&view.info.apps).rate, Some(2.0));
    }

    /// The screen as text, without the blanks at the ends of its lines.
    fn drawn(view: &View, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| view.draw(frame)).unwrap();
        let cells = terminal.backend().buffer().content();
        let mut text = String::new();
        for line in cells.chunks(width.into()) {
            let line: String = line.iter().map(Cell::symbol).collect();
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    fn info(uptime: f64, apps: Vec<AppInfo>) -> Info {
        let arbiter = json!({
            "pid": 100, "version": "1.2.3", "generation": 2, "uptime": uptime, "state": "running", "rss": 3 << 20,
            "reloads": 0, "failed_reloads": 0,
        });
        Info { arbiter: serde_json::from_value(arbiter).unwrap(), apps }
    }

    fn app(name: &str, workers: Vec<WorkerInfo>) -> AppInfo {
        AppInfo {
            name: name.into(),
            binds: vec!["http://127.0.0.1:8060".into()],
            target: workers.len(),
            state: "running".into(),
            requests: workers.iter().map(|worker| worker.requests).sum(),
            exits: [].into(),
            workers,
        }
    }

    fn worker(slot: usize, pid: u32, requests: u64) -> WorkerInfo {
        WorkerInfo {
            pid,
            slot,
            generation: 2,
            state: READY.into(),
            uptime: 59.0,
            requests,
            in_flight: 1,
            connections: 3,
            limits: [].into(),
            rss: 20 << 20,
        }
    }
}
