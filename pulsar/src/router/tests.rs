//! What the search costs: no allocation for the usual rule, and time linear in the path for every rule.

use std::time::{Duration, Instant};

use http::Method;
use pulsar_pattern::Pattern;

use super::{
    table::{Found, Table},
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
        let allocated = allocation_counter::measure(|| {
            find(&table, path);
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
