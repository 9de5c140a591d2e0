//! Route matching compared: pulsar's table and the routers of the field, on the same rules and paths in one run.
//!
//!     cargo run --release                      a table of times, as the least of several interleaved rounds
//!     cargo run --release -- --instructions    a table of instructions, counted by callgrind; valgrind is needed
//!     cargo run --release -- --rounds 50 --only pulsar,matchit

mod data;
mod engines;
mod worst;

use std::{collections::BTreeMap, hint::black_box, process::Command, time::Instant};

use engines::{Actix, Engine, Matchit, PathTree, Pulsar, Wayfind, Xitca};

/// A set of rules, and the paths that are asked for.
pub struct Case {
    name: String,
    rules: Vec<String>,
    paths: Vec<String>,
    /// Whether engines are left out that take minutes for it.
    is_large: bool,
}

/// How many random paths: more than a branch predictor learns.
const PATHS: usize = 8192;

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, rules) in
        [("130", data::github()), ("1,000", data::rest(1000, 1)), ("10,000", data::rest(10_000, 2))]
    {
        let matchit = Matchit::new(&rules);
        let mut missing = data::missing(&rules, 2 * PATHS);
        missing.retain(|path| matchit.find(path).is_none());
        missing.truncate(PATHS);
        let paths =
            [("order", data::in_order(&rules)), ("random", data::random(&rules, PATHS)), ("404", missing)];
        for (kind, paths) in paths {
            let is_large = rules.len() > 200;
            cases.push(Case { name: format!("{name} {kind}"), rules: rules.clone(), paths, is_large });
        }
    }
    cases.extend(worst::cases());
    cases
}

/// Something that can be measured: runs all paths of a case, gives how many were found.
type Run<'a> = Box<dyn Fn() -> usize + 'a>;

fn runs<'a>(case: &'a Case, only: &[String]) -> Vec<(&'static str, Run<'a>)> {
    fn add<'a, E: Engine + 'a>(runs: &mut Vec<(&'static str, Run<'a>)>, case: &'a Case, only: &[String]) {
        if only.is_empty() || only.iter().any(|name| name == E::NAME) {
            let engine = E::new(&case.rules);
            runs.push((E::NAME, Box::new(move || all(&engine, &case.paths))));
        }
    }
    let mut runs = Vec::new();
    add::<Matchit>(&mut runs, case, only);
    add::<Pulsar>(&mut runs, case, only);
    if !case.name.contains("worst") && !case.name.contains("converters") {
        add::<Wayfind>(&mut runs, case, only);
        add::<PathTree>(&mut runs, case, only);
        add::<Xitca>(&mut runs, case, only);
        if !case.is_large {
            add::<Actix>(&mut runs, case, only);
        }
    }
    runs
}

#[inline(never)]
fn all<E: Engine>(engine: &E, paths: &[String]) -> usize {
    paths.iter().filter(|path| engine.find(black_box(path)).is_some()).count()
}

fn times(case: &Case, only: &[String], rounds: usize) -> Vec<(&'static str, f64)> {
    let runs = runs(case, only);
    let found: Vec<_> = runs.iter().map(|(_, run)| run()).collect();
    assert!(found.iter().all(|one| *one == found[0]), "{}: not all find the same: {found:?}", case.name);
    let mut least = vec![f64::INFINITY; runs.len()];
    for _ in 0..rounds {
        for ((_, run), least) in runs.iter().zip(&mut least) {
            let (start, mut asked) = (Instant::now(), 0);
            while asked == 0 || start.elapsed().as_micros() < 1500 {
                black_box(run());
                asked += case.paths.len();
            }
            let nanoseconds = start.elapsed().as_secs_f64() * 1e9 / asked as f64;
            *least = least.min(nanoseconds);
        }
    }
    runs.iter().map(|(name, _)| *name).zip(least).collect()
}

/// Instructions per path: this program is run again below callgrind, once for each engine.
fn instructions(case: &Case, only: &[String]) -> Vec<(&'static str, f64)> {
    let names: Vec<_> = runs(case, only).into_iter().map(|(name, _)| name).collect();
    let program = std::env::current_exe().expect("a program has a path");
    let count = |name: &'static str| {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"])
            .arg("--toggle-collect=*measured*")
            .arg(&program)
            .args(["--measure", &case.name, name])
            .output()
            .expect("valgrind is there");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let collected = text.lines().find_map(|line| line.split("Collected : ").nth(1));
        let collected: f64 = collected.and_then(|count| count.trim().parse().ok()).unwrap_or(f64::NAN);
        (name, collected / case.paths.len() as f64)
    };
    names.into_iter().map(count).collect()
}

#[inline(never)]
fn measured(run: &Run<'_>) -> usize {
    run()
}

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let value = |key: &str| {
        let at = arguments.iter().position(|argument| argument == key)?;
        arguments.get(at + 1).cloned()
    };
    let list = |key: &str| -> Vec<String> {
        value(key).map(|names| names.split(',').map(str::to_owned).collect()).unwrap_or_default()
    };
    let mut cases = cases();
    if let Some(name) = value("--measure") {
        let case = cases.iter().find(|case| case.name == name).expect("a case");
        let only = arguments.last().cloned().into_iter().collect::<Vec<_>>();
        let (_, run) = &runs(case, &only)[0];
        black_box(run());
        black_box(measured(run));
        return;
    }
    let (only, wanted) = (list("--only"), list("--cases"));
    cases.retain(|case| wanted.is_empty() || wanted.iter().any(|part| case.name.contains(part)));
    let rounds = value("--rounds").and_then(|rounds| rounds.parse().ok()).unwrap_or(25);
    let by_callgrind = arguments.iter().any(|argument| argument == "--instructions");
    let unit = if by_callgrind { "instructions" } else { "ns" };
    let mut names: Vec<&str> = Vec::new();
    let mut rows: Vec<(&Case, BTreeMap<&str, f64>)> = Vec::new();
    for case in &cases {
        let found = if by_callgrind { instructions(case, &only) } else { times(case, &only, rounds) };
        for (name, _) in &found {
            if !names.contains(name) {
                names.push(name);
            }
        }
        rows.push((case, found.into_iter().collect()));
    }
    println!("{unit} per path; in brackets the ratio to matchit\n");
    println!("| rules, paths | {} |", names.join(" | "));
    println!("|---|{}", "---|".repeat(names.len()));
    for (case, found) in &rows {
        let cells = names.iter().map(|name| match (found.get(name), found.get("matchit")) {
            (Some(own), Some(base)) => format!("{own:.0} ({:.2})", own / base),
            (Some(own), None) => format!("{own:.0}"),
            (None, _) => "-".to_owned(),
        });
        println!("| {} | {} |", case.name, cells.collect::<Vec<_>>().join(" | "));
    }
    if !by_callgrind {
        println!(
            "\n| rules | matchit: built in ms | pulsar: built in ms | pulsar: bytes a rule |\n|---|---|---|---|"
        );
        for rules in [data::github(), data::rest(1000, 1), data::rest(10_000, 2)] {
            let built = |build: &dyn Fn()| {
                let times = (0..10).map(|_| {
                    let start = Instant::now();
                    build();
                    start.elapsed().as_secs_f64() * 1e3
                });
                times.fold(f64::INFINITY, f64::min)
            };
            let matchit = built(&|| drop(black_box(Matchit::new(&rules))));
            let pulsar = built(&|| drop(black_box(Pulsar::new(&rules))));
            let bytes = Pulsar::new(&rules).bytes() as f64 / rules.len() as f64;
            println!("| {} | {matchit:.2} | {pulsar:.2} | {bytes:.0} |", rules.len());
        }
    }
}
