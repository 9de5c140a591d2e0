//! What an application can start with, and somebody should look at: what no request reaches, and names that are no names.
//!
//! Nothing here changes an answer. Each finding has the places of all who take part.

use http::Method;
use pulsar_pattern::{Converter, Segment};

use super::{
    entry::{Entry, MountEntry, Mounted},
    reach::{Reach, Rule},
    routes::Router,
};
use crate::{
    finding::{Finding, Kind, Spot, counted},
    order::sort_by_key,
};

/// A route that others take all paths of.
struct Lost<'a> {
    entry: &'a Entry,
    /// With these methods.
    methods: Vec<Method>,
    takers: Vec<Taker<'a>>,
}

#[derive(Clone, Copy)]
enum Taker<'a> {
    Route(&'a Entry),
    Mount(&'a MountEntry),
}

impl Taker<'_> {
    fn spot(self) -> Spot {
        match self {
            Self::Route(entry) => entry.spot(&entry.methods),
            Self::Mount(mount) => mount.spot(),
        }
    }
}

impl Router {
    /// What has no effect, or not the one that somebody may think.
    pub(crate) fn advice(&self) -> Vec<Finding> {
        let mut found = self.shadowed();
        found.extend(self.hidden_mounts());
        found.extend(self.unreachable_fallbacks());
        found.extend(self.same_names());
        found
    }

    /// Routes that no request reaches. What is there in tests alone takes nothing from users, and is told apart.
    fn shadowed(&self) -> Vec<Finding> {
        let all: Vec<&Entry> = self.routes.iter().collect();
        let served: Vec<&Entry> = all.iter().copied().filter(|entry| !entry.only_in_tests).collect();
        // A crate that is nothing but tests is looked at like any other.
        if served.is_empty() || served.len() == all.len() {
            return self.lost(&all).iter().map(Lost::finding).collect();
        }
        let lost = self.lost(&served);
        let in_tests = self.lost(&all).into_iter().filter(|in_tests| {
            let known = |lost: &Lost<'_>| {
                lost.entry.source == in_tests.entry.source && lost.methods == in_tests.methods
            };
            !in_tests.entry.only_in_tests && !lost.iter().any(known)
        });
        let in_tests: Vec<_> = in_tests.map(|lost| lost.finding_in_tests()).collect();
        lost.iter().map(Lost::finding).chain(in_tests).collect()
    }

    fn lost<'a>(&'a self, entries: &[&'a Entry]) -> Vec<Lost<'a>> {
        let mut rules = Vec::new();
        let mut whose = Vec::new();
        for &entry in entries {
            if let Some(rule) = Rule::of_route(&entry.pattern, &entry.methods) {
                rules.push(rule);
                whose.push(Taker::Route(entry));
            }
        }
        for mount in self.mounts.iter().filter(|mount| self.takes_everything(mount)) {
            rules.push(Rule::of_mount(&mount.prefix));
            whose.push(Taker::Mount(mount));
        }
        let reach = Reach::new(rules);
        let mut found: Vec<Lost<'_>> = Vec::new();
        for (number, taker) in whose.iter().enumerate() {
            let Taker::Route(entry) = *taker else { continue };
            let mut lost = Lost { entry, methods: Vec::new(), takers: Vec::new() };
            let mut takers = Vec::new();
            for method in &entry.methods {
                if let Some(more) = reach.takers(number, method) {
                    lost.methods.push(method.clone());
                    takers.extend(more);
                }
            }
            takers.sort_unstable();
            takers.dedup();
            lost.takers = takers.into_iter().map(|taker| whose[taker]).collect();
            if !lost.methods.is_empty() {
                found.push(lost);
            }
        }
        found
    }

    /// Whether a service gets everything below its prefix that no rule there matches.
    fn takes_everything(&self, mount: &MountEntry) -> bool {
        // The fallback of a nested router further in goes first.
        !is_fallback(mount)
            && !self
                .mounts
                .iter()
                .any(|inner| is_fallback(inner) && is_below(inner, mount) && !is_below(mount, inner))
    }

    /// Services that routes leave nothing to but methods that hardly anybody uses, and paths that no rule matches.
    fn hidden_mounts(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for mount in self.mounts.iter().filter(|mount| !is_fallback(mount)) {
            let methods: &[Method] = if mount.is_files {
                &[Method::GET]
            } else {
                &[Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE]
            };
            if let Some(mut routes) = self.hiding(mount, methods) {
                sort_by_key(&mut routes, |entry| entry.source);
                routes.dedup_by_key(|entry| entry.source);
                let message = format!(
                    "the routes below answer every usual request for \"{}\" and what is below it, so that nothing is left to what is mounted there",
                    mount.prefix
                );
                let spots = routes.iter().map(|entry| entry.spot(&entry.methods));
                let finding =
                    Finding::new(Kind::HiddenMount, message).help("remove it, or change the routes");
                found.push(finding.at(mount.spot()).at_all(spots));
            }
        }
        found
    }

    /// The routes that answer these methods at the prefix, with a slash behind it, and below it.
    fn hiding(&self, mount: &MountEntry, methods: &[Method]) -> Option<Vec<&Entry>> {
        let prefix = mount.prefix.segments();
        let paths: &[(usize, bool)] =
            if prefix.is_empty() { &[(0, true), (1, false)] } else { &[(0, false), (0, true), (1, false)] };
        let mut routes = Vec::new();
        for method in methods {
            for &(deeper, is_branch) in paths {
                let route = self.routes.iter().find(|entry| {
                    let segments = entry.pattern.segments();
                    !entry.only_in_tests
                        && entry.methods.contains(method)
                        && segments.len() == prefix.len() + deeper
                        && segments.starts_with(prefix)
                        && entry.pattern.is_branch() == is_branch
                        && segments[prefix.len()..].iter().all(is_path)
                });
                routes.push(route?);
            }
        }
        Some(routes)
    }

    /// Fallbacks where a service gets everything.
    fn unreachable_fallbacks(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        let root = self.mounts.iter().find(|mount| !is_fallback(mount) && mount.prefix.segments().is_empty());
        if let (Some((_, source)), Some(root)) = (&self.fallback, root) {
            found.push((Spot::new(*source), root));
        }
        for fallback in self.mounts.iter().filter(|mount| is_fallback(mount)) {
            let service = self
                .mounts
                .iter()
                .find(|mount| !is_fallback(mount) && mount.prefix.segments() == fallback.prefix.segments());
            found.extend(service.map(|service| (Spot::new(fallback.source), service)));
        }
        let finding = |(spot, service): (Spot, &MountEntry)| {
            let message = format!(
                "the fallback of \"{}\" is never asked, since what is mounted there gets everything that no route matches",
                service.prefix
            );
            let finding = Finding::new(Kind::UnreachableFallback, message).help("remove one of them");
            finding.at(spot.text("fallback")).at(service.spot())
        };
        found.into_iter().map(finding).collect()
    }

    /// Names that were chosen, and that another rule has as well: nobody could tell which URL one stands for.
    fn same_names(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for (at, entry) in self.routes.iter().enumerate() {
            let Some(name) = &entry.name else { continue };
            let has_name = |other: &&Entry| other.name.as_ref() == Some(name);
            let same: Vec<_> = self.routes.iter().filter(has_name).collect();
            let is_first = !self.routes[..at].iter().any(|other| has_name(&other));
            let differs = same.iter().any(|other| other.pattern != entry.pattern);
            if is_first && differs && same.iter().any(|other| other.is_named) {
                let message = format!("{} rules have the name `{name}`", counted(same.len()));
                let finding =
                    Finding::new(Kind::SameName, message).help("a name stands for one URL: choose others");
                found.push(finding.at_all(same.iter().map(|entry| entry.spot(&entry.methods))));
            }
        }
        found
    }
}

impl Lost<'_> {
    fn finding(&self) -> Finding {
        let message = format!(
            "no {}request reaches this route, since more specific rules take all of its paths",
            self.which()
        );
        let help = "remove it, or change one of the rules";
        self.with_places(Finding::new(Kind::ShadowedRoute, message).help(help))
    }

    fn finding_in_tests(&self) -> Finding {
        let message = format!(
            "no {}request of a test reaches this route, since rules that exist only in tests take all of its paths there",
            self.which()
        );
        self.with_places(Finding::new(Kind::TestRoute, message).help("give those another path"))
    }

    /// Which methods it is about, if not all.
    fn which(&self) -> String {
        let methods: Vec<_> = self.methods.iter().map(Method::as_str).collect();
        if self.methods == self.entry.methods { String::new() } else { format!("{} ", methods.join(" or ")) }
    }

    fn with_places(&self, finding: Finding) -> Finding {
        let takers = self.takers.iter().map(|taker| taker.spot());
        finding.at(self.entry.spot(&self.methods)).at_all(takers)
    }
}

fn is_fallback(mount: &MountEntry) -> bool {
    matches!(mount.target, Mounted::Fallback(_))
}

fn is_below(inner: &MountEntry, outer: &MountEntry) -> bool {
    inner.prefix.segments().starts_with(outer.prefix.segments())
}

fn is_path(segment: &Segment) -> bool {
    let Segment::Placeholder(placeholder) = segment else { return false };
    placeholder.converter == Converter::Path
}
