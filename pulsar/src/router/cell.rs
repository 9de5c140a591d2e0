//! Cells, of which the table consists, and how segments are read from a path.
//!
//! A cell is a literal segment together with the node that it leads to. It is as large as a cache line, and it is also a slot
//! in the hash table of the node above: one level of the trie costs one access to memory that may miss the cache.
//!
//! A segment is looked up by its last eight bytes as a number, which are all of it if it is short: no text is compared byte
//! by byte unless it is longer than sixteen of them. Where segments end is found for the whole path at once, sixteen bytes
//! at a time, as a mask with a bit for each slash; nothing that the search does has to wait for it.

// A call costs more than most of what is called for each segment.
#![allow(clippy::inline_always)]

use super::chunk::{CHUNK, Percents};

/// How many bytes are read at once.
pub(super) const WORD: usize = 8;

/// No cell, no handler, no list.
pub(super) const NONE: u32 = u32::MAX;

/// What stands below a node, as bits.
pub(super) const LITERALS: u8 = 1;
/// One placeholder that takes any text, and nothing else that is dynamic.
pub(super) const TEXT: u8 = 2;
/// One placeholder that takes any digits, and nothing else that is dynamic.
pub(super) const DIGITS: u8 = 4;
/// Anything else: see `List` in `table.rs`.
pub(super) const LIST: u8 = 8;
/// Many of the literal segments end alike, so that all of their bytes are hashed.
pub(super) const ALIKE: u8 = 16;

/// A literal segment and the node behind it. The child of a placeholder is a cell too, whose text nobody can ask for.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(super) struct Cell {
    /// The text, or its last eight bytes.
    last: u64,
    /// The first eight bytes of a text that is longer.
    first: u64,
    /// Where all of a text of more than sixteen bytes stands among the texts.
    text: u32,
    /// The length of the text.
    len: u32,
    /// The next cell with the same slot. The root is cell 0, and nobody's next one: 0 is none.
    pub(super) next: u32,
    /// The table of the literal children: where it begins, and its size less one.
    pub(super) base: u32,
    pub(super) mask: u32,
    /// The one child of [`TEXT`] or [`DIGITS`], or the number of the [`LIST`].
    pub(super) dynamic: u32,
    /// The ends of rules that end here, without and with a final slash: see `Methods` in `table.rs`.
    pub(super) ends: [u32; 2],
    /// One route of each end, and its methods as bits by their numbers, so that most requests need not look further.
    pub(super) routes: [u32; 2],
    pub(super) methods: [u16; 2],
    /// Which bits of the hash are the slot.
    pub(super) shift: u8,
    pub(super) below: u8,
}

impl Cell {
    pub(super) const EMPTY: Self = Self {
        last: 0,
        first: 0,
        text: 0,
        // No segment is as long.
        len: NONE,
        next: 0,
        base: 0,
        mask: 0,
        dynamic: NONE,
        ends: [NONE; 2],
        routes: [NONE; 2],
        methods: [0; 2],
        shift: 0,
        below: 0,
    };

    /// Makes it the cell of this text, whose bytes go to `texts` if there is no room for them here.
    pub(super) fn set_text(&mut self, text: &[u8], texts: &mut Vec<u8>) {
        self.last = last_word(text, 0, text.len());
        self.first = first_word(text);
        // A longer text than a number can say is longer than any path.
        self.len = u32::try_from(text.len()).unwrap_or(NONE);
        if text.len() > 2 * WORD {
            self.text = u32::try_from(texts.len()).unwrap_or(NONE);
            texts.extend_from_slice(text);
        }
    }

    /// Whether this is the cell of a segment, from `start` to `end`, that ends in this word.
    #[inline(always)]
    pub(super) fn is_of<S: Source>(
        &self,
        last: u64,
        path: S,
        start: usize,
        end: usize,
        texts: &[u8],
    ) -> bool {
        let len = end - start;
        self.last == last
            && self.len as usize == len
            && (len <= WORD || self.first == path.word(start))
            && (len <= 2 * WORD || self.is_all_of(path, start, end, texts))
    }

    #[inline(never)]
    fn is_all_of<S: Source>(&self, path: S, start: usize, end: usize, texts: &[u8]) -> bool {
        let text = path.text(start, end);
        let own = self.text as usize;
        texts.get(own..own + text.len()) == Some(text)
    }

    /// The slot of a hash among the literal children.
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation)] // the mask is not longer
    pub(super) fn slot(&self, hash: u64) -> u32 {
        self.base.wrapping_add(hash.wrapping_shr(u32::from(self.shift)) as u32 & self.mask)
    }
}

/// The first eight bytes of a text; zero if there are less.
#[inline(always)]
fn first_word(text: &[u8]) -> u64 {
    text.first_chunk().map_or(0, |word| u64::from_le_bytes(*word))
}

/// The last eight bytes of a segment, or all of it with zeros behind.
#[inline(always)]
#[allow(clippy::cast_possible_truncation)] // of a shift only the lowest bits count
pub(super) fn last_word(path: &[u8], start: usize, end: usize) -> u64 {
    let from = end.saturating_sub(WORD);
    let Some(word) = path.get(from..from + WORD).and_then(<[u8]>::first_chunk) else {
        // The path has less than eight bytes.
        let text = path.get(start..end).unwrap_or_default();
        return text.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
    };
    // What is behind the segment is shifted out, then what is before it.
    let word = u64::from_le_bytes(*word).wrapping_shl((from.wrapping_sub(end) as u32) << 3);
    let len = (end - start).min(WORD) as u32;
    word.wrapping_shr((WORD as u32 - len) << 3)
}

/// A number whose middle bits differ for most words.
#[inline(always)]
pub(super) fn hash(word: u64) -> u64 {
    /// The golden ratio, which spreads what differs in few bits.
    const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
    word.wrapping_mul(SPREAD)
}

/// The same for all of a text: what tells those apart that end alike.
pub(super) fn hash_of_all(text: &[u8]) -> u64 {
    let words = text.as_chunks::<WORD>().0.iter();
    let mixed = words.fold(text.len() as u64, |mixed, word| {
        (mixed ^ u64::from_le_bytes(*word)).wrapping_mul(31).rotate_left(29)
    });
    hash(mixed ^ last_word(text, 0, text.len()))
}

/// What a search reads a path from.
pub(super) trait Source: Copy {
    /// The last eight bytes of the segment from `start` to `end`, or all of it with zeros behind.
    fn last_word(self, start: usize, end: usize) -> u64;

    /// The eight bytes from `start` on.
    fn word(self, start: usize) -> u64;

    fn text(&self, start: usize, end: usize) -> &[u8];
}

impl Source for &[u8] {
    #[inline(always)]
    fn last_word(self, start: usize, end: usize) -> u64 {
        last_word(self, start, end)
    }

    #[inline(always)]
    fn word(self, start: usize) -> u64 {
        first_word(self.get(start..).unwrap_or_default())
    }

    #[inline(always)]
    fn text(&self, start: usize, end: usize) -> &[u8] {
        self.get(start..end).unwrap_or_default()
    }
}

/// A path of less than 64 bytes with room around it, so that a word that begins or ends in it can be read without a question.
pub(super) struct Short([u8; Self::ROOM]);

impl Short {
    const ROOM: usize = 64 + 2 * WORD;

    pub(super) const EMPTY: Self = Self([0; Self::ROOM]);

    /// Takes a path; gives a mask of where its segments end, from offset 1 on, and whether there is a `%` in it.
    #[inline(always)]
    pub(super) fn fill(&mut self, path: &[u8]) -> (u64, bool) {
        let len = path.len();
        let mut ends = 0;
        let mut percents = Percents::none();
        let mut add = |at: usize, bytes: [u8; CHUNK]| {
            let at = at & 63;
            if let Some(place) = self.0.get_mut(at + WORD..).and_then(<[u8]>::first_chunk_mut) {
                *place = bytes;
            }
            ends |= u64::from(percents.slashes(&bytes)) << at;
        };
        // From both ends: pieces overlap, and none is shorter.
        match (path.first_chunk(), path.last_chunk()) {
            (Some(first), Some(last)) => {
                add(0, *first);
                add(len - CHUNK, *last);
                if len > 2 * CHUNK {
                    let at = |at: usize| path.get(at..).and_then(<[u8]>::first_chunk);
                    if let (Some(second), Some(third)) = (at(CHUNK), at(len - 2 * CHUNK)) {
                        add(CHUNK, *second);
                        add(len - 2 * CHUNK, *third);
                    }
                }
            }
            _ => add(0, padded(path)),
        }
        // A final slash ends no other segment than the one before it.
        let end = 1 << (len.wrapping_sub(1) & 63) & !ends;
        (ends >> 1 | end, percents.any())
    }

    #[inline(always)]
    fn at(&self, place: usize) -> u64 {
        first_word(self.0.get(place..).unwrap_or_default())
    }
}

impl Source for &Short {
    #[inline(always)]
    fn last_word(self, start: usize, end: usize) -> u64 {
        /// By the length of a segment: how many bits before it are shifted out.
        const BEFORE: [u8; 64] = {
            let mut bits = [0; 64];
            let (mut len, mut before) = (WORD, 0);
            while len > 1 {
                len -= 1;
                before += 8;
                bits[len] = before;
            }
            bits
        };
        self.at(end & 63) >> (BEFORE[(end - start) & 63] & 63)
    }

    #[inline(always)]
    fn word(self, start: usize) -> u64 {
        self.at((start & 63) + WORD)
    }

    #[inline(always)]
    fn text(&self, start: usize, end: usize) -> &[u8] {
        self.0.get(start + WORD..end + WORD).unwrap_or_default()
    }
}

/// Where the segments of a path end, from some place on.
pub(super) trait Ends: Copy {
    /// Whether no segment begins at `start`.
    fn are_over(self, start: usize) -> bool;

    /// The end of the segment that begins at `start`.
    fn first(self, start: usize) -> usize;

    /// Those behind the segment from `start` to `end`.
    fn behind(self, start: usize, end: usize) -> Self;
}

/// A mask with a bit for each end; the lowest bit is that of `start`. It is of a path of less than 64 bytes.
impl Ends for u64 {
    #[inline(always)]
    fn are_over(self, _: usize) -> bool {
        self == 0
    }

    #[inline(always)]
    fn first(self, start: usize) -> usize {
        start + self.trailing_zeros() as usize
    }

    #[inline(always)]
    fn behind(self, start: usize, end: usize) -> Self {
        self >> ((end - start + 1) & 63)
    }
}

/// The same of a path of less than 128 bytes.
impl Ends for u128 {
    #[inline(always)]
    fn are_over(self, _: usize) -> bool {
        self == 0
    }

    #[inline(always)]
    fn first(self, start: usize) -> usize {
        start + self.trailing_zeros() as usize
    }

    #[inline(always)]
    fn behind(self, start: usize, end: usize) -> Self {
        self >> ((end - start + 1) & 127)
    }
}

/// A path of any length, which is looked at when an end is asked for.
impl Ends for &[u8] {
    fn are_over(self, start: usize) -> bool {
        start >= self.len()
    }

    fn first(self, start: usize) -> usize {
        end_of_segment(self, start)
    }

    fn behind(self, _: usize, _: usize) -> Self {
        self
    }
}

/// The end of the segment that begins at `start`.
pub(super) fn end_of_segment(path: &[u8], start: usize) -> usize {
    let rest = path.get(start..).unwrap_or_default();
    if let Some(chunk) = rest.first_chunk() {
        let slashes = Percents::none().slashes(chunk);
        if slashes != 0 {
            return start + slashes.trailing_zeros() as usize;
        }
    }
    memchr::memchr(b'/', rest).map_or(path.len(), |length| start + length)
}

/// A path of less than 16 bytes, with zeros behind it.
#[inline(always)]
pub(super) fn padded(path: &[u8]) -> [u8; CHUNK] {
    let len = path.len();
    // Two pieces, which overlap: nothing is copied byte by byte.
    let words = (path.first_chunk(), path.last_chunk());
    let halves = (path.first_chunk(), path.last_chunk());
    let (low, high) = if let (Some(first), Some(last)) = words {
        let behind = u64::from_le_bytes(*last) >> ((8 * (2 * WORD - 1 - len)) & 63) >> 8;
        (u64::from_le_bytes(*first), behind)
    } else if let (Some(first), Some(last)) = halves {
        let [first, last] = [first, last].map(|half| u64::from(u32::from_le_bytes(*half)));
        (last << ((8 * (len - WORD / 2)) & 63) | first, 0)
    } else {
        (path.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0)
    };
    let mut bytes = [0; CHUNK];
    bytes[..WORD].copy_from_slice(&low.to_le_bytes());
    bytes[WORD..].copy_from_slice(&high.to_le_bytes());
    bytes
}

/// Where the segments of a path end, and whether there is a `%` in it.
///
/// It has 16 to 127 bytes: the same is true of each of its pieces of sixteen bytes, from either end.
#[inline(always)]
pub(super) fn marks(path: &[u8]) -> (u128, bool) {
    let mut ends = 0;
    let mut percents = Percents::none();
    let mut at = 0;
    for chunk in path.as_chunks().0 {
        ends |= u128::from(percents.slashes(chunk)) << (at & 127);
        at += CHUNK;
    }
    if let Some(last) = path.last_chunk() {
        ends |= u128::from(percents.slashes(last)) << ((path.len() - CHUNK) & 127);
    }
    let end = 1 << (path.len().wrapping_sub(1) & 127) & !ends;
    (ends >> 1 | end, percents.any())
}

/// Whether a value is `.` or `..`, or nothing.
#[inline(always)]
pub(super) fn is_dots_or_empty(last: u64, len: usize) -> bool {
    const DOT: u64 = b'.' as u64;
    len < 3 && (len == 0 || last == DOT || last == (DOT << 8 | DOT))
}

/// Whether a text that is not empty, with this last word, is nothing but digits.
#[inline(always)]
pub(super) fn is_digits<S: Source>(last: u64, path: S, start: usize, end: usize) -> bool {
    const LOWEST: u64 = 0x0101_0101_0101_0101;
    const UPPER: u64 = LOWEST * 0xF0;
    const ZEROS: u64 = LOWEST * b'0' as u64;
    let len = end - start;
    if len == 0 || len > WORD {
        return len > WORD && path.text(start, end).iter().all(u8::is_ascii_digit);
    }
    let behind = if len < WORD { u64::MAX << (8 * len) } else { 0 };
    let word = last | ZEROS & behind;
    word & UPPER == ZEROS && word.wrapping_add(LOWEST * 6) & UPPER == ZEROS
}
