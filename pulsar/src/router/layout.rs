//! From the trie to the table: where each cell stands.
//!
//! Cells are laid out depth first, so that what is below one place stands together. The literal children of a node are a hash
//! table of cells; its size and the bits of the hash are chosen so that few slots are wanted twice and few stay empty, since
//! an empty slot is 64 bytes. What is left empty is taken by children of placeholders, which nobody looks up.

use std::{
    collections::{HashMap, HashSet},
    mem,
};

use http::Method;
use pulsar_pattern::{Converter, IntOptions};

use super::{
    cell::{ALIKE, Cell, DIGITS, LIST, LITERALS, NONE, TEXT, first_word, hash, hash_of_all},
    matcher::{Matcher, Value},
    specificity::{Rule, Step},
    table::{Dynamic, List, Methods, PathChild, Table, USUAL},
    trie::{Node, Trie},
};

impl Trie {
    /// Lays the trie out for searches.
    pub(super) fn freeze(self) -> Table {
        let mut known = USUAL.to_vec();
        for (method, _) in self.nodes.iter().flat_map(|node| &node.ends).flatten() {
            if !known.contains(method) {
                known.push(method.clone());
            }
        }
        let mut layout = Layout {
            nodes: self.nodes,
            cells: vec![Cell::EMPTY],
            free: Vec::new(),
            texts: Vec::new(),
            lists: Vec::new(),
            methods: Methods { known, rows: Vec::new(), routes: Vec::new() },
            row_of: HashMap::new(),
            rules: HashMap::new(),
            way: Vec::new(),
        };
        layout.place(0, 0, false);
        let Layout { cells, texts, lists, mut methods, rules, .. } = layout;
        methods.rows.shrink_to_fit();
        methods.routes.shrink_to_fit();
        Table {
            cells: cells.into(),
            texts: texts.into(),
            lists: lists.into(),
            methods,
            rules,
            nested_paths: self.nested_paths,
        }
    }
}

struct Layout {
    /// Those that have a place are empty.
    nodes: Vec<Node>,
    cells: Vec<Cell>,
    /// Slots that no text has.
    free: Vec<u32>,
    texts: Vec<u8>,
    lists: Vec<List>,
    methods: Methods,
    /// The rows that there are, by their sets of methods.
    row_of: HashMap<Vec<usize>, u32>,
    rules: HashMap<u32, Rule>,
    /// From the root to the node that is placed.
    way: Vec<Step>,
}

impl Layout {
    /// Fills the cell of a node, then those of everything below. Several nodes of the same rank stand side by side somewhere
    /// above if it `is_tied`.
    fn place(&mut self, node: u32, id: u32, is_tied: bool) {
        let node = mem::take(&mut self.nodes[node as usize]);
        for (slash, routes) in node.ends.into_iter().enumerate() {
            if !routes.is_empty() {
                if is_tied {
                    self.keep_rules(&routes);
                }
                let (route, methods) = self.usual_route(&routes);
                let end = self.end(routes);
                let cell = &mut self.cells[id as usize];
                (cell.ends[slash], cell.routes[slash], cell.methods[slash]) = (end, route, methods);
            }
        }
        let literals = self.literals(id, &node.literals);
        self.way.push(Step::Literal);
        for (child, cell) in literals {
            self.place(child, cell, is_tied);
        }
        self.way.pop();
        let simple = match &node.dynamics[..] {
            [one] if node.path.is_none() && node.mount.is_none() => simple(&one.matcher),
            _ => None,
        };
        let ranks: Vec<_> = node.dynamics.iter().map(|dynamic| dynamic.rank.clone()).collect();
        let tied = |at: usize| ranks.get(at).is_some_and(|rank| ranks.get(at + 1) == Some(rank));
        let mut dynamics = Vec::with_capacity(node.dynamics.len());
        for (at, dynamic) in node.dynamics.into_iter().enumerate() {
            let child = self.free_cell();
            let is_tied = is_tied || tied(at) || at > 0 && tied(at - 1);
            self.way.push(Step::Dynamic(dynamic.rank));
            self.place(dynamic.child, child, is_tied);
            self.way.pop();
            dynamics.push(Dynamic { matcher: dynamic.matcher, tied: tied(at), child });
        }
        let path = node.path.map(|path| {
            let child = self.free_cell();
            self.way.push(Step::Path);
            self.place(path.child, child, is_tied);
            self.way.pop();
            PathChild { child, ..path }
        });
        let cell = &mut self.cells[id as usize];
        if let (Some(kind), [one]) = (simple, &dynamics[..]) {
            cell.below |= kind;
            cell.dynamic = one.child;
        } else if !dynamics.is_empty() || path.is_some() || node.mount.is_some() {
            cell.below |= LIST;
            cell.dynamic = number(self.lists.len());
            self.lists.push(List { dynamics: dynamics.into(), path, mount: node.mount });
        }
    }

    /// Makes the table of the literal children; gives each node with its cell.
    fn literals(&mut self, id: u32, literals: &[(Box<str>, u32)]) -> Vec<(u32, u32)> {
        if literals.is_empty() {
            return Vec::new();
        }
        let texts = || literals.iter().map(|(text, _)| text.as_bytes());
        let mut hashes: Vec<_> = texts().map(|text| hash(first_word(text, 0, text.len()))).collect();
        let different = hashes.iter().collect::<HashSet<_>>().len();
        // A few that begin alike are told apart one after the other.
        let are_alike = hashes.len() - different > different / 4;
        if are_alike {
            hashes = texts().map(hash_of_all).collect();
        }
        let (size, shift) = choose(&hashes);
        let base = number(self.cells.len());
        self.cells.resize(self.cells.len() + size, Cell::EMPTY);
        let cell = &mut self.cells[id as usize];
        cell.below |= if are_alike { LITERALS | ALIKE } else { LITERALS };
        (cell.base, cell.mask, cell.shift) = (base, number(size - 1), shift);
        let mut is_taken = vec![false; size];
        let slots: Vec<_> = hashes.iter().map(|hash| self.cells[id as usize].slot(*hash)).collect();
        let mut placed = Vec::with_capacity(literals.len());
        for ((text, node), slot) in literals.iter().zip(slots) {
            let mut at = slot;
            if mem::replace(&mut is_taken[(slot - base) as usize], true) {
                // Behind the first one in this slot.
                at = number(self.cells.len());
                let next = mem::replace(&mut self.cells[slot as usize].next, at);
                self.cells.push(Cell::EMPTY);
                self.cells[at as usize].next = next;
            }
            self.cells[at as usize].set_text(text.as_bytes(), &mut self.texts);
            placed.push((*node, at));
        }
        self.free.extend((base..).zip(is_taken).filter(|(_, is_taken)| !is_taken).map(|(slot, _)| slot));
        placed
    }

    /// A cell for what nobody looks up.
    fn free_cell(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.cells.push(Cell::EMPTY);
            number(self.cells.len() - 1)
        })
    }

    /// The route of GET, or else the first one, and the bits of its methods.
    fn usual_route(&self, routes: &[(Method, u32)]) -> (u32, u16) {
        let of =
            |wanted: &Method| routes.iter().find(|(method, _)| method == wanted).map(|(_, route)| *route);
        let get = of(&Method::GET);
        let Some(route) = get.or(routes.first().map(|(_, route)| *route)) else { return (NONE, 0) };
        let bit = |method: &Method| {
            u32::try_from(self.methods.number(method)).ok().and_then(|at| 1_u16.checked_shl(at))
        };
        let own = routes.iter().filter(|(_, other)| *other == route);
        let mut bits = own.filter_map(|(method, _)| bit(method)).fold(0, |bits, bit| bits | bit);
        // As in the rows of the matrix.
        if get == Some(route) && of(&Method::HEAD).is_none() {
            bits |= bit(&Method::HEAD).unwrap_or_default();
        }
        (route, bits)
    }

    /// Writes down the routes that end in one place.
    fn end(&mut self, routes: Vec<(Method, u32)>) -> u32 {
        let Methods { known, rows, routes: all } = &mut self.methods;
        let number_of = |wanted: &Method| known.iter().position(|known| known == wanted);
        let mut routes: Vec<_> =
            routes.into_iter().filter_map(|(method, route)| Some((number_of(&method)?, route))).collect();
        routes.sort_unstable();
        let set: Vec<_> = routes.iter().map(|(method, _)| *method).collect();
        let row = *self.row_of.entry(set).or_insert_with_key(|set| {
            let start = rows.len();
            rows.resize(start + known.len() + 1, NONE);
            for (offset, method) in set.iter().enumerate() {
                rows[start + method] = number(offset);
            }
            // HEAD follows GET where it has no route of its own.
            let [get, head] = [Method::GET, Method::HEAD].map(|method| number_of(&method));
            if let (Some(get), Some(head)) = (get, head)
                && rows[start + head] == NONE
            {
                rows[start + head] = rows[start + get];
            }
            number(start)
        });
        let end = number(all.len());
        all.push(row);
        all.extend(routes.into_iter().map(|(_, route)| route));
        end
    }

    /// Keeps what routes are compared by, since more than one of them may match.
    fn keep_rules(&mut self, routes: &[(Method, u32)]) {
        for (_, route) in routes {
            let methods = routes.iter().filter(|(_, other)| other == route).map(|(method, _)| method.clone());
            self.rules.entry(*route).or_insert_with(|| Rule::new(&self.way, methods.collect()));
        }
    }
}

/// The kind of a node whose one placeholder needs no matcher.
fn simple(matcher: &Matcher) -> Option<u8> {
    match matcher {
        Matcher::Value(Value::Text) => Some(TEXT),
        Matcher::Value(Value::Checked(Converter::Int(options))) if *options == IntOptions::default() => {
            Some(DIGITS)
        }
        _ => None,
    }
}

/// The size of a table for these hashes, and how far they are shifted to be slots.
#[allow(clippy::cast_possible_truncation)] // of a slot only the lowest bits count
fn choose(hashes: &[u64]) -> (usize, u8) {
    /// A slot that is wanted twice costs time, one that stays empty memory.
    const COLLISION: usize = 2;
    let mut best = (usize::MAX, 1, 0);
    let least = hashes.len().next_power_of_two();
    let mut taken = Vec::new();
    for size in [least, least * 2] {
        // In a large table one shift is as good as the other.
        let step = 1 + hashes.len() / 64;
        for shift in (20..=56_u8).step_by(step) {
            taken.clear();
            taken.resize(size, false);
            let collisions = hashes
                .iter()
                .filter(|hash| {
                    let slot = (**hash >> shift) as usize & (size - 1);
                    mem::replace(&mut taken[slot], true)
                })
                .count();
            let cost = size + COLLISION * collisions;
            if cost < best.0 {
                best = (cost, size, shift);
            }
            if collisions == 0 {
                break;
            }
        }
        if best.0 == least {
            break;
        }
    }
    (best.1, best.2)
}

/// As many cells as numbers of 32 bits count fit in no memory.
fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(NONE)
}
