//! The frozen table: a trie of segments, laid out in [cells](super::cell).
//!
//! It knows paths, methods and numbers of routes, nothing of handlers. It is filled by `layout.rs`, and searched by `find.rs`.

// A call costs more than most of what is called for each segment.
#![allow(clippy::inline_always)]

use std::collections::HashMap;

use http::Method;

use super::{
    cell::{ALIKE, Cell, NONE, TEXT, hash, hash_of_all, is_digits, is_dots_or_empty, is_long},
    matcher::Matcher,
    specificity::Rule,
};

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
    pub(super) fn number(&self, method: &Method) -> usize {
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
    pub(super) fn route(&self, end: u32, method: usize) -> u32 {
        let at = |list: &[u32], index: usize| list.get(index).copied().unwrap_or(NONE);
        let row = at(&self.routes, end as usize);
        match at(&self.rows, row as usize + method) {
            NONE => NONE,
            offset => at(&self.routes, end as usize + 1 + offset as usize),
        }
    }

    /// The methods of the routes that end at `end`.
    pub(super) fn of(&self, end: u32) -> impl Iterator<Item = &Method> {
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
    /// How much memory it has, but for that of converters with options.
    pub(super) fn bytes(&self) -> usize {
        let dynamics: usize = self.lists.iter().map(|list| size_of_val(&*list.dynamics)).sum();
        let methods = size_of_val(&self.methods.rows[..]) + size_of_val(&self.methods.routes[..]);
        let rules = self.rules.capacity() * size_of::<(u32, Rule)>();
        size_of_val(&*self.cells) + self.texts.len() + size_of_val(&*self.lists) + dynamics + methods + rules
    }

    /// The literal child of a cell for a segment, whose first word is known.
    #[inline(always)]
    pub(super) fn literal(
        &self,
        cell: &Cell,
        first: u64,
        path: &[u8],
        start: usize,
        end: usize,
    ) -> Option<&Cell> {
        let id = cell.slot(hash(first));
        let child = self.cells.get(id as usize)?;
        if child.seems(first, path, start, end) {
            if !is_long(end - start) {
                return Some(child);
            }
        } else if child.next == 0 && cell.below & ALIKE == 0 {
            return None;
        }
        self.other(cell, id, first, path, start, end)
    }

    /// The same where a look at the first child in the slot is not enough.
    #[cold]
    #[inline(never)]
    fn other(
        &self,
        cell: &Cell,
        id: u32,
        first: u64,
        path: &[u8],
        start: usize,
        end: usize,
    ) -> Option<&Cell> {
        let among = |mut id: u32| {
            loop {
                let child = self.cells.get(id as usize)?;
                if child.is_of(first, path, start, end, &self.texts) {
                    return Some(child);
                }
                if child.next == 0 {
                    return None;
                }
                id = child.next;
            }
        };
        // One that begins like others may stand where its first word leads by chance; its text is compared.
        among(id).or_else(|| {
            let text = path.get(start..end).filter(|_| cell.below & ALIKE != 0)?;
            among(cell.slot(hash_of_all(text)))
        })
    }
}

/// Whether a simple placeholder takes a segment, whose first word is known. `//` matches nothing, nor do dots: see `is_dotted`.
#[inline(always)]
pub(super) fn takes(kind: u8, first: u64, path: &[u8], start: usize, end: usize) -> bool {
    if kind & TEXT == 0 { is_digits(first, path, start, end) } else { !is_dots_or_empty(first, end - start) }
}

/// How much a search does, which says more than the time that it takes.
#[cfg(test)]
pub(super) mod steps {
    use std::cell::Cell;

    thread_local! {
        static STEPS: Cell<usize> = const { Cell::new(0) };
    }

    /// A cell that was looked at, or a placeholder.
    pub(in crate::router) fn count() {
        STEPS.set(STEPS.get() + 1);
    }

    /// The steps since this was asked before.
    pub(in crate::router) fn take() -> usize {
        STEPS.take()
    }
}
