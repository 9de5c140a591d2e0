//! Cells, of which the table consists, and how segments are read from a path.
//!
//! A cell is a literal segment together with the node that it leads to. It is as large as a cache line, and it is also a slot
//! in the hash table of the node above: one level of the trie costs one access to memory that may miss the cache. Segments
//! are read eight bytes at a time, as numbers: the end of a segment is found with a few operations on such a word, and the
//! same word is what the segment is looked up by, so that a short one is compared by comparing two numbers.

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

/// A literal segment and the node behind it. The child of a placeholder is a cell too, whose text nobody can ask for.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(super) struct Cell {
    /// The text, or its last eight bytes.
    last: u64,
    /// The first eight bytes of a text that is longer.
    first: u64,
    /// Where the rest of a text of more than sixteen bytes stands among the texts.
    text: u32,
    /// The length of the text, or [`NONE`].
    len: u32,
    /// The next cell with the same slot. The root is cell 0, and nobody's next one: 0 is none.
    pub(super) next: u32,
    /// The table of the literal children: where it begins, and its size less one.
    pub(super) base: u32,
    pub(super) mask: u32,
    /// The one child of [`TEXT`] or [`DIGITS`], or the number of the [`LIST`].
    pub(super) dynamic: u32,
    /// The handlers of rules that end here, without and with a final slash.
    pub(super) ends: [u32; 2],
    /// Which bits of the hash are the slot.
    pub(super) shift: u8,
    pub(super) below: u8,
}

impl Cell {
    pub(super) const EMPTY: Self = Self {
        last: 0,
        first: 0,
        text: 0,
        len: NONE,
        next: 0,
        base: 0,
        mask: 0,
        dynamic: NONE,
        ends: [NONE; 2],
        shift: 0,
        below: 0,
    };

    /// Makes it the cell of this text, whose bytes go to `texts` if there is no room for them here.
    pub(super) fn set_text(&mut self, text: &[u8], texts: &mut Vec<u8>) {
        let key = Key::of(text);
        self.last = key.last;
        self.first = key.first;
        // A longer text than a number can say is longer than any path.
        self.len = u32::try_from(text.len()).unwrap_or(NONE);
        if text.len() > 2 * WORD {
            self.text = u32::try_from(texts.len()).unwrap_or(NONE);
            texts.extend_from_slice(text);
        }
    }

    /// Whether this is the cell of a segment with that key.
    #[inline(always)]
    pub(super) fn is_of(&self, key: &Key<'_>, texts: &[u8]) -> bool {
        self.last == key.last
            && self.len as usize == key.text.len()
            && (key.text.len() <= WORD || self.first == key.first && self.has_middle_of(key, texts))
    }

    fn has_middle_of(&self, key: &Key<'_>, texts: &[u8]) -> bool {
        let start = self.text as usize;
        key.text.len() <= 2 * WORD || texts.get(start..start + key.text.len()) == Some(key.text)
    }

    /// The slot of a key among the literal children.
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation)] // the mask is not longer
    pub(super) fn slot(&self, hash: u64) -> u32 {
        self.base.wrapping_add(hash.wrapping_shr(u32::from(self.shift)) as u32 & self.mask)
    }
}

/// What a segment is looked up by.
#[derive(Debug)]
pub(super) struct Key<'a> {
    pub(super) text: &'a [u8],
    /// The first eight bytes, or all of them.
    first: u64,
    /// The last eight bytes, or all of them.
    last: u64,
}

impl<'a> Key<'a> {
    pub(super) fn of(text: &'a [u8]) -> Self {
        let mut padded = [0; WORD];
        let len = text.len().min(WORD);
        padded[..len].copy_from_slice(&text[..len]);
        Self::new(text, u64::from_le_bytes(padded))
    }

    /// The key of a text whose first bytes are known.
    #[inline(always)]
    pub(super) fn new(text: &'a [u8], first: u64) -> Self {
        let last = text.last_chunk().map_or(first, |last| u64::from_le_bytes(*last));
        Self { text, first, last }
    }

    /// A number that differs for most texts, in its middle bits.
    #[inline(always)]
    pub(super) fn hash(&self) -> u64 {
        /// The golden ratio, which spreads what differs in few bits.
        const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut mixed = self.last;
        if self.text.len() > WORD {
            mixed ^= self.first.rotate_left(27);
            if self.text.len() > 2 * WORD {
                mixed ^= middle(self.text);
            }
        }
        mixed.wrapping_mul(SPREAD)
    }
}

/// What tells long texts apart that begin alike and end alike.
#[inline(never)]
fn middle(text: &[u8]) -> u64 {
    let words = text.as_chunks::<WORD>().0.iter().skip(1);
    words.fold(0, |mixed, word| (mixed ^ u64::from_le_bytes(*word)).wrapping_mul(31).rotate_left(29))
}

const LOWEST: u64 = 0x0101_0101_0101_0101;
const HIGHEST: u64 = LOWEST << 7;
const SLASHES: u64 = LOWEST * b'/' as u64;
const ZEROS: u64 = LOWEST * b'0' as u64;
/// The upper half of each byte.
const UPPER: u64 = LOWEST * 0xF0;

/// The highest bit of the first byte that is zero; maybe those of later bytes too.
#[inline(always)]
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(LOWEST) & !word & HIGHEST
}

/// A path, to be read by words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    /// The path. One of less than a word has slashes behind it.
    bytes: &'a [u8],
    /// The length of the path itself.
    pub(super) len: usize,
}

/// A segment that was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Read {
    /// Where it ends.
    pub(super) end: usize,
    /// Its first eight bytes, or all of them.
    pub(super) first: u64,
}

impl<'a> Reader<'a> {
    /// A reader; `padded` is where a short path is put.
    #[inline(always)]
    pub(super) fn new(path: &'a [u8], padded: &'a mut [u8; WORD]) -> Self {
        let bytes = if path.len() < WORD {
            padded[..path.len()].copy_from_slice(path);
            &padded[..]
        } else {
            path
        };
        Self { bytes, len: path.len() }
    }

    /// The word at `at`, each byte as what it differs from a slash in; slashes from the end of the path on.
    ///
    /// `at` is less than the length of the path.
    #[inline(always)]
    fn difference(self, at: usize) -> u64 {
        let from = at.min(self.bytes.len().wrapping_sub(WORD));
        let word = self.bytes.get(from..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default();
        let behind = at.wrapping_sub(from) as u32;
        (u64::from_le_bytes(word) ^ SLASHES).wrapping_shr(behind * 8)
    }

    /// The segment that begins at `start`, which is less than the length of the path.
    #[inline(always)]
    pub(super) fn segment(self, start: usize) -> Read {
        let difference = self.difference(start);
        let zeros = zero_bytes(difference);
        if zeros == 0 {
            return Read { end: self.long(start + WORD), first: difference ^ SLASHES };
        }
        let behind = (zeros & zeros.wrapping_neg()) >> 7;
        Read {
            end: start + (zeros.trailing_zeros() / 8) as usize,
            first: (difference ^ SLASHES) & behind.wrapping_sub(1),
        }
    }

    /// The end of a segment that goes on at `at`.
    fn long(self, at: usize) -> usize {
        let mut at = at;
        for _ in 0..7 {
            if at >= self.len {
                return self.len;
            }
            let zeros = zero_bytes(self.difference(at));
            if zeros != 0 {
                return at + (zeros.trailing_zeros() / 8) as usize;
            }
            at += WORD;
        }
        let rest = self.bytes.get(at..).unwrap_or_default();
        memchr::memchr(b'/', rest).map_or(self.len, |length| at + length)
    }

    /// The text between two places.
    #[inline(always)]
    pub(super) fn text(self, start: usize, end: usize) -> &'a [u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }
}

/// Whether a text, whose first bytes are known, is nothing but digits.
#[inline(always)]
pub(super) fn is_digits(text: &[u8], first: u64) -> bool {
    if text.len() > WORD {
        return text.iter().all(u8::is_ascii_digit);
    }
    // Bytes that are not there are made zeros. A digit has `3` in front, also with 6 added.
    let unused = u64::MAX.checked_shl(8 * text.len() as u32).unwrap_or_default();
    let word = first | ZEROS & unused;
    word & UPPER == ZEROS && word.wrapping_add(LOWEST * 6) & UPPER == ZEROS
}

/// Whether a text has this byte in it.
#[inline(always)]
pub(super) fn has(text: &[u8], byte: u8) -> bool {
    const CHUNK: usize = 16;
    let in_chunk = |chunk: &[u8; CHUNK]| chunk.map(|one| u8::from(one == byte));
    let joined = |one: [u8; CHUNK], other: [u8; CHUNK]| -> [u8; CHUNK] {
        std::array::from_fn(|at| one[at] | other[at])
    };
    let (Some(last), true) = (text.last_chunk::<CHUNK>(), text.len() <= 4 * CHUNK) else {
        return has_rarely(text, byte);
    };
    let mut found = in_chunk(last);
    for chunk in text.as_chunks::<CHUNK>().0 {
        found = joined(found, in_chunk(chunk));
    }
    u128::from_ne_bytes(found) != 0
}

/// The same for what is short or long.
fn has_rarely(text: &[u8], byte: u8) -> bool {
    match (text.first_chunk::<WORD>(), text.last_chunk::<WORD>()) {
        (Some(first), Some(last)) if text.len() <= 2 * WORD => {
            let bytes = LOWEST * u64::from(byte);
            let zeros = |word: &[u8; WORD]| zero_bytes(u64::from_le_bytes(*word) ^ bytes);
            zeros(first) | zeros(last) != 0
        }
        (None, _) => text.contains(&byte),
        _ => memchr::memchr(byte, text).is_some(),
    }
}
