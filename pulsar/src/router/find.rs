//! The search for a path: as it was sent if it can be, in the usual way if that is enough.

// A call costs more than most of what is called for each segment.
#![allow(clippy::inline_always)]

use std::{borrow::Cow, ptr};

use http::Method;

#[cfg(test)]
use super::table::steps;
use super::{
    cell::{Cell, DIGITS, Ends, LIST, LITERALS, NONE, Short, Source, TEXT, marks},
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
            // Nothing is to be decoded: it is only long.
            Ok(Cow::Borrowed(_)) => {
                let usual = self.long(path.as_bytes(), self.methods.number(method), spans);
                self.find_unusual(path, method, spans, usual)
            }
            Ok(Cow::Owned(text)) => Sent::Other(self.find(&text, method, spans), Cow::Owned(text)),
            Err(bad) => Sent::Bad(bad),
        }
    }

    /// Finds the best match for a path, which begins with a slash and is decoded as `target` does it.
    pub(super) fn find(&self, path: &str, method: &Method, spans: &mut Spans) -> Found {
        let shown = reveal(Cow::Borrowed(path));
        let mut from = Place::default();
        // The usual search knows no encoded slashes.
        if let Cow::Borrowed(_) = shown {
            let (bytes, number) = (path.as_bytes(), self.methods.number(method));
            let usual = match self.quick(bytes, number, spans) {
                Usual::Unread => self.long(bytes, number, spans),
                usual => usual,
            };
            match usual {
                Usual::Route(route) => return Found::Route(route),
                Usual::Nothing => return Found::Nothing,
                Usual::From(place) => from = place,
                Usual::Unread => {}
            }
        }
        whole(self, path, &shown, method, spans, from)
    }

    /// The usual search for a path that is not long and has no `%`.
    #[inline(never)] // it needs all registers
    fn quick(&self, path: &[u8], method: usize, spans: &mut Spans) -> Usual {
        if path.first() != Some(&b'/') {
            return Usual::Unread;
        }
        if path.len() < 64 {
            let mut short = Short::EMPTY;
            let (ends, has_percent) = short.fill(path);
            return if has_percent {
                Usual::Unread
            } else {
                self.usual(ends, &short, path.len(), method, spans)
            };
        }
        self.medium(path, method, spans)
    }

    #[inline(never)]
    fn medium(&self, path: &[u8], method: usize, spans: &mut Spans) -> Usual {
        if path.len() >= 128 {
            return Usual::Unread;
        }
        let (ends, has_percent) = marks(path);
        if has_percent { Usual::Unread } else { self.usual(ends, path, path.len(), method, spans) }
    }

    #[inline(never)]
    fn long(&self, path: &[u8], method: usize, spans: &mut Spans) -> Usual {
        self.usual(path, path, path.len(), method, spans)
    }

    /// The search as it usually goes: literal segments and simple placeholders, one of which may wait while what is literal
    /// is tried. What else there is to do, or to say, is left to the whole search.
    #[inline(always)]
    fn usual<E: Ends, S: Source>(
        &self,
        mut ends: E,
        path: S,
        len: usize,
        method: usize,
        spans: &mut Spans,
    ) -> Usual {
        let Some(mut cell) = self.cells.first() else { return Usual::Nothing };
        let (mut start, mut count) = (1, 0);
        // What waits stays in memory, since all registers are needed.
        let mut waiting: Option<Waiting<'_, E>> = None;
        loop {
            #[cfg(test)]
            steps::count();
            if ends.are_over(start) {
                let slash = usize::from(start == len);
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
                    return self.go_on(waiting.as_ref(), cell, start, count);
                }
            } else {
                let end = ends.first(start);
                let last = path.last_word(start, end);
                if cell.below & LITERALS != 0
                    && let Some(child) = self.literal(cell, last, path, start, end)
                {
                    if cell.below & (TEXT | DIGITS | LIST) != 0 {
                        if waiting.is_some() {
                            return self.go_on(waiting.as_ref(), cell, start, count);
                        }
                        waiting = Some(Waiting { cell, start, count, ends });
                    }
                    ends = ends.behind(start, end);
                    (cell, start) = (child, end + 1);
                    continue;
                }
                if cell.below & (TEXT | DIGITS) != 0 {
                    if takes(cell.below, last, path, start, end)
                        && let Some(child) = self.cells.get(cell.dynamic as usize)
                    {
                        spans.put(count, start, end);
                        ends = ends.behind(start, end);
                        (cell, start, count) = (child, end + 1, count + 1);
                        continue;
                    }
                } else if cell.below & LIST != 0 {
                    return self.go_on(waiting.as_ref(), cell, start, count);
                }
            }
            match &waiting {
                None => return Usual::Nothing,
                Some(place) if place.cell.below & LIST != 0 => {
                    return self.go_on(waiting.as_ref(), cell, start, count);
                }
                Some(place) => {
                    let Some(next) = self.value(place, path, spans) else { return Usual::Nothing };
                    (cell, start, count, ends) = (next.cell, next.start, next.count, next.ends);
                    waiting = None;
                }
            }
        }
    }

    /// Takes the value that waits. It happens seldom, and the loop above has no register to spare.
    #[inline(never)]
    fn value<'a, E: Ends, S: Source>(
        &'a self,
        waiting: &Waiting<'_, E>,
        path: S,
        spans: &mut Spans,
    ) -> Option<Waiting<'a, E>> {
        let Waiting { cell, start, count, ends } = *waiting;
        let end = ends.first(start);
        if !takes(cell.below, path.last_word(start, end), path, start, end) {
            return None;
        }
        spans.put(count, start, end);
        let cell = self.cells.get(cell.dynamic as usize)?;
        Some(Waiting { cell, start: end + 1, count: count + 1, ends: ends.behind(start, end) })
    }

    /// Leaves it to the whole search to go on from the place that waits, or from here.
    #[inline(never)]
    fn go_on<E>(&self, waiting: Option<&Waiting<'_, E>>, cell: &Cell, start: usize, count: usize) -> Usual {
        let (cell, start, count) =
            waiting.map_or((cell, start, count), |place| (place.cell, place.start, place.count));
        let cell = (ptr::from_ref(cell).addr() - self.cells.as_ptr().addr()) / size_of::<Cell>();
        Usual::From(Place::new(cell, start - 1, count))
    }
}

/// A place where a literal segment was taken though a placeholder would take it too.
struct Waiting<'a, E> {
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
