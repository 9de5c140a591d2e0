//! What is reported is never found, and in small worlds whatever is never found is reported.

use proptest::prelude::*;

use super::*;
use crate::{
    request::Spans,
    router::{
        table::{Found, Table},
        trie::Trie,
    },
};

/// Routes and prefixes of services, each as a line.
struct World {
    patterns: Vec<(Vec<Method>, Pattern)>,
    mounts: Vec<Pattern>,
}

impl World {
    /// `GET /a`, `GET,POST /a`, or `* /a` for a service.
    fn of<S: AsRef<str>>(lines: &[S]) -> Self {
        let mut world = Self { patterns: Vec::new(), mounts: Vec::new() };
        for line in lines {
            let (methods, rule) = line.as_ref().split_once(' ').unwrap();
            let pattern = Pattern::parse(rule).unwrap();
            if methods == "*" {
                world.mounts.push(pattern);
            } else {
                let methods = methods.split(',').map(|method| method.parse().unwrap());
                world.patterns.push((methods.collect(), pattern));
            }
        }
        world
    }

    /// Which lines are lost for which method, with the lines that take their paths.
    fn lost(&self) -> Vec<(usize, Method, Vec<usize>)> {
        let mut lines = Vec::new();
        let mut rules = Vec::new();
        for (line, (methods, pattern)) in self.patterns.iter().enumerate() {
            if let Some(rule) = Rule::of_route(pattern, methods) {
                rules.push(rule);
                lines.push(line);
            }
        }
        rules.extend(self.mounts.iter().map(Rule::of_mount));
        lines.extend(self.patterns.len()..self.patterns.len() + self.mounts.len());
        let reach = Reach::new(rules);
        let mut lost = Vec::new();
        for (number, &line) in lines.iter().enumerate().filter(|(_, line)| **line < self.patterns.len()) {
            for method in &self.patterns[line].0 {
                if let Some(takers) = reach.takers(number, method) {
                    lost.push((line, method.clone(), takers.into_iter().map(|at| lines[at]).collect()));
                }
            }
        }
        lost
    }

    fn table(&self) -> Table {
        let mut trie = Trie::new();
        for (methods, pattern) in &self.patterns {
            trie.insert(pattern.segments(), pattern.is_branch(), methods).unwrap();
        }
        for (number, prefix) in self.mounts.iter().enumerate() {
            trie.mount(prefix.segments(), number, false);
        }
        trie.freeze()
    }
}

fn find(table: &Table, path: &str, method: &Method) -> Found {
    let mut spans = Spans::EMPTY;
    table.find(&crate::router::target::decode(path).unwrap(), method, &mut spans)
}

#[test]
fn what_others_take_is_lost() {
    // The lines; then those that are lost, with who takes their paths.
    type Row<'a> = (&'a [&'a str], &'a [(usize, &'a [usize])]);
    let rows: &[Row<'_>] = &[
        (&["GET /a", "GET /b", "GET /<any(a,b):x>"], &[(2, &[0, 1])]),
        (&["GET /a", "GET /<any(a,b):x>"], &[]),
        (&["GET /a", "POST /b", "GET /<any(a,b):x>"], &[]),
        (&["GET /a", "GET /b", "GET,POST /<any(a,b):x>"], &[(2, &[0, 1])]),
        // HEAD follows GET, and not the other way round.
        (&["GET /a", "HEAD /<any(a):x>"], &[(1, &[0])]),
        (&["HEAD /a", "GET /<any(a):x>"], &[]),
        (&["GET /a", "HEAD /a"], &[]),
        // OPTIONS is answered for those who have no route of that method.
        (&["GET /a", "OPTIONS /<any(a):x>"], &[]),
        // A leaf is no branch.
        (&["GET /a/", "GET /<any(a):x>"], &[]),
        (&["GET /a/", "GET /<any(a):x>/"], &[(1, &[0])]),
        // Numbers: `01` is one as well, unless the digits are counted.
        (&["GET /1", "GET /2", "GET /3", "GET /<int(min=1,max=3):x>"], &[]),
        (&["GET /1", "GET /2", "GET /3", "GET /<int(min=1,max=3,fixed_digits=1):x>"], &[(3, &[0, 1, 2])]),
        (&["GET /1", "GET /3", "GET /<int(min=1,max=3,fixed_digits=1):x>"], &[]),
        (&["GET /<any(1,2):x>", "GET /3", "GET /<int(min=1,max=3,fixed_digits=1):x>"], &[(2, &[0, 1])]),
        (&["GET /<int:x>", "GET /<re(\"[0-9]{2}\"):x>"], &[(1, &[0])]),
        (&["GET /<int:x>", "GET /<re(\"[0-9a]{2}\"):x>"], &[]),
        (
            &["GET /<int(max=49):x>", "GET /<int(min=50,max=99):x>", "GET /<re(\"[0-9]{2}\"):x>"],
            &[(2, &[0, 1])],
        ),
        (&["GET /<int(max=49):x>", "GET /<int(min=51,max=99):x>", "GET /<re(\"[0-9]{2}\"):x>"], &[]),
        (&["GET /<int:x>", "GET /<float:x>"], &[]),
        (&["GET /<int:x>", "GET /<x>"], &[]),
        // Every text, a line feed and an encoded slash included.
        (&["GET /<re(\"(?s).+\"):x>", "GET /<x>"], &[(1, &[0])]),
        (&["GET /<re(\".+\"):x>", "GET /<x>"], &[]),
        (&["GET /<re(\"(?s).+\"):x>", "GET /<string(length=2):x>"], &[(1, &[0])]),
        // A value of dots is none, also behind text.
        (&["GET /v<int:x>", "GET /<re(\"v[0-9]+\"):x>"], &[(1, &[0])]),
        (&["GET /v<x>", "GET /<re(\"v[0-9.]+\"):x>"], &[]),
        (&["GET /v<x>", "GET /<re(\"v[0-9]+\"):x>"], &[(1, &[0])]),
        // Segment by segment, the first one that differs decides.
        (&["GET /<any(a,b):x>/<y>", "GET /<re(\"[ab]\"):x>/c"], &[(1, &[0])]),
        (&["GET /a/<y>", "GET /b/c", "GET /<any(a,b):x>/c"], &[(2, &[0, 1])]),
        (&["GET /a/<y>", "GET /b/<int:y>", "GET /<any(a,b):x>/c"], &[]),
        (&["GET /<int:a>/x", "GET /<int:a>/y", "GET /<int(max=5):a>/<any(x,y):b>"], &[(2, &[0, 1])]),
        (&["GET /<int(max=5):a>/x", "GET /<int:a>/y", "GET /<int:a>/<any(x,y):b>"], &[]),
        // What is deeper.
        (&["GET /a/<path:rest>", "GET /b/<path:rest>", "GET /<any(a,b):x>/<y>/z"], &[]),
        (&["GET /a/<path:rest>", "GET /b/<path:rest>", "GET /<any(a,b):x>/y/z"], &[(2, &[0, 1])]),
        (&["GET /a/<path:rest>", "GET /<any(a):x>/<path:y>"], &[(1, &[0])]),
        (&["GET /a/<path:rest>/", "GET /<any(a):x>/<path:y>"], &[]),
        (&["GET /a/<path:rest>", "GET /<any(a):x>"], &[]),
        // What a service gets.
        (&["GET /<any(old):x>/<path:rest>", "* /old"], &[(0, &[1])]),
        (&["POST /<any(old,new):x>/<path:rest>", "* /old", "* /new"], &[(0, &[1, 2])]),
        (&["GET /old/<path:rest>", "* /old"], &[]),
        (&["GET /<path:rest>", "* /"], &[]),
        (&["GET /<path:rest>", "* /old"], &[]),
        (&["GET /<any(old):x>", "* /old/deeper"], &[]),
    ];
    for (lines, expected) in rows {
        let mut lost: Vec<(usize, Vec<usize>)> = Vec::new();
        for (line, _, takers) in World::of(lines).lost() {
            lost.push((line, takers));
        }
        let expected: Vec<_> = expected.iter().map(|(line, takers)| (*line, takers.to_vec())).collect();
        assert_eq!(lost, expected, "{lines:?}");
    }
}

/// Segments that match many texts, or few.
fn segment(finite: bool) -> BoxedStrategy<&'static str> {
    const FEW: &[&str] = &[
        "a",
        "b",
        "1",
        "<any(a):x>",
        "<any(a,b):x>",
        "<any(b,\"1\"):x>",
        "<any(a,b,\"1\"):x>",
        "<int(fixed_digits=1,max=1):x>",
        "<int(fixed_digits=1,min=1,max=1):x>",
        "<re(\"[ab]\"):x>",
        "<re(\"[ab1]\"):x>",
        "<re(\"[b0]\"):x>",
    ];
    const MANY: &[&str] = &[
        "12",
        "<int:x>",
        "<int(min=1,max=12):x>",
        "<int(min=2):x>",
        "<int(fixed_digits=2):x>",
        "<int(signed):x>",
        "<float:x>",
        "<float(max=1.5):x>",
        "<re(\"[a-z]+\"):x>",
        "<re(\"(?s).+\"):x>",
        "<re(\"(?s)[^/].*\"):x>",
        "<re(\"[0-9]{1,2}\"):x>",
        "<string(length=1):x>",
        "<string(maxlength=2):x>",
        "<x>",
        "a<x>",
        "<x>b",
        "a<int:x>",
        "<x>-<y>",
    ];
    if finite {
        prop::sample::select(FEW).boxed()
    } else {
        prop_oneof![prop::sample::select(FEW), prop::sample::select(MANY)].boxed()
    }
}

/// A line of a world.
fn line(finite: bool) -> impl Strategy<Value = String> {
    let methods = prop::sample::select(&["GET", "GET", "POST", "HEAD", "GET,POST"][..]);
    let ends = prop::sample::select(&["", "", "/", "/<path:rest>", "/<path:rest>/"][..]);
    let route = (methods, prop::collection::vec(segment(finite), 1..=3), ends).prop_map(
        move |(methods, segments, end)| {
            let mut rule = format!("{methods} ");
            for (at, segment) in segments.iter().enumerate() {
                let segment = segment.replace(":x>", &format!(":x{at}>")).replace("<x>", &format!("<x{at}>"));
                rule.extend(["/", &segment.replace("<y>", &format!("<y{at}>"))]);
            }
            rule + if finite && end.contains("path") { "" } else { end }
        },
    );
    let mount = prop::collection::vec(prop::sample::select(&["a", "b", "1"][..]), 1..=2)
        .prop_map(|segments| format!("* /{}", segments.join("/")));
    prop_oneof![8 => route, 1 => mount]
}

const TEXTS: &[&str] = &[
    "a", "b", "0", "1", "01", "12", "77", "-1", "1.5", "2.5", "ab", "aab", "a-b", "a1", "%C3%A9", "%0A",
    "%2Fa", "a%2F", "a%2F..", ".%2Fa", "..", ".", "", "..-a", "a..", "zzz",
];

/// All paths of up to so many of these segments, with a final slash and without.
fn paths(texts: &[&str], most: usize) -> Vec<String> {
    let mut paths = vec![String::new()];
    let mut last = paths.clone();
    for _ in 0..most {
        last = last.iter().flat_map(|path| texts.iter().map(move |text| format!("{path}/{text}"))).collect();
        paths.extend(last.iter().cloned());
    }
    paths.iter().flat_map(|path| [path.clone(), format!("{path}/")]).filter(|path| !path.is_empty()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn what_is_reported_is_never_found(lines in prop::collection::vec(line(false), 2..8)) {
        let world = World::of(&lines);
        let lost = world.lost();
        if lost.is_empty() {
            return Ok(());
        }
        let table = world.table();
        for path in paths(TEXTS, 3) {
            for (line, method, takers) in &lost {
                let found = find(&table, &path, method);
                prop_assert!(found != Found::Route(*line), "{path:?} finds {} in {lines:?}, {takers:?}", lines[*line]);
            }
        }
    }

    #[test]
    fn what_is_never_found_is_reported(lines in prop::collection::vec(line(true), 2..8)) {
        let world = World::of(&lines);
        let table = world.table();
        let lost = world.lost();
        let paths = paths(&["a", "b", "0", "1"], 3);
        for (line, (methods, pattern)) in world.patterns.iter().enumerate() {
            // Of two with one rule the first one has it, which is a conflict and no matter of reach.
            let twin = |(other, (more, twin)): (usize, &(Vec<Method>, Pattern))| {
                other != line && is_tied(twin, pattern) && more.iter().any(|method| methods.contains(method))
            };
            if world.patterns.iter().enumerate().any(twin) {
                continue;
            }
            for method in methods {
                let is_found = paths.iter().any(|path| find(&table, path, method) == Found::Route(line));
                let is_lost = lost.iter().any(|(number, lost, _)| *number == line && lost == method);
                prop_assert!(is_found != is_lost, "{method} {pattern} of {lines:?}: found {is_found}, lost {is_lost}");
            }
        }
    }
}

/// Whether neither of two rules is more specific.
fn is_tied(one: &Pattern, other: &Pattern) -> bool {
    let labels = |pattern| Rule::of_route(pattern, &[]).unwrap().labels;
    one.is_branch() == other.is_branch() && labels(one) == labels(other)
}
