//! The search for a path: as it was sent if it can be, in the usual way if that is enough.

// A call costs more than most of what is called for each segment.
#![allow(clippy::inline_always)]

use std::borrow::Cow;

use http::Method;

#[cfg(test)]
use super::table::steps;
use super::{
    cell::{ALIKE, CHUNK, DIGITS, Ends, LIST, LITERALS, NONE, TEXT, last_word, marks, marks_of_short},
    table::{Found, Packed, Table, takes},
    target::{BadPath, decode, reveal},
    walk::whole,
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
    #[inline(never)] // it needs all registers
    pub(super) fn find_sent<'p>(&self, path: &'p str, method: &Method, spans: &mut Spans) -> Sent<'p> {
        let bytes = path.as_bytes();
        let number = self.methods.number(method);
        let mut padded = [0; CHUNK];
        let usual = match bytes.len() {
            _ if bytes.first() != Some(&b'/') => None,
            len @ ..64 => {
                let bytes = if len < CHUNK {
                    padded[..len].copy_from_slice(bytes);
                    &padded
                } else {
                    bytes
                };
                let (ends, has_percent) = marks_of_short(bytes, len);
                (!has_percent).then(|| self.usual(ends, bytes, len, number, spans))
            }
            len @ ..128 => {
                let (ends, has_percent) = marks(bytes);
                (!has_percent).then(|| self.usual(ends, bytes, len, number, spans))
            }
            _ => None,
        };
        match usual {
            Some(Usual::Route(route)) => Sent::Route(route as usize),
            Some(Usual::Nothing) => Sent::Other(Found::Nothing, Cow::Borrowed(path)),
            Some(Usual::From(from)) => match whole(self, path, path, method, spans, from) {
                Found::Route(route) => Sent::Route(route),
                found => Sent::Other(found, Cow::Borrowed(path)),
            },
            None => self.find_decoded(path, method, spans),
        }
    }

    #[inline(never)]
    fn find_decoded<'p>(&self, path: &'p str, method: &Method, spans: &mut Spans) -> Sent<'p> {
        match decode(path) {
            Ok(text) => match (self.find(&text, method, spans), text) {
                (Found::Route(route), Cow::Borrowed(_)) => Sent::Route(route),
                (found, text) => Sent::Other(found, text),
            },
            Err(bad) => Sent::Bad(bad),
        }
    }

    /// Finds the best match for a path, which begins with a slash and is decoded as `target` does it.
    pub(super) fn find(&self, path: &str, method: &Method, spans: &mut Spans) -> Found {
        let shown = reveal(Cow::Borrowed(path));
        let mut from = Packed::START;
        // The usual search knows no encoded slashes.
        if let Cow::Borrowed(_) = shown {
            match self.usual(path.as_bytes(), path.as_bytes(), path.len(), self.methods.number(method), spans)
            {
                Usual::Route(route) => return Found::Route(route as usize),
                Usual::Nothing => return Found::Nothing,
                Usual::From(place) => from = place,
            }
        }
        whole(self, path, &shown, method, spans, from)
    }

    /// The search as it usually goes: literal segments and simple placeholders, one of which may wait while what is literal
    /// is tried. What else there is to do, or to say, is left to the whole search.
    #[inline(always)]
    fn usual<E: Ends>(&self, ends: E, path: &[u8], len: usize, method: usize, spans: &mut Spans) -> Usual {
        let Some(mut cell) = self.cells.first() else { return Usual::Nothing };
        let (mut at, mut count, mut below) = (0, 0, cell.below);
        let mut waiting = Packed::NONE;
        loop {
            #[cfg(test)]
            steps::count();
            let start = at + 1;
            if start < len {
                let end = ends.end(start);
                if below & LITERALS != 0 {
                    let last = last_word(path, start, end);
                    if let Some(child) = self.literal(cell, last, path, start, end) {
                        if below & !ALIKE != LITERALS {
                            if waiting != Packed::NONE {
                                return Usual::From(waiting);
                            }
                            waiting = Packed::new(cell.id, at, count);
                        }
                        (cell, at, below) = (child, end, child.below);
                        continue;
                    }
                }
                if below & (TEXT | DIGITS) != 0 {
                    if takes(below, last_word(path, start, end), path, start, end)
                        && let Some(child) = self.cells.get(cell.dynamic as usize)
                    {
                        spans.put(count, start, end);
                        (cell, at, below, count) = (child, end, child.below, count + 1);
                        continue;
                    }
                } else if below & LIST != 0 {
                    return Usual::From(waiting.or(cell, at, count));
                }
            } else {
                let slash = usize::from(start == len);
                let end = cell.ends[slash];
                if end != NONE {
                    let route = self.methods.route(end, method);
                    if route != NONE {
                        spans.set_len(count);
                        return Usual::Route(route);
                    }
                }
                if end != NONE || cell.ends[1 - slash] != NONE || below & LIST != 0 {
                    return Usual::From(waiting.or(cell, at, count));
                }
            }
            if waiting == Packed::NONE {
                return Usual::Nothing;
            }
            let id;
            (id, at, count) = waiting.unpacked();
            waiting = Packed::NONE;
            let Some(place) = self.cells.get(id as usize) else { return Usual::Nothing };
            cell = place;
            below = cell.below & !LITERALS;
        }
    }
}

/// What the usual search comes to.
enum Usual {
    Route(u32),
    Nothing,
    /// The whole search has to go on from here.
    From(Packed),
}
