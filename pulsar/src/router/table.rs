//! The frozen table: a trie of segments, laid out in [cells](super::cell), and the search through it.
//!
//! It knows paths, methods and numbers of routes, nothing of handlers. Four rules keep it right:
//!
//! * What stands first in a node is more specific, so the first match found is the best one. Only what is equally specific
//!   is tried to the end and compared, see [`Search::dynamics`].
//! * Each node stands at one depth, so without inner `<path:..>` placeholders a search visits no node twice. With them, a
//!   node may be visited once for each segment; one that stands behind two of them remembers where it was tried from (see
//!   [`Search::path_child`]). The time is linear in the length of the path for every table.
//! * A search allocates nothing but the memory of nested `<path:..>` placeholders, and the list of a 405.
//! * An encoded slash is a NUL in paths and in the texts of cells, so that both are compared as they are.

use std::{borrow::Cow, cmp::Ordering, collections::HashMap, ptr};

use http::Method;

use super::{
    cell::{
        Cell, DIGITS, Far, Key, LIST, LITERALS, NEAR, NONE, Near, Segment, Source, TEXT, WORD, hash,
        hash_of_two,
    },
    matcher::Matcher,
    specificity::Rule,
    target::{BadPath, decode, is_dotted, reveal},
};
use crate::request::Spans;

/// What a search found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Route number so and so.
    Route(usize),
    /// Mount number so and so; the rest of the path begins at this offset.
    Mount(usize, usize),
    /// Rules match, but none has the method; the methods that they have.
    NotAllowed(Vec<Method>),
    /// No rule matches, but one would with the final slash added or taken away.
    OtherSlash,
    Nothing,
}

/// What a search for a path as it was sent found.
#[derive(Debug)]
pub(super) enum Sent<'p> {
    /// This route, whose values stand in the path itself.
    Route(usize),
    /// Anything else, with the decoded path.
    Other(Found, Cow<'p, str>),
    Bad(BadPath),
}

/// Made by [`Trie::freeze`](super::trie::Trie::freeze).
#[derive(Debug)]
pub(super) struct Table {
    /// The root first.
    pub(super) cells: Box<[Cell]>,
    /// Texts that are too long for their cells.
    pub(super) texts: Box<[u8]>,
    pub(super) lists: Box<[List]>,
    pub(super) methods: Methods,
    /// Of routes behind segments of which several of the same rank may match, by their numbers.
    pub(super) rules: HashMap<u32, Rule>,
    /// How many `<path:..>` placeholders stand behind another one.
    pub(super) nested_paths: usize,
}

/// What is below a node beside literal segments, where that is more than one simple placeholder; and what is mounted there.
#[derive(Debug, Default)]
pub(super) struct List {
    /// Sorted by rank.
    pub(super) dynamics: Box<[Dynamic]>,
    pub(super) path: Option<PathChild>,
    pub(super) mount: Option<Mount>,
}

#[derive(Debug)]
pub(super) struct Dynamic {
    pub(super) matcher: Matcher,
    /// Whether the next one in the node has the same rank.
    pub(super) tied: bool,
    pub(super) child: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct PathChild {
    pub(super) child: u32,
    /// Which nested placeholder it is, if it stands behind another one.
    pub(super) nested: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Mount {
    pub(super) number: usize,
    /// A fallback takes only what no rule matches, while a mounted service takes any method.
    pub(super) fallback: bool,
}

/// From the end of a rule and a method to a route.
///
/// Rules that end in one place have a set of methods, and there are few different sets. Each has a row in a matrix, which
/// tells by the number of a method which of the routes has it.
#[derive(Debug)]
pub(super) struct Methods {
    /// By their numbers; the usual ones are the first.
    pub(super) known: Vec<Method>,
    /// The rows, one behind the other. The last column is of all methods that are not known.
    pub(super) rows: Vec<u32>,
    /// For each end the start of its row, then its routes.
    pub(super) routes: Vec<u32>,
}

/// The methods that are numbered without a search, in the order of their numbers.
pub(super) const USUAL: [Method; 9] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::DELETE,
    Method::PATCH,
    Method::HEAD,
    Method::OPTIONS,
    Method::CONNECT,
    Method::TRACE,
];

impl Methods {
    /// The number of a method; of one that no rule has, the number behind the last one.
    #[inline]
    fn number(&self, method: &Method) -> usize {
        match *method {
            Method::GET => 0,
            Method::POST => 1,
            Method::PUT => 2,
            Method::DELETE => 3,
            Method::PATCH => 4,
            Method::HEAD => 5,
            Method::OPTIONS => 6,
            Method::CONNECT => 7,
            Method::TRACE => 8,
            _ => self.known.iter().position(|known| known == method).unwrap_or(self.known.len()),
        }
    }

    /// The route that ends at `end` and has this method, or follows one that has; else [`NONE`].
    #[inline(always)]
    fn route(&self, end: u32, method: usize) -> u32 {
        let at = |list: &[u32], index: usize| list.get(index).copied().unwrap_or(NONE);
        let row = at(&self.routes, end as usize);
        match at(&self.rows, row as usize + method) {
            NONE => NONE,
            offset => at(&self.routes, end as usize + 1 + offset as usize),
        }
    }

    /// The methods of the routes that end at `end`.
    fn of(&self, end: u32) -> impl Iterator<Item = &Method> {
        let row = self.routes.get(end as usize).map_or(0, |row| *row as usize);
        let has = move |method: usize| self.rows.get(row + method).is_some_and(|offset| *offset != NONE);
        // HEAD has the route of GET if it has none of its own.
        let (get, head) = (0, 5);
        let follows = self.rows.get(row + get) == self.rows.get(row + head);
        let own = move |number: &usize| has(*number) && !(*number == head && follows);
        (0..self.known.len()).filter(own).map(|number| &self.known[number])
    }
}

impl Table {
    /// Finds the best match for a path as it was sent.
    pub(super) fn find_sent<'p>(&self, path: &'p str, method: &Method, spans: &mut Spans) -> Sent<'p> {
        let number = self.methods.number(method);
        let (usual, is_decoded) = if path.len() <= NEAR {
            let mut room = [0; _];
            let (near, has_percent) = Near::new(path.as_bytes(), &mut room);
            let is_decoded = !has_percent && path.starts_with('/');
            (if is_decoded { self.usual(near, path, number, spans) } else { Usual::Nothing }, is_decoded)
        } else {
            let is_decoded = matches!(decode(path), Ok(Cow::Borrowed(_)));
            let far = Far(path.as_bytes());
            (if is_decoded { self.usual(far, path, number, spans) } else { Usual::Nothing }, is_decoded)
        };
        match usual {
            Usual::Route(route) => Sent::Route(route as usize),
            Usual::Nothing if is_decoded => Sent::Other(Found::Nothing, Cow::Borrowed(path)),
            Usual::Nothing => match decode(path) {
                Ok(text) => Sent::Other(self.find(&text, method, spans), text),
                Err(bad) => Sent::Bad(bad),
            },
            Usual::From(from) => match self.whole(path, path, method, spans, from) {
                Found::Route(route) => Sent::Route(route),
                found => Sent::Other(found, Cow::Borrowed(path)),
            },
        }
    }

    /// Finds the best match for a path, which begins with a slash and is decoded as `target` does it.
    pub(super) fn find(&self, path: &str, method: &Method, spans: &mut Spans) -> Found {
        let shown = reveal(Cow::Borrowed(path));
        let from = match self.cells.first() {
            Some(root) if !ptr::eq(path, &*shown) => From { cell: root, at: 0, count: 0 },
            _ => match self.usual(Far(path.as_bytes()), path, self.methods.number(method), spans) {
                Usual::Route(route) => return Found::Route(route as usize),
                Usual::Nothing => return Found::Nothing,
                Usual::From(from) => from,
            },
        };
        self.whole(path, &shown, method, spans, from)
    }

    /// The search as it usually goes: literal segments and simple placeholders, one of which may wait while what is literal
    /// is tried. What else there is to do, or to say, is left to the whole search.
    #[inline(always)]
    fn usual<S: Source>(&self, source: S, path: &str, method: usize, spans: &mut Spans) -> Usual<'_> {
        let Some(root) = self.cells.first() else { return Usual::Nothing };
        let mut here = From { cell: root, at: 0, count: 0 };
        let mut below = root.below;
        let mut waiting: Option<From<'_>> = None;
        loop {
            #[cfg(test)]
            steps::count();
            let start = here.at + 1;
            let next = if start < path.len() {
                let segment = source.segment(start);
                if below & LITERALS != 0
                    && let Some(child) = self.literal(source, here.cell, path, start, segment)
                {
                    if below != LITERALS {
                        if let Some(waiting) = waiting {
                            return Usual::From(waiting);
                        }
                        waiting = Some(here);
                    }
                    Some(From { cell: child, at: segment.end, count: here.count })
                } else if below & (TEXT | DIGITS) != 0 {
                    if segment.is_taken(below, path, start) {
                        spans.put(here.count, start, segment.end);
                        let child = self.cells.get(here.cell.dynamic as usize);
                        child.map(|cell| From { cell, at: segment.end, count: here.count + 1 })
                    } else {
                        None
                    }
                } else if below & LIST != 0 {
                    return Usual::From(waiting.unwrap_or(here));
                } else {
                    None
                }
            } else {
                let slash = usize::from(start == path.len());
                let end = here.cell.ends[slash];
                if end != NONE {
                    let route = self.methods.route(end, method);
                    if route != NONE {
                        spans.set_len(here.count);
                        return Usual::Route(route);
                    }
                }
                if end != NONE || here.cell.ends[1 - slash] != NONE || below & LIST != 0 {
                    return Usual::From(waiting.unwrap_or(here));
                }
                None
            };
            if let Some(next) = next {
                here = next;
                below = here.cell.below;
            } else if let Some(waited) = waiting.take() {
                here = waited;
                below = here.cell.below & !LITERALS;
            } else {
                return Usual::Nothing;
            }
        }
    }

    /// How much memory it has, but for that of converters with options.
    pub(super) fn bytes(&self) -> usize {
        let dynamics: usize = self.lists.iter().map(|list| size_of_val(&*list.dynamics)).sum();
        let methods = size_of_val(&self.methods.rows[..]) + size_of_val(&self.methods.routes[..]);
        let rules = self.rules.capacity() * size_of::<(u32, Rule)>();
        size_of_val(&*self.cells) + self.texts.len() + size_of_val(&*self.lists) + dynamics + methods + rules
    }

    /// The literal child of a cell for a segment.
    #[inline(always)]
    fn literal<S: Source>(
        &self,
        source: S,
        cell: &Cell,
        path: &str,
        start: usize,
        segment: Segment,
    ) -> Option<&Cell> {
        if segment.is_short {
            return self.child(cell.slot(hash(segment.first)), |child| child.is_of_short(segment.first));
        }
        let len = segment.end - start;
        if len > 2 * WORD {
            return self.long_literal(cell, path.get(start..segment.end)?);
        }
        let last = source.word(segment.end - WORD);
        let slot = cell.slot(hash_of_two(segment.first, last, len));
        self.child(slot, |child| child.is_of_two(segment.first, last, len))
    }

    #[inline(never)]
    fn long_literal(&self, cell: &Cell, text: &str) -> Option<&Cell> {
        let key = Key::of(text);
        self.child(cell.slot(key.hash()), |child| child.is_of(&key, &self.texts))
    }

    /// The cell at a slot, or behind it, that is the one.
    #[inline(always)]
    fn child(&self, slot: u32, is_it: impl Fn(&Cell) -> bool) -> Option<&Cell> {
        let mut child = self.cells.get(slot as usize)?;
        while !is_it(child) {
            if child.next == 0 {
                return None;
            }
            child = self.cells.get(child.next as usize)?;
        }
        Some(child)
    }

    /// The search for everything, below one cell and what is above it no more.
    #[inline(never)]
    fn whole(&self, path: &str, shown: &str, method: &Method, spans: &mut Spans, from: From<'_>) -> Found {
        let mut search = Search {
            table: self,
            path,
            shown,
            has_hidden: !ptr::eq(path, shown),
            method: self.methods.number(method),
            asked: method,
            spans,
            lacking: Vec::new(),
            mounted: None,
            fallback: None,
            other_slash: false,
            tried_from: Vec::new(),
        };
        match search.walk(from.cell, from.at, from.count) {
            NONE => search.failed(),
            MOUNTED => search.mounted.map_or(Found::Nothing, |(number, rest)| Found::Mount(number, rest)),
            route => Found::Route(route as usize),
        }
    }
}

/// What the usual search comes to.
enum Usual<'a> {
    Route(u32),
    Nothing,
    /// The whole search has to go on from here.
    From(From<'a>),
}

/// Where a search stands: the path matched up to `at`, where a slash is or the path ends, and `count` values found.
#[derive(Clone, Copy)]
struct From<'a> {
    cell: &'a Cell,
    at: usize,
    count: usize,
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
        let source = Far(path.as_bytes());
        let (mut cell, mut at, mut count) = (cell, at, count);
        let mut waiting = None;
        loop {
            #[cfg(test)]
            steps::count();
            let start = at + 1;
            if start < path.len() {
                let segment = source.segment(start);
                if cell.below & LITERALS != 0
                    && let Some(child) = table.literal(source, cell, path, start, segment)
                {
                    if cell.below == LITERALS {
                        (cell, at) = (child, segment.end);
                        continue;
                    }
                    if waiting.is_none() {
                        waiting = Some((cell, at, count));
                        (cell, at) = (child, segment.end);
                        continue;
                    }
                    match self.walk(child, segment.end, count) {
                        NONE => {}
                        found => return found,
                    }
                }
                match self.dynamic(cell, at, segment, count) {
                    Next::Child(child) => {
                        (cell, at, count) = (child, segment.end, count + 1);
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
            let segment = source.segment(from + 1);
            match self.dynamic(waited, from, segment, before) {
                Next::Child(child) => (cell, at, count) = (child, segment.end, before + 1),
                Next::Found(found) => return found,
            }
        }
    }

    /// What is below a cell besides literal segments, for the segment behind `at`.
    #[inline(always)]
    fn dynamic(&mut self, cell: &Cell, at: usize, segment: Segment, count: usize) -> Next<'a> {
        let start = at + 1;
        if cell.below & (TEXT | DIGITS) == 0 {
            return Next::Found(if cell.below & LIST == 0 {
                NONE
            } else {
                self.list(cell, at, segment.end, count)
            });
        }
        let takes = segment.is_taken(cell.below, self.path, start);
        if !takes || self.has_hidden && is_dotted(&self.shown[start..segment.end]) {
            return Next::Found(NONE);
        }
        self.spans.put(count, start, segment.end);
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
                Far(self.path.as_bytes()).segment(end + 1).end
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

/// How much a search does, which says more than the time that it takes.
#[cfg(test)]
pub(super) mod steps {
    use std::cell::Cell;

    thread_local! {
        static STEPS: Cell<usize> = const { Cell::new(0) };
    }

    /// A cell that was looked at, or a placeholder.
    pub(super) fn count() {
        STEPS.set(STEPS.get() + 1);
    }

    /// The steps since this was asked before.
    pub(in crate::router) fn take() -> usize {
        STEPS.take()
    }
}
