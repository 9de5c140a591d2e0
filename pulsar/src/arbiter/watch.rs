//! What `reload` watches: the program's own file and what people write beside it; and when a change has come to rest.
//!
//! It looks again and again, since that works on every system and file system, through links, and with all ways to write a file.
//! It brings nothing in; that is what `reload` does with a [`Change`]. The rules it keeps: looking takes a small share of one
//! processor however many files there are, and nothing that changes after it was told of is missed.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use crate::{
    arbiter::{
        monitor::Time,
        snapshot::{Look, MOST, Mark, Snapshot},
    },
    settings::{AccessLog, Settings},
};

/// The shortest time between two looks.
const EVERY: Duration = Duration::from_millis(120);
/// How long a look may take until the rest of it waits for the next one.
const BUDGET: Duration = Duration::from_millis(4);
/// Looking takes at most one part in so many of the time.
const SHARE: u32 = 50;
/// How long a program file has to look the same: a linker, or a copy, may still be writing.
const SETTLED: Duration = Duration::from_millis(100);
/// How long files are waited for that never come to rest.
const PATIENCE: Duration = Duration::from_secs(2);

/// What has changed, and has come to rest.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// Another program stands at the start path.
    pub(super) program: bool,
    /// These files, in words.
    pub(super) files: Option<String>,
}

/// The files that are watched, and what is known of them.
#[derive(Debug)]
pub(super) struct Watch {
    program: PathBuf,
    paths: Vec<PathBuf>,
    /// What changes because the program runs.
    ignored: Vec<PathBuf>,
    running: Option<Mark>,
    /// The program file that was brought in last, or was refused.
    tried: Option<Mark>,
    /// The one that stands there, and since when it looks like this.
    candidate: Option<(Mark, Time)>,
    look: Look,
    latest: Snapshot,
    /// The one whose changes have been told.
    told: Snapshot,
    /// Something has changed while one program followed another in this process.
    meanwhile: bool,
    restless_since: Option<Time>,
    due: Time,
}

/// What the next program in this process has to know.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Saved {
    digest: u64,
}

impl Watch {
    /// Watches for applications with these settings, of which the first one's say whether and what.
    pub(super) fn new(program: &Path, apps: &[&Settings], now: Time) -> Option<Self> {
        let settings = apps.first().filter(|settings| settings.reload)?;
        let logs = apps.iter().filter_map(|settings| match &settings.access_log {
            AccessLog::File(path) => Some(path),
            _ => None,
        });
        let ignored = logs.chain(&settings.pidfile).filter_map(|path| std::path::absolute(path).ok());
        let mut this = Self {
            program: program.to_owned(),
            paths: watched(settings),
            ignored: ignored.collect(),
            running: None,
            tried: None,
            candidate: None,
            look: Look::default(),
            latest: Snapshot::default(),
            told: Snapshot::default(),
            meanwhile: false,
            restless_since: None,
            due: now,
        };
        this.running = Mark::of_program(&this.program);
        this.tried = this.running;
        // Workers that start after this read what it sees, or something newer.
        this.look = Look::at(&this.paths);
        this.told = loop {
            if let Some(snapshot) = this.look.go_on(BUDGET, &this.ignored) {
                break snapshot;
            }
        };
        this.look = Look::at(&this.paths);
        this.latest = this.told.clone();
        Some(this)
    }

    /// Goes on where the program before this one stopped, as the file with this mark.
    pub(super) fn go_on(&mut self, running: Option<Mark>, saved: Saved) {
        if running.is_some() {
            (self.running, self.tried) = (running, running);
        }
        self.meanwhile = saved.digest != self.told.digest();
    }

    /// Takes over from a watch of the same program, which had other settings.
    pub(super) fn follows(&mut self, before: &Self) {
        (self.running, self.tried) = (before.running, before.tried);
    }

    pub(super) fn save(&self) -> Saved {
        Saved { digest: self.told.digest() }
    }

    /// Whether it watches what these settings say.
    pub(super) fn suits(&self, settings: &Settings) -> bool {
        settings.reload && self.paths == watched(settings)
    }

    /// What is watched, for people, and what may not be as they think.
    pub(super) fn told_at_start(&self, settings: &Settings) -> (String, Vec<String>) {
        let is_there = |path: &&PathBuf| path.exists();
        let mut places = vec![self.program.display().to_string()];
        places.extend(self.paths.iter().filter(is_there).map(|path| path.display().to_string()));
        let files = match self.told.len() {
            1 => "1 file".to_owned(),
            number => format!("{number} files"),
        };
        let line = format!("reload: watching {} ({files} beside the program)", places.join(", "));
        let mut warnings = Vec::new();
        if self.told.is_cut {
            warnings.push(format!(
                "reload: there are more than {MOST} files in what is watched; the rest is not. Name smaller folders with \
                 --reload-watch"
            ));
        }
        if settings.reload_watch != Settings::default().reload_watch {
            let missing = settings.reload_watch.iter().filter(|path| !path.exists());
            warnings.extend(missing.map(|path| {
                format!(
                    "reload: `{}` of --reload-watch is not there; it is watched for all the same",
                    path.display()
                )
            }));
        }
        (line, warnings)
    }

    /// When to look next.
    pub(super) fn due(&self) -> Time {
        self.due
    }

    /// Looks, a little at a time. What has changed, once it has come to rest.
    pub(super) fn look(&mut self, now: Time) -> Option<Change> {
        let begun = Instant::now();
        let change = Change { program: self.look_at_program(now), files: self.look_at_files(now) };
        // What takes longer has waited for others, on a busy machine, and costs nothing.
        self.due = now + EVERY.max(begun.elapsed().min(2 * BUDGET) * SHARE);
        (change != Change::default()).then_some(change)
    }

    fn look_at_program(&mut self, now: Time) -> bool {
        let found = Mark::of_program(&self.program);
        // Between two builds there is none for a while, and one may be taken back.
        let new = found.filter(|mark| Some(*mark) != self.running && Some(*mark) != self.tried);
        self.candidate = match (new, self.candidate) {
            (None, _) => None,
            (Some(mark), Some((before, since))) if mark == before => Some((mark, since)),
            (Some(mark), _) => Some((mark, now)),
        };
        self.candidate.take_if(|(_, since)| now.saturating_sub(*since) >= SETTLED).is_some()
    }

    fn look_at_files(&mut self, now: Time) -> Option<String> {
        let found = self.look.go_on(BUDGET, &self.ignored)?;
        self.look = Look::at(&self.paths);
        let is_at_rest = found == self.latest;
        self.latest = found;
        let differences = self.latest.differences(&self.told);
        if differences.is_empty() && !self.meanwhile {
            self.restless_since = None;
            return None;
        }
        let since = *self.restless_since.get_or_insert(now);
        if !is_at_rest && now.saturating_sub(since) < PATIENCE {
            return None;
        }
        let words = match differences.as_slice() {
            [] => "files".to_owned(),
            [one] => one.display().to_string(),
            [one, more @ ..] => format!("{} and {} more", one.display(), more.len()),
        };
        (self.meanwhile, self.restless_since) = (false, None);
        self.told = self.latest.clone();
        Some(words)
    }

    /// Whether a program that does not run stands at the start path: one that was refused, or has just come.
    pub(super) fn has_other_program(&self) -> bool {
        Mark::of_program(&self.program).is_some_and(|mark| Some(mark) != self.running)
    }

    /// The program file with this mark is being brought in.
    pub(super) fn tries(&mut self, mark: Option<Mark>) {
        self.tried = mark;
    }

    /// It could not be tried yet.
    pub(super) fn tries_later(&mut self) {
        self.tried = self.running;
    }

    /// The one that was tried last runs now.
    pub(super) fn adopts(&mut self) {
        self.running = self.tried;
    }
}

/// The files and folders beside the program.
fn watched(settings: &Settings) -> Vec<PathBuf> {
    let mut paths = settings.reload_watch.clone();
    if !paths.contains(&settings.config) {
        paths.push(settings.config.clone());
    }
    paths
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;
    use crate::arbiter::snapshot::tests::Folder;

    /// A program and a folder beside it, and a clock.
    struct World {
        folder: Folder,
        watch: Watch,
        now: Time,
    }

    impl World {
        fn new(name: &str) -> Self {
            let folder = Folder::new(name);
            program(&folder, "shop", "one");
            folder.write("templates/a.html", "a");
            let settings = settings(&folder);
            let watch = Watch::new(&folder.join("shop"), &[&settings], Time::ZERO).expect("it is wanted");
            Self { folder, watch, now: Time::ZERO }
        }

        /// What it says within this time.
        fn pass(&mut self, seconds: f64) -> Vec<Change> {
            let end = self.now + Duration::from_secs_f64(seconds);
            let mut changes = Vec::new();
            while self.watch.due() <= end {
                self.now = self.now.max(self.watch.due());
                changes.extend(self.watch.look(self.now));
            }
            self.now = end;
            changes
        }

        #[track_caller]
        fn assert_files(&mut self, expected: &str) {
            let expected = expected.replace('~', &self.folder.join("").display().to_string());
            assert_eq!(self.pass(1.0), [Change { program: false, files: Some(expected) }]);
        }
    }

    fn settings(folder: &Folder) -> Settings {
        Settings {
            reload: true,
            reload_watch: vec![folder.join("templates")],
            config: folder.join("pulsar.toml"),
            access_log: AccessLog::File(folder.join("templates/access.log")),
            ..Settings::default()
        }
    }

    /// Builds a program as cargo does: it is written somewhere else.
    fn program(folder: &Folder, name: &str, text: &str) {
        folder.write("new", text);
        let new = folder.join("new");
        fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).expect("it is ours");
        fs::rename(&new, folder.join(name)).expect("both are in one folder");
    }

    const PROGRAM: Change = Change { program: true, files: None };

    #[test]
    fn a_program_is_tried_once_it_is_complete() {
        let mut world = World::new("complete");
        assert_eq!(world.pass(2.0), []);
        fs::remove_file(world.folder.join("shop")).expect("it is there");
        assert_eq!(world.pass(2.0), []);
        for (bytes, mode) in [("", 0o755), ("text", 0o644)] {
            world.folder.write("shop", bytes);
            fs::set_permissions(world.folder.join("shop"), fs::Permissions::from_mode(mode)).expect("ours");
            assert_eq!(world.pass(2.0), [], "{bytes} {mode}");
        }
        // It grows from look to look.
        fs::remove_file(world.folder.join("shop")).expect("it is there");
        program(&world.folder, "shop", "1");
        for size in 2..10 {
            assert_eq!(world.pass(0.1), [], "{size}");
            fs::write(world.folder.join("shop"), "1".repeat(size)).expect("it is ours");
        }
        assert_eq!(world.pass(2.0)[0], PROGRAM);
        assert!(world.watch.has_other_program());
        world.watch.tries(Mark::of_program(&world.folder.join("shop")));
        assert_eq!(world.pass(2.0), [], "it was refused, and nothing else has come");
        program(&world.folder, "shop", "two");
        assert_eq!(world.pass(0.5)[0], PROGRAM);
        world.watch.tries(Mark::of_program(&world.folder.join("shop")));
        world.watch.adopts();
        assert_eq!(world.pass(2.0), []);
        assert!(!world.watch.has_other_program());
    }

    #[test]
    fn a_program_that_is_taken_back_or_linked_once_more_is_none() {
        let mut world = World::new("back");
        let at = |name: &str| world.folder.join(name);
        fs::hard_link(at("shop"), at("shop-1234")).expect("a link can be made");
        fs::remove_file(at("shop")).expect("it is there");
        fs::hard_link(at("shop-1234"), at("shop")).expect("a link can be made");
        assert_eq!(world.pass(1.0), []);
        program(&world.folder, "shop", "two");
        assert_eq!(world.pass(1.0)[0], PROGRAM);
        fs::rename(world.folder.join("shop-1234"), world.folder.join("shop")).expect("in one folder");
        assert_eq!(world.pass(1.0), []);
    }

    #[test]
    fn a_program_that_could_not_be_tried_yet_is_told_again() {
        let mut world = World::new("later");
        program(&world.folder, "shop", "two");
        assert_eq!(world.pass(0.4)[0], PROGRAM);
        world.watch.tries(Mark::of_program(&world.folder.join("shop")));
        assert_eq!(world.pass(1.0), []);
        world.watch.tries_later();
        assert_eq!(world.pass(0.4)[0], PROGRAM);
    }

    #[test]
    fn files_are_told_once_they_are_at_rest() {
        let mut world = World::new("rest");
        world.folder.write("templates/a.html", "longer");
        world.assert_files("~templates/a.html");
        for n in 0..10 {
            world.folder.write(&format!("templates/{n}"), "new");
        }
        world.assert_files("~templates/0 and 9 more");
        // As editors do it.
        world.folder.write("templates/4913", "");
        world.folder.write("templates/.a.html.swp", "");
        fs::remove_file(world.folder.join("templates/4913")).expect("it is there");
        fs::rename(world.folder.join("templates/a.html"), world.folder.join("templates/a.html~"))
            .expect("ours");
        world.folder.write("templates/a.html", "longer still");
        world.assert_files("~templates/a.html");
        world.folder.write("pulsar.toml", "workers = 2");
        world.assert_files("~pulsar.toml");
        world.folder.write("templates/access.log", "GET /");
        assert_eq!(world.pass(3.0), []);
        // One that never rests is told all the same.
        let mut told = 0;
        for n in 0..30 {
            world.folder.write("templates/a.html", &"x".repeat(n));
            told += world.pass(0.13).len();
        }
        assert!((1..=3).contains(&told), "{told}");
    }

    #[test]
    fn what_changes_between_two_programs_of_a_process_is_told() {
        let mut world = World::new("between");
        let saved = world.watch.save();
        let settings = settings(&world.folder);
        let next = |world: &World| {
            let mut watch =
                Watch::new(&world.folder.join("shop"), &[&settings], world.now).expect("it is wanted");
            watch.go_on(world.watch.running, saved);
            watch
        };
        let same = next(&world);
        world.watch = same;
        assert_eq!(world.pass(2.0), []);
        world.folder.write("templates/a.html", "longer");
        program(&world.folder, "shop", "two");
        let other = next(&world);
        world.watch = other;
        let changes = world.pass(0.5);
        assert!(changes.iter().any(|change| change.program), "{changes:?}");
        assert!(changes.iter().any(|change| change.files.as_deref() == Some("files")), "{changes:?}");
    }

    #[test]
    fn what_is_watched_is_said() {
        let folder = Folder::new("said");
        program(&folder, "shop", "one");
        folder.write("views/a", "");
        let with = |paths: &[&str]| Settings {
            reload_watch: paths.iter().map(|path| folder.join(path)).collect(),
            ..settings(&folder)
        };
        let (here, there) = (with(&["views"]), with(&["views", "nowhere"]));
        let said = |settings: &Settings| {
            let watch = Watch::new(&folder.join("shop"), &[settings], Time::ZERO).expect("it is wanted");
            assert!(watch.suits(settings));
            watch.told_at_start(settings)
        };
        let (shop, views) = (folder.join("shop"), folder.join("views"));
        let line =
            format!("reload: watching {}, {} (1 file beside the program)", shop.display(), views.display());
        assert_eq!(said(&here), (line.clone(), Vec::new()));
        let missing = format!(
            "reload: `{}` of --reload-watch is not there; it is watched for all the same",
            folder.join("nowhere").display()
        );
        assert_eq!(said(&there), (line, vec![missing]));
        assert!(Watch::new(&shop, &[&Settings::default()], Time::ZERO).is_none());
    }
}
