//! The routers that are compared. Each finds the number of a rule, and where the values are.

use std::hint::black_box;

pub trait Engine {
    const NAME: &'static str;

    fn new(rules: &[String]) -> Self;

    /// The number of the rule that matches.
    fn find(&self, path: &str) -> Option<usize>;
}

/// A rule with other words for its placeholders: what stands before and behind their names.
fn written(rule: &str, before: &str, behind: &str) -> String {
    let mut parts = rule.split("{}");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for (at, part) in parts.enumerate() {
        text.push_str(&format!("{before}p{at}{behind}{part}"));
    }
    text
}

/// A rule without what only pulsar knows: converters.
fn plain(rule: &str) -> String {
    let rule = rule.replace("<path:rest>", "{*rest}");
    let mut parts = rule.split('<');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        format!("{text}{{}}{}", part.rsplit_once('>').map_or("", |(_, behind)| behind))
    })
}

pub struct Pulsar(pulsar::router::Lookup);

impl Pulsar {
    pub fn bytes(&self) -> usize {
        self.0.bytes()
    }
}

impl Engine for Pulsar {
    const NAME: &'static str = "pulsar";

    fn new(rules: &[String]) -> Self {
        let rules: Vec<_> = rules.iter().map(|rule| written(rule, "<", ">")).collect();
        Self(pulsar::router::Lookup::new(rules.iter().map(String::as_str)).expect("rules are right"))
    }

    #[inline]
    fn find(&self, path: &str) -> Option<usize> {
        self.0.find(path, |values| {
            black_box(values);
        })
    }
}

pub struct Matchit(matchit::Router<usize>);

impl Engine for Matchit {
    const NAME: &'static str = "matchit";

    fn new(rules: &[String]) -> Self {
        let mut router = matchit::Router::new();
        for (number, rule) in rules.iter().enumerate() {
            router.insert(written(&plain(rule), "{", "}"), number).expect("rules are right");
        }
        Self(router)
    }

    #[inline]
    fn find(&self, path: &str) -> Option<usize> {
        let found = black_box(self.0.at(path).ok()?);
        Some(*found.value)
    }
}

pub struct PathTree(path_tree::PathTree<usize>);

impl Engine for PathTree {
    const NAME: &'static str = "path-tree";

    fn new(rules: &[String]) -> Self {
        let mut router = path_tree::PathTree::new();
        for (number, rule) in rules.iter().enumerate() {
            let _ = router.insert(&written(rule, ":", ""), number);
        }
        Self(router)
    }

    #[inline]
    fn find(&self, path: &str) -> Option<usize> {
        let found = black_box(self.0.find(path)?);
        Some(*found.0)
    }
}

pub struct Wayfind(wayfind::Router<usize>);

impl Engine for Wayfind {
    const NAME: &'static str = "wayfind";

    fn new(rules: &[String]) -> Self {
        let mut router = wayfind::RouterBuilder::new();
        for (number, rule) in rules.iter().enumerate() {
            router.insert(&written(rule, "<", ">"), number).expect("rules are right");
        }
        Self(router.build())
    }

    #[inline]
    fn find(&self, path: &str) -> Option<usize> {
        let found = black_box(self.0.search(path)?);
        Some(*found.data())
    }
}

pub struct Xitca(xitca_router::Router<usize>);

impl Engine for Xitca {
    const NAME: &'static str = "xitca-router";

    fn new(rules: &[String]) -> Self {
        let mut router = xitca_router::Router::new();
        for (number, rule) in rules.iter().enumerate() {
            router.insert(written(rule, "{", "}"), number).expect("rules are right");
        }
        Self(router)
    }

    #[inline]
    fn find(&self, path: &str) -> Option<usize> {
        let found = black_box(self.0.at(path).ok()?);
        Some(*found.value)
    }
}

pub struct Actix(actix_router::Router<usize>);

impl Engine for Actix {
    const NAME: &'static str = "actix-router";

    fn new(rules: &[String]) -> Self {
        let mut router = actix_router::Router::build();
        for (number, rule) in rules.iter().enumerate() {
            router.path(written(rule, "{", "}").as_str(), number);
        }
        Self(router.finish())
    }

    #[inline]
    fn find(&self, path: &str) -> Option<usize> {
        let mut path = actix_router::Path::new(path);
        let found = self.0.recognize(&mut path).map(|(number, _)| *number);
        black_box(&path);
        found
    }
}
