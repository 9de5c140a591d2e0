//! The search for a path: as it was sent if it can be, in the usual way if that is enough.

// A call costs more than most of what is called for each segment.
#![allow(clippy::inline_always)]

use std::{borrow::Cow, ptr};

use http::Method;

#[cfg(test)]
use super::table::steps;
use super::{
    cell::{
        Cell, DIGITS, Ends, LIST, LITERALS, NONE, TEXT, Window, has_percent, is_digits, is_dots_or_empty,
        marks, tail,
    },
    table::{Found, Table, takes},
    target::{BadPath, decode, reveal},
    walk::{Place, whole},
};
use crate::request::Spans;

/// What a search for a path as it was sent found.
#[derive(Debug)]
pub(super) enum Sent<'p> {
    /// This route, whose values stand in the path itself.
    Route(usize),
    /// Anything else, with the decoded path.
    Other(Found, Cow<'p, str>),
    Bad(BadPath),
}

impl Table {
    /// Finds the best match for a path as it was sent.
    #[inline]
    pub(super) fn find_sent<'p>(&self, path: &'p str, method: &Method, spans: &mut Spans) -> Sent<'p> {
        match self.quick(path.as_bytes(), self.methods.number(method), spans) {
            Usual::Route(route) => Sent::Route(route),
            Usual::Nothing => Sent::Other(Found::Nothing, Cow::Borrowed(path)),
            usual => self.find_unusual(path, method, spans, usual),
        }
    }

    #[inline(never)]
    fn find_unusual<'p>(&self, path: &'p str, method: &Method, spans: &mut Spans, usual: Usual) -> Sent<'p> {
        let found = match usual {
            Usual::Route(route) => Found::Route(route),
            Usual::Nothing => Found::Nothing,
            Usual::From(from) => whole(self, path, path, method, spans, from),
            Usual::Unread => return self.find_decoded(path, method, spans),
        };
        match found {
            Found::Route(route) => Sent::Route(route),
            found => Sent::Other(found, Cow::Borrowed(path)),
        }
    }

    #[inline(never)]
    fn find_decoded<'p>(&self, path: &'p str, method: &Method, spans: &mut Spans) -> Sent<'p> {
        match decode(path) {
            Ok(text) => Sent::Other(self.find(&text, method, spans), text),
            Err(bad) => Sent::Bad(bad),
        }
    }

    /// Finds the best match for a path, which begins with a slash and is decoded as `target` does it.
    pub(super) fn find(&self, path: &str, method: &Method, spans: &mut Spans) -> Found {
        let shown = reveal(Cow::Borrowed(path));
        let mut from = Place::default();
        // The usual search knows no encoded slashes.
        if let Cow::Borrowed(_) = shown {
            match self.wide(path.as_bytes(), self.methods.number(method), spans) {
                Usual::Route(route) => return Found::Route(route),
                Usual::Nothing => return Found::Nothing,
                Usual::From(place) => from = place,
                Usual::Unread => {}
            }
        }
        whole(self, path, &shown, method, spans, from)
    }

    /// The usual search for a path as it was sent, if it has no `%`.
    #[inline(never)] // it needs all registers
    fn quick(&self, path: &[u8], method: usize, spans: &mut Spans) -> Usual {
        if path.len() >= 64 {
            return self.wide_sent(path, method, spans);
        }
        let Some(ends) = marks(path) else { return Usual::Unread };
        let Some(cell) = self.cells.first() else { return Usual::Nothing };
        self.usual(Position { cell, start: 1, count: 0, ends }, None, path, tail(path), method, spans)
    }

    #[inline(never)]
    fn wide_sent(&self, path: &[u8], method: usize, spans: &mut Spans) -> Usual {
        let is_short = u16::try_from(path.len()).is_ok();
        if is_short && path.first() == Some(&b'/') && !has_percent(path) {
            self.wide(path, method, spans)
        } else {
            Usual::Unread
        }
    }

    /// The usual search for a path of any length that is decoded.
    #[inline(never)]
    fn wide(&self, path: &[u8], method: usize, spans: &mut Spans) -> Usual {
        let Some(cell) = self.cells.first() else { return Usual::Nothing };
        let ends = Window::new(path);
        self.usual(Position { cell, start: 1, count: 0, ends }, None, path, tail(path), method, spans)
    }

    /// The search as it usually goes: literal segments and simple placeholders, one of which may wait while what is literal
    /// is tried. What else there is to do, or to say, is left to the whole search.
    #[inline(always)]
    fn usual<'a, E: Ends>(
        &'a self,
        from: Position<'a, E>,
        waiting: Option<&Position<'a, E>>,
        path: &[u8],
        tail: u64,
        method: usize,
        spans: &mut Spans,
    ) -> Usual {
        let Position { mut cell, mut start, mut count, mut ends } = from;
        while !ends.are_over() {
            #[cfg(test)]
            steps::count();
            let end = ends.first();
            let first = E::word(path, tail, start, end);
            if cell.below & LITERALS != 0
                && let Some(child) = self.literal(cell, first, path, start, end)
            {
                if cell.below & (TEXT | DIGITS | LIST) != 0 {
                    let here = Position { cell, start, count, ends };
                    if waiting.is_some() {
                        return self.go_on(waiting.unwrap_or(&here));
                    }
                    let next = Position { cell: child, start: end + 1, count, ends: ends.behind() };
                    return self.again(&next, Some(&here), path, tail, method, spans);
                }
                cell = child;
            } else {
                if cell.below & TEXT != 0 {
                    if is_dots_or_empty(first, end - start) {
                        return self.back(waiting, path, tail, method, spans);
                    }
                } else if cell.below & DIGITS != 0 {
                    if !is_digits(first, path, start, end) {
                        return self.back(waiting, path, tail, method, spans);
                    }
                } else if cell.below & LIST != 0 {
                    return self.go_on(waiting.unwrap_or(&Position { cell, start, count, ends }));
                } else {
                    return self.back(waiting, path, tail, method, spans);
                }
                let Some(child) = self.cells.get(cell.dynamic as usize) else { return Usual::Nothing };
                spans.put(count, start, end);
                (cell, count) = (child, count + 1);
            }
            (start, ends) = (end + 1, ends.behind());
        }
        #[cfg(test)]
        steps::count();
        let slash = usize::from(start == path.len());
        if method < 16 && cell.methods[slash] >> (method & 15) & 1 != 0 {
            spans.set_len(count);
            return Usual::Route(cell.routes[slash] as usize);
        }
        let end = cell.ends[slash];
        if end != NONE {
            let route = self.methods.route(end, method);
            if route != NONE {
                spans.set_len(count);
                return Usual::Route(route as usize);
            }
        }
        if end != NONE || cell.ends[1 - slash] != NONE || cell.below & LIST != 0 {
            return self.go_on(waiting.unwrap_or(&Position { cell, start, count, ends }));
        }
        self.back(waiting, path, tail, method, spans)
    }

    /// The search from a position on, while another one may wait. It happens seldom, and has its own registers.
    #[cold]
    #[inline(never)]
    fn again<'a, E: Ends>(
        &'a self,
        from: &Position<'a, E>,
        waiting: Option<&Position<'a, E>>,
        path: &[u8],
        tail: u64,
        method: usize,
        spans: &mut Spans,
    ) -> Usual {
        self.usual(*from, waiting, path, tail, method, spans)
    }

    /// Takes the value that waits, if one does, since nothing else matches.
    #[inline(always)]
    fn back<'a, E: Ends>(
        &'a self,
        waiting: Option<&Position<'a, E>>,
        path: &[u8],
        tail: u64,
        method: usize,
        spans: &mut Spans,
    ) -> Usual {
        let Some(waiting) = waiting else { return Usual::Nothing };
        let Position { cell, start, count, ends } = *waiting;
        if cell.below & LIST != 0 {
            return self.go_on(waiting);
        }
        let end = ends.first();
        if !takes(cell.below, E::word(path, tail, start, end), path, start, end) {
            return Usual::Nothing;
        }
        spans.put(count, start, end);
        let Some(cell) = self.cells.get(cell.dynamic as usize) else { return Usual::Nothing };
        let next = Position { cell, start: end + 1, count: count + 1, ends: ends.behind() };
        self.again(&next, None, path, tail, method, spans)
    }

    /// Leaves it to the whole search to go on from a position.
    #[cold]
    #[inline(never)]
    fn go_on<E>(&self, position: &Position<'_, E>) -> Usual {
        let cell = (ptr::from_ref(position.cell).addr() - self.cells.as_ptr().addr()) / size_of::<Cell>();
        Usual::From(Place::new(cell, position.start - 1, position.count))
    }
}

/// How far a search has come: the cell, where the next segment starts, how many values were found, and where segments end.
#[derive(Clone, Copy)]
struct Position<'a, E> {
    cell: &'a Cell,
    start: usize,
    count: usize,
    ends: E,
}

/// What the usual search comes to.
enum Usual {
    Route(usize),
    Nothing,
    /// The whole search has to go on from here.
    From(Place),
    /// It was not tried: the path is long, or has something to decode.
    Unread,
}
