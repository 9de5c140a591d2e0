//! The whole search: everything that a table can hold, and what to say where no route is found.
//!
//! Four rules keep it right:
//!
//! * What stands first in a node is more specific, so the first match found is the best one. Only what is equally specific
//!   is tried to the end and compared, see [`Search::dynamics`].
//! * Each node stands at one depth, so without inner `<path:..>` placeholders a search visits no node twice. With them, a
//!   node may be visited once for each segment; one that stands behind two of them remembers where it was tried from (see
//!   [`Search::path_child`]). The time is linear in the length of the path for every table.
//! * A search allocates nothing but the memory of nested `<path:..>` placeholders, and the list of a 405.
//! * An encoded slash is a NUL in paths and in the texts of cells, so that both are compared as they are.

// A call costs more than most of what is called for each segment.
#![allow(clippy::inline_always)]

use std::{cmp::Ordering, ptr};

use http::Method;

#[cfg(test)]
use super::table::steps;
use super::{
    cell::{ALIKE, Cell, DIGITS, LIST, LITERALS, NONE, TEXT, end_of_segment, first_word},
    table::{Dynamic, Found, List, PathChild, Table, takes},
    target::is_dotted,
};
use crate::request::Spans;

/// The search for everything, below one cell and what is above it no more.
#[inline(never)]
pub(super) fn whole(
    table: &Table,
    path: &str,
    shown: &str,
    method: &Method,
    spans: &mut Spans,
    from: Place,
) -> Found {
    let mut search = Search {
        table,
        path,
        shown,
        has_hidden: !ptr::eq(path, shown),
        method: table.methods.number(method),
        asked: method,
        spans,
        lacking: Vec::new(),
        mounted: None,
        fallback: None,
        other_slash: false,
        tried_from: Vec::new(),
    };
    let (cell, at, count) = from.parts();
    let Some(cell) = table.cells.get(cell) else { return Found::Nothing };
    match search.walk(cell, at, count) {
        NONE => search.failed(),
        MOUNTED => search.mounted.map_or(Found::Nothing, |(number, rest)| Found::Mount(number, rest)),
        route => Found::Route(route as usize),
    }
}

/// From where the whole search goes on: a cell, the place up to which the path is matched, and how many values were found. It
/// is one number, which the usual search returns in a register.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place(u64);

impl Place {
    pub(super) fn new(cell: usize, at: usize, count: usize) -> Self {
        // Places are of 16 bits, cells of 32, and a rule has few values.
        Self((cell as u64) << 32 | (at as u64) << 8 | count as u64)
    }

    #[allow(clippy::cast_possible_truncation)] // each is as long as it was
    fn parts(self) -> (usize, usize, usize) {
        ((self.0 >> 32) as usize, (self.0 >> 8 & 0xFF_FFFF) as usize, (self.0 & 0xFF) as usize)
    }
}

/// What a walk returns instead of a route when it has come to a mounted service.
const MOUNTED: u32 = NONE - 1;

/// How a walk goes on.
enum Next<'a> {
    Child(&'a Cell),
    Found(u32),
}

struct Search<'a> {
    table: &'a Table,
    path: &'a str,
    /// The path with encoded slashes as slashes: what placeholders are compared with.
    shown: &'a str,
    /// Whether that is another text.
    has_hidden: bool,
    /// Its number.
    method: usize,
    asked: &'a Method,
    spans: &'a mut Spans,
    /// Where rules end that match but for the method.
    lacking: Vec<u32>,
    mounted: Option<(usize, usize)>,
    /// The innermost fallback on the way, and where the rest of the path begins.
    fallback: Option<(usize, usize)>,
    other_slash: bool,
    /// For each nested `<path:..>`: the first offset that it was tried from.
    tried_from: Vec<usize>,
}

impl<'a> Search<'a> {
    /// Looks below a cell, with the path matched up to `at`, where a slash stands or the path ends, and `count` values found.
    ///
    /// Where a literal segment leads on and a placeholder would too, the placeholder waits: the first that has to is
    /// remembered, so that the usual search is a loop; behind it, what is literal is walked to its end before.
    fn walk(&mut self, cell: &'a Cell, at: usize, count: usize) -> u32 {
        let table = self.table;
        let path = self.path;
        let (mut cell, mut at, mut count) = (cell, at, count);
        let mut waiting = None;
        loop {
            #[cfg(test)]
            steps::count();
            let start = at + 1;
            if start < path.len() {
                let end = end_of_segment(path.as_bytes(), start);
                let first = first_word(path.as_bytes(), start, end);
                if cell.below & LITERALS != 0
                    && let Some(child) = table.literal(cell, first, path.as_bytes(), start, end)
                {
                    if cell.below & !ALIKE == LITERALS {
                        (cell, at) = (child, end);
                        continue;
                    }
                    if waiting.is_none() {
                        waiting = Some((cell, at, count));
                        (cell, at) = (child, end);
                        continue;
                    }
                    match self.walk(child, end, count) {
                        NONE => {}
                        found => return found,
                    }
                }
                match self.dynamic(cell, at, end, count) {
                    Next::Child(child) => {
                        (cell, at, count) = (child, end, count + 1);
                        continue;
                    }
                    Next::Found(NONE) => {}
                    Next::Found(found) => return found,
                }
            } else {
                match self.end(cell, at) {
                    NONE => {}
                    found => {
                        self.spans.set_len(count);
                        return found;
                    }
                }
            }
            let Some((waited, from, before)) = waiting.take() else { return NONE };
            let end = end_of_segment(path.as_bytes(), from + 1);
            match self.dynamic(waited, from, end, before) {
                Next::Child(child) => (cell, at, count) = (child, end, before + 1),
                Next::Found(found) => return found,
            }
        }
    }

    /// What is below a cell besides literal segments, for the segment behind `at`.
    #[inline(always)]
    fn dynamic(&mut self, cell: &Cell, at: usize, end: usize, count: usize) -> Next<'a> {
        let start = at + 1;
        if cell.below & (TEXT | DIGITS) == 0 {
            return Next::Found(if cell.below & LIST == 0 { NONE } else { self.list(cell, at, end, count) });
        }
        let first = first_word(self.path.as_bytes(), start, end);
        let takes = takes(cell.below, first, self.path.as_bytes(), start, end);
        if !takes || self.has_hidden && is_dotted(&self.shown[start..end]) {
            return Next::Found(NONE);
        }
        self.spans.put(count, start, end);
        match self.table.cells.get(cell.dynamic as usize) {
            Some(child) => Next::Child(child),
            None => Next::Found(NONE),
        }
    }

    /// Tries what a [`List`] has.
    #[inline(never)]
    fn list(&mut self, cell: &Cell, at: usize, end: usize, count: usize) -> u32 {
        let table = self.table;
        let Some(list) = table.lists.get(cell.dynamic as usize) else { return NONE };
        let start = at + 1;
        if start != end {
            self.spans.set_len(count);
            match self.dynamics(&list.dynamics, start, end, count) {
                NONE => {}
                found => return found,
            }
            if let Some(path) = list.path {
                match self.path_child(path, start, end, count) {
                    NONE => {}
                    found => return found,
                }
            }
        }
        self.mount(list, at)
    }

    /// Tries the dynamic children on a segment.
    ///
    /// Where several of the same rank match it, what comes behind decides, and not which one was registered first.
    fn dynamics(&mut self, dynamics: &'a [Dynamic], start: usize, end: usize, count: usize) -> u32 {
        let segment = &self.shown[start..end];
        let mut best: Option<(u32, Spans)> = None;
        for dynamic in dynamics {
            #[cfg(test)]
            steps::count();
            if dynamic.matcher.matches(segment, start, self.spans) {
                let child = &self.table.cells[dynamic.child as usize];
                let found = self.walk(child, end, self.spans.len());
                if found != NONE {
                    if !dynamic.tied && best.is_none() {
                        return found;
                    }
                    if best.as_ref().is_none_or(|best| self.compare(found, best).is_lt()) {
                        best = Some((found, *self.spans));
                    }
                }
                self.spans.set_len(count);
            }
            if !dynamic.tied
                && let Some((found, spans)) = best
            {
                *self.spans = spans;
                return found;
            }
        }
        NONE
    }

    /// Which of two matches is more specific: the one just found, or an earlier one.
    fn compare(&self, found: u32, (other, spans): &(u32, Spans)) -> Ordering {
        // Nothing is mounted behind a placeholder.
        let (Some(found), Some(other)) = (self.table.rules.get(&found), self.table.rules.get(other)) else {
            return Ordering::Equal;
        };
        found.compare(self.spans, other, spans, self.path, self.asked)
    }

    /// Tries a `<path:..>` placeholder whose value begins at `start`, the shortest value first.
    ///
    /// A value that begins later ends at a subset of the places where one that begins here may end, and what comes behind
    /// it does not depend on where it began. So if the placeholder has failed once, it fails from every later place: one
    /// offset is all that needs to be remembered.
    fn path_child(&mut self, placeholder: PathChild, start: usize, first_end: usize, count: usize) -> u32 {
        let shown: &'a str = self.shown;
        // An encoded slash at its begin would make it an absolute path once somebody joins it to a directory.
        if shown[start..].starts_with('/') {
            return NONE;
        }
        let child = &self.table.cells[placeholder.child as usize];
        if child.below == 0 {
            return self.rest(child, start, count);
        }
        if is_dotted(&shown[start..first_end]) {
            return NONE;
        }
        if let Some(nested) = placeholder.nested {
            if self.tried_from.is_empty() {
                self.tried_from = vec![usize::MAX; self.table.nested_paths];
            }
            if self.tried_from[nested] <= start {
                return NONE;
            }
            self.tried_from[nested] = start;
        }
        let mut end = first_end;
        loop {
            self.spans.put(count, start, end);
            let found = self.walk(child, end, count + 1);
            if found != NONE || end == self.path.len() {
                return found;
            }
            let next = if end + 1 < self.path.len() {
                end_of_segment(self.path.as_bytes(), end + 1)
            } else {
                self.path.len()
            };
            if is_dotted(&shown[end + 1..next]) {
                return NONE;
            }
            end = next;
        }
    }

    /// The same where nothing stands behind the placeholder, so that it takes all of the path or all but its final slash.
    fn rest(&mut self, child: &'a Cell, start: usize, count: usize) -> u32 {
        let len = self.path.len();
        if is_dotted(&self.shown[start..]) {
            return NONE;
        }
        if self.path.ends_with('/') {
            self.spans.put(count, start, len - 1);
            match self.walk(child, len - 1, count + 1) {
                NONE => {}
                found => return found,
            }
        }
        self.spans.put(count, start, len);
        self.walk(child, len, count + 1)
    }

    /// Takes the route that ends here, if it has the method; notes what to say if there is none.
    #[inline(always)]
    fn end(&mut self, cell: &Cell, at: usize) -> u32 {
        let slash = usize::from(at + 1 == self.path.len());
        let route = match cell.ends[slash] {
            NONE => NONE,
            end => self.table.methods.route(end, self.method),
        };
        if route == NONE { self.no_end(cell, at, slash) } else { route }
    }

    #[inline(never)]
    fn no_end(&mut self, cell: &Cell, at: usize, slash: usize) -> u32 {
        let end = cell.ends[slash];
        if end != NONE {
            self.lacking.push(end);
        }
        let other = cell.ends[1 - slash];
        self.other_slash |= other != NONE && self.table.methods.route(other, self.method) != NONE;
        if cell.below & LIST == 0 {
            return NONE;
        }
        let table = self.table;
        table.lists.get(cell.dynamic as usize).map_or(NONE, |list| self.mount(list, at))
    }

    fn mount(&mut self, list: &List, at: usize) -> u32 {
        let Some(mount) = list.mount else { return NONE };
        if mount.fallback {
            self.fallback.get_or_insert((mount.number, at));
            return NONE;
        }
        if self.fallback.is_some() {
            return NONE; // what is further in comes first
        }
        self.spans.set_len(0);
        self.mounted = Some((mount.number, at));
        MOUNTED
    }

    /// What to say where no route was found.
    #[inline(never)]
    fn failed(&self) -> Found {
        if !self.lacking.is_empty() {
            let mut methods: Vec<Method> = Vec::new();
            for method in self.lacking.iter().flat_map(|end| self.table.methods.of(*end)) {
                if !methods.contains(method) {
                    methods.push(method.clone());
                }
            }
            return Found::NotAllowed(methods);
        }
        if self.other_slash {
            return Found::OtherSlash;
        }
        self.fallback.map_or(Found::Nothing, |(number, rest)| Found::Mount(number, rest))
    }
}
