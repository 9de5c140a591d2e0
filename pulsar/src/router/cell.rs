//! Cells, of which the table consists, and how segments are read from a path.
//!
//! A cell is a literal segment together with the node that it leads to. It is as large as a cache line, and it is also a slot
//! in the hash table of the node above: one level of the trie costs one access to memory that may miss the cache.
//!
//! A segment is looked up by its first eight bytes as a number, which are all of it if it is short: no text is compared byte
//! by byte unless it is longer than sixteen of them. Where segments end is found for many bytes at once, sixteen at a time, as
//! a mask with a bit for each end; nothing that the search does has to wait for it.

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
/// Many of the literal segments begin alike, so that all of their bytes are hashed.
pub(super) const ALIKE: u8 = 16;

/// A literal segment and the node behind it. The child of a placeholder is a cell too, whose text nobody can ask for.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(super) struct Cell {
    /// The text, or its first eight bytes.
    first: u64,
    /// The last eight bytes of a text that is longer.
    last: u64,
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
        first: 0,
        last: 0,
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
        self.first = first_word(text, 0, text.len());
        self.last = last_word(text, text.len());
        // A longer text than a number can say is longer than any path.
        self.len = u32::try_from(text.len()).unwrap_or(NONE);
        if is_long(text.len()) {
            self.text = u32::try_from(texts.len()).unwrap_or(NONE);
            texts.extend_from_slice(text);
        }
    }

    /// Whether this is the cell of a segment, from `start` to `end`, that begins with this word, as far as both are known
    /// here: the middle of a [long](is_long) one is not.
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation)] // no path is as long
    pub(super) fn seems(&self, first: u64, path: &[u8], start: usize, end: usize) -> bool {
        let len = end - start;
        self.first == first && self.len == len as u32 && (len <= WORD || self.last == last_word(path, end))
    }

    /// Whether it is the cell of a segment.
    pub(super) fn is_of(&self, first: u64, path: &[u8], start: usize, end: usize, texts: &[u8]) -> bool {
        let text = path.get(start..end).unwrap_or_default();
        let own = self.text as usize;
        self.seems(first, path, start, end)
            && (!is_long(text.len()) || texts.get(own..own + text.len()) == Some(text))
    }

    /// The slot of a hash among the literal children.
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation)] // the mask is not longer
    pub(super) fn slot(&self, hash: u64) -> u32 {
        self.base.wrapping_add(hash.wrapping_shr(u32::from(self.shift)) as u32 & self.mask)
    }
}

/// Whether a text of this length is more than its first and its last word.
#[inline(always)]
pub(super) fn is_long(len: usize) -> bool {
    len > 2 * WORD
}

/// The first eight bytes of a segment, or all of it with zeros behind.
#[inline(always)]
pub(super) fn first_word(path: &[u8], start: usize, end: usize) -> u64 {
    let word = word(path, tail(path), start);
    let behind = u32::from(BEHIND[(end - start).min(WORD)]);
    word.wrapping_shl(behind).wrapping_shr(behind)
}

/// By the length of a segment: how many bits of a word stand behind it.
const BEHIND: [u8; 256] = {
    let mut bits = [0; 256];
    let (mut len, mut behind) = (WORD, 0);
    while len > 1 {
        len -= 1;
        behind += 8;
        bits[len] = behind;
    }
    bits
};

/// The last eight bytes of a path, or all of it with zeros before.
#[inline(always)]
pub(super) fn tail(path: &[u8]) -> u64 {
    path.last_chunk().map_or_else(|| few(path), |word| u64::from_le_bytes(*word))
}

/// The same of a path that has less.
#[inline(never)]
fn few(path: &[u8]) -> u64 {
    path.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)) << ((8 * (WORD - path.len())) & 63)
}

/// The eight bytes of a path with this tail from `start` on, with zeros behind its end.
#[inline(always)]
#[allow(clippy::cast_possible_truncation)] // of a shift only the lowest bits count
fn word(path: &[u8], tail: u64, start: usize) -> u64 {
    match path.get(start..start + WORD).and_then(<[u8]>::first_chunk) {
        Some(word) => u64::from_le_bytes(*word),
        None => tail.wrapping_shr((start + WORD).wrapping_sub(path.len()) as u32 * 8),
    }
}

/// The last eight bytes of what ends at `end`; zero if there are less.
#[inline(always)]
fn last_word(path: &[u8], end: usize) -> u64 {
    let word = path.get(..end).and_then(<[u8]>::last_chunk);
    word.map_or(0, |word| u64::from_le_bytes(*word))
}

/// A number whose middle bits differ for most words.
#[inline(always)]
pub(super) fn hash(word: u64) -> u64 {
    /// The golden ratio, which spreads what differs in few bits.
    const SPREAD: u64 = 0xFFFF_FFFF_9E37_79B9;
    word.wrapping_mul(SPREAD)
}

/// The same for all of a text: what tells those apart that begin alike.
pub(super) fn hash_of_all(text: &[u8]) -> u64 {
    let words = text.as_chunks::<WORD>().0.iter();
    let mixed = words.fold(text.len() as u64, |mixed, word| {
        (mixed ^ u64::from_le_bytes(*word)).wrapping_mul(31).rotate_left(29)
    });
    hash(mixed ^ last_word(text, text.len()))
}

/// Where the segments of a path of less than 64 bytes end, from offset 1 on, as a mask; nothing if it does not begin with a
/// slash or has a `%`.
#[inline(always)]
pub(super) fn marks(path: &[u8]) -> Option<u64> {
    let len = path.len();
    let mut slashes = 0;
    let mut percents = Percents::none();
    let mut add = |at: usize, bytes: [u8; CHUNK]| {
        slashes |= u64::from(percents.slashes(&bytes)) << (at & 63);
    };
    // From both ends: pieces overlap, and none is shorter.
    if let (Some(first), Some(last)) = (path.first_chunk(), path.last_chunk()) {
        add(0, *first);
        add(len - CHUNK, *last);
        let at = |at: usize| path.get(at..).and_then(<[u8]>::first_chunk);
        if len > 2 * CHUNK
            && let Some(second) = at(CHUNK)
        {
            add(CHUNK, *second);
            if len > 3 * CHUNK
                && let Some(third) = at(2 * CHUNK)
            {
                add(2 * CHUNK, *third);
            }
        }
    } else {
        add(0, padded(path));
    }
    if percents.any() || slashes & 1 == 0 {
        return None;
    }
    // A final slash ends no other segment than the one before it.
    let last = !slashes & 1 << (len.wrapping_sub(1) & 63);
    Some(slashes + 2 * last - 1)
}

/// Whether there is a `%` in a path of sixteen bytes or more.
#[inline(always)]
pub(super) fn has_percent(path: &[u8]) -> bool {
    if path.len() > 256 {
        return memchr::memchr(b'%', path).is_some();
    }
    // A call costs more than a look at so few.
    let mut percents = Percents::none();
    for chunk in path.as_chunks().0 {
        percents.slashes(chunk);
    }
    if let Some(last) = path.last_chunk() {
        percents.slashes(last);
    }
    percents.any()
}

/// Where the segments of a path end, from some place on.
pub(super) trait Ends: Copy {
    /// Whether there are no more of them.
    fn are_over(self) -> bool;

    fn first(self) -> usize;

    /// Those behind the first one.
    fn behind(self) -> Self;

    /// The first eight bytes of a segment, or all of it with zeros behind.
    fn word(path: &[u8], tail: u64, start: usize, end: usize) -> u64;
}

/// A mask with a bit for each end, of a path of less than 64 bytes.
impl Ends for u64 {
    #[inline(always)]
    fn are_over(self) -> bool {
        self == 0
    }

    #[inline(always)]
    fn first(self) -> usize {
        self.trailing_zeros() as usize
    }

    #[inline(always)]
    fn behind(self) -> Self {
        self & self.wrapping_sub(1)
    }

    #[inline(always)]
    #[allow(clippy::cast_possible_truncation)] // no segment is as long
    fn word(path: &[u8], tail: u64, start: usize, end: usize) -> u64 {
        let word = word(path, tail, start);
        let behind = u32::from(BEHIND[usize::from((end - start) as u8)]);
        word.wrapping_shl(behind).wrapping_shr(behind)
    }
}

/// The same of a path of any length, of which 64 bytes are looked at together.
#[derive(Clone, Copy)]
pub(super) struct Window<'p> {
    path: &'p [u8],
    /// Where the window begins.
    at: usize,
    mask: u64,
}

impl<'p> Window<'p> {
    /// The ends of a path from offset 1 on.
    pub(super) fn new(path: &'p [u8]) -> Self {
        let first = Self { path, at: 0, mask: 0 };
        Self { mask: first.read() & !1, ..first }.or_next()
    }

    /// The bits of the slashes in this window, and of the end of the path if no slash is there.
    #[inline(always)]
    fn read(self) -> u64 {
        let rest = self.path.get(self.at..).unwrap_or_default();
        if let Some(bytes) = rest.first_chunk() {
            return slashes(bytes);
        }
        let len = rest.len() & 63;
        let slashes = if let Some(bytes) = self.path.last_chunk() {
            slashes(bytes) >> 1 >> (63 - len)
        } else {
            let mut bytes = [0; 64];
            bytes[..len].copy_from_slice(&rest[..len]);
            slashes(&bytes)
        };
        slashes | u64::from(self.path.last() != Some(&b'/')) << len
    }

    /// This window, or the next one that has an end.
    #[inline(always)]
    fn or_next(mut self) -> Self {
        while self.mask == 0 && self.at + 64 <= self.path.len() {
            self.at += 64;
            self.mask = self.read();
        }
        self
    }
}

/// A bit for each slash.
#[inline(always)]
fn slashes(bytes: &[u8; 64]) -> u64 {
    let mut percents = Percents::none();
    let chunks = bytes.as_chunks().0.iter().rev();
    chunks.fold(0, |slashes, chunk| slashes << CHUNK | u64::from(percents.slashes(chunk)))
}

impl Ends for Window<'_> {
    #[inline(always)]
    fn are_over(self) -> bool {
        self.mask == 0
    }

    #[inline(always)]
    fn first(self) -> usize {
        self.at + self.mask.trailing_zeros() as usize
    }

    #[inline(always)]
    fn behind(self) -> Self {
        Self { mask: self.mask.behind(), ..self }.or_next()
    }

    #[inline(always)]
    fn word(path: &[u8], tail: u64, start: usize, end: usize) -> u64 {
        let word = word(path, tail, start);
        let behind = u32::from(BEHIND[(end - start).min(WORD)]);
        word.wrapping_shl(behind).wrapping_shr(behind)
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

/// Whether a value is `.` or `..`, or nothing.
#[inline(always)]
pub(super) fn is_dots_or_empty(first: u64, len: usize) -> bool {
    const DOT: u64 = b'.' as u64;
    len < 3 && (len == 0 || first == DOT || first == (DOT << 8 | DOT))
}

/// Whether a text that is not empty, with this first word, is nothing but digits.
#[inline(never)] // its constants would take registers from all other searches
pub(super) fn is_digits(first: u64, path: &[u8], start: usize, end: usize) -> bool {
    const LOWEST: u64 = 0x0101_0101_0101_0101;
    const UPPER: u64 = LOWEST * 0xF0;
    const ZEROS: u64 = LOWEST * b'0' as u64;
    let len = end - start;
    if len == 0 || len > WORD {
        return len > WORD && path.get(start..end).is_some_and(|text| text.iter().all(u8::is_ascii_digit));
    }
    let behind = if len < WORD { u64::MAX << (8 * len) } else { 0 };
    let word = first | ZEROS & behind;
    word & UPPER == ZEROS && word.wrapping_add(LOWEST * 6) & UPPER == ZEROS
}
