//! What the search costs: no allocation for the usual rule, and time linear in the path for every rule.

use std::time::{Duration, Instant};

use http::Method;
use pulsar_pattern::Pattern;

use super::{
    find::Sent,
    fuzz,
    table::{Found, Table, steps},
    target::decode,
    trie::Trie,
};
use crate::request::Spans;

fn trie(rules: &[&str]) -> Trie {
    let mut trie = Trie::new();
    for rule in rules {
        let pattern = Pattern::parse(rule).unwrap();
        trie.insert(pattern.segments(), pattern.is_branch(), &[Method::GET]).unwrap();
    }
    trie
}

fn find(table: &Table, path: &str) -> Found {
    let mut spans = Spans::EMPTY;
    table.find(&decode(path).unwrap(), &Method::GET, &mut spans)
}

/// The same as a request asks for it.
fn find_sent(table: &Table, path: &str) -> Found {
    let mut spans = Spans::EMPTY;
    match table.find_sent(path, &Method::GET, &mut spans) {
        Sent::Route(route) => Found::Route(route),
        Sent::Other(found, _) => found,
        Sent::Bad(bad) => panic!("{path}: {bad:?}"),
    }
}

#[test]
fn a_search_allocates_nothing() {
    let mut trie = trie(&[
        "/",
        "/static/route",
        "/users/<int:id>/<name>",
        "/users/<int:id>/posts/",
        "/price/<float(max=9.5):x>",
        "/lang/<any(en,it):lang>/<string(length=2):x>",
        "/key/<uuid:key>",
        "/sku/<re(\"[A-Z]{3}-[0-9]+\"):sku>",
        "/v<int:major>/x",
        "/v<int:major>.<int:minor>/x",
        "/files/<path:rest>",
        "/pages/<path:page>/edit",
        "/tied/<int(max=9):a>/<b>",
        "/tied/<int(max=5):a>/x",
    ]);
    trie.mount(Pattern::parse("/mounted").unwrap().segments(), 0, false);
    let table = trie.freeze();
    for (path, expected) in [
        ("/", Found::Route(0)),
        ("/static/route", Found::Route(1)),
        ("/users/7/ann", Found::Route(2)),
        ("/users/7/posts/", Found::Route(3)),
        ("/price/9.5", Found::Route(4)),
        ("/lang/it/xy", Found::Route(5)),
        ("/key/01234567-89ab-cdef-0123-456789abcdef", Found::Route(6)),
        ("/sku/ABC-7", Found::Route(7)),
        ("/v1/x", Found::Route(8)),
        ("/v1.2/x", Found::Route(9)),
        ("/files/a/b/c", Found::Route(10)),
        ("/pages/a/b/c/edit", Found::Route(11)),
        ("/tied/3/x", Found::Route(13)),
        ("/mounted/a", Found::Mount(0, 8)),
        ("/users/7/posts", Found::Route(2)),
        ("/nothing/here", Found::Nothing),
        ("/static/route/", Found::OtherSlash),
        ("/pages/a/b/c/d", Found::Nothing),
    ] {
        // An expression gets its memory at its first search, and keeps it.
        assert_eq!(find(&table, path), expected, "{path}");
        assert_eq!(find_sent(&table, path), expected, "{path}");
        let allocated = allocation_counter::measure(|| {
            find(&table, path);
            find_sent(&table, path);
        });
        assert_eq!(allocated.count_total, 0, "{path}");
    }
}

/// The shortest of several times, which is the one that nothing else on the machine has lengthened.
fn time(table: &Table, paths: [&str; 2]) -> [Duration; 2] {
    let mut shortest = [Duration::MAX; 2];
    for _ in 0..15 {
        for (path, shortest) in paths.iter().zip(&mut shortest) {
            let start = Instant::now();
            assert!(
                !matches!(find(table, path), Found::Route(_)),
                "the worst case is a path that does not match"
            );
            *shortest = start.elapsed().min(*shortest);
        }
    }
    shortest
}

/// Eight times the path may take eight times as long, and thrice that for what noise there is; if the time were
/// quadratic it would be 64 times, which no noise can hide.
#[test]
fn the_time_is_linear_in_the_path() {
    const TIMES: usize = 8;
    for (rules, unit, shortest) in [
        (&["/<path:a>/x/<path:b>/y"][..], "/x", 300),
        (&["/<path:a>/x/<path:b>/x/<path:c>/x/<path:d>/y"], "/x", 300),
        (&["/<path:a>/<path:b>/<path:c>/<path:d>/y"], "/x", 300),
        (&["/<path:a>/<b>/<path:c>/x/<d>/<path:e>/y", "/<path:a>/x/<path:c>/<d>/x/<path:e>/z"], "/x", 300),
        (&["/<path:a>/<int(max=9):b>/<path:c>/y", "/<path:a>/<int(max=5):b>/<path:c>/z"], "/3", 300),
        (&["/<x>-<y>-<z>.<int:n>"], "-", 200),
        (&["/<a>.<b>.<c>-<d>-<e>x<int:n>"], ".-x", 200),
        (&["/<re(\"(a|aa)+\"):x>b"], "a", 1000),
        (&["/<path:a>/<x>-<y>-<int:z>"], "/a-a-a", 100),
    ] {
        let table = trie(rules).freeze();
        let path = |count: usize| format!("/{}", unit.repeat(count).trim_start_matches('/'));
        let paths = [&path(shortest)[..], &path(shortest * TIMES)];
        let mut seen = Vec::new();
        // A machine that is busy with other things can spoil a measurement; it cannot make a quadratic time a linear one.
        let is_linear = (0..8).any(|_| {
            let [short, long] = time(&table, paths);
            seen.push((short, long));
            long < short * 3 * u32::try_from(TIMES).unwrap()
        });
        assert!(is_linear, "{rules:?}: {seen:?}");
    }
}

/// A path is read by words and by masks, whose borders are anywhere.
#[test]
fn slashes_and_encoded_bytes_are_found_at_every_place() {
    let literals = [1, 7, 8, 9, 15, 16, 17, 24, 62, 63, 126].map(|len| format!("/{}", "x".repeat(len)));
    let rules = ["/<a>", "/<a>/", "/<a>/<b>", "/<int:a>/x", "/<a>/<path:rest>/x"];
    let rules: Vec<_> = literals.iter().map(String::as_str).chain(rules).collect();
    let (table, rules) = fuzz::rules(&rules.join("\n")).unwrap();
    for len in 1..300 {
        let path = format!("/{}", "x".repeat(len - 1));
        let check = |path: &str| fuzz::check(&table, &rules, path);
        check(&path);
        for place in 1..len {
            let [mut slash, mut percent] = [&path, &path].map(String::clone);
            slash.replace_range(place..=place, "/");
            check(&slash);
            percent.replace_range(place..=place, "%78");
            check(&percent);
        }
    }
}

/// Steps are counted, so that no noise can hide anything: twice the path takes no more than 2.4 times as many.
#[test]
fn the_steps_are_linear_in_the_path() {
    for (rules, unit) in [
        (&["/<path:a>/x/<path:b>/y"][..], "/x"),
        (&["/<path:a>/x/<path:b>/x/<path:c>/x/<path:d>/y"], "/x"),
        (&["/<path:a>/<path:b>/<path:c>/<path:d>/y"], "/x"),
        (&["/<path:a>/<b>/<path:c>/x/<d>/<path:e>/y", "/<path:a>/x/<path:c>/<d>/x/<path:e>/z"], "/x"),
        (&["/<path:a>/<int(max=9):b>/<path:c>/y", "/<path:a>/<int(max=5):b>/<path:c>/z"], "/3"),
        (&["/<a>/<b>", "/<path:rest>/y"], "/x"),
    ] {
        let table = trie(rules).freeze();
        let count = |segments: usize| {
            steps::take();
            assert_eq!(find_sent(&table, &unit.repeat(segments)), Found::Nothing);
            steps::take()
        };
        for segments in [50, 100, 200, 400] {
            let (short, long) = (count(segments), count(2 * segments));
            assert!(long * 10 <= short * 24, "{rules:?}: {short} steps, and {long} for twice the path");
        }
    }
    // Rules of one length that differ in every segment: no more steps than there are cells.
    let stairs = |rule: usize| {
        let values = (rule..20).fold(String::new(), |text, at| format!("{text}/<x{at}>"));
        format!("{}{values}/r{rule}", "/a".repeat(rule))
    };
    let rules: Vec<_> = (0..20).map(stairs).collect();
    let table = trie(&rules.iter().map(String::as_str).collect::<Vec<_>>()).freeze();
    steps::take();
    assert_eq!(find_sent(&table, &format!("{}/x", "/a".repeat(20))), Found::Nothing);
    let taken = steps::take();
    assert!(taken <= 20 * 21 * 2, "{taken}");
}
