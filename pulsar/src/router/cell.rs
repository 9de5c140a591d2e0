//! Cells, of which the table consists, and how segments are read from a path.
//!
//! A cell is a literal segment together with the node that it leads to. It is as large as a cache line, and it is also a slot
//! in the hash table of the node above: one level of the trie costs one access to memory that may miss the cache.
//!
//! Segments are read eight bytes at a time, as numbers, in which a slash is a zero byte: everything is compared with a slash
//! by an exclusive or, once, when the path is laid out. The end of a segment is then the first byte that is zero, which a
//! few operations find, and what stands before it is what the segment is looked up by. No text is compared byte by byte
//! unless it is longer than sixteen of them.

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
    /// The first eight bytes of a text of eight or more.
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
    /// The handlers of rules that end here, without and with a final slash.
    pub(super) ends: [u32; 2],
    /// Which bits of the hash are the slot.
    pub(super) shift: u8,
    pub(super) below: u8,
}

impl Cell {
    pub(super) const EMPTY: Self = Self {
        // The first byte of a text is no slash, and an empty text is zero: this is none.
        last: 1 << 63,
        first: 0,
        text: 0,
        len: 0,
        next: 0,
        base: 0,
        mask: 0,
        dynamic: NONE,
        ends: [NONE; 2],
        shift: 0,
        below: 0,
    };

    /// Makes it the cell of this text, whose bytes go to `texts` if there is no room for them here.
    pub(super) fn set_text(&mut self, text: &str, texts: &mut Vec<u8>) {
        let key = Key::of(text);
        self.last = key.last;
        self.first = key.first;
        // A longer text than a number can say is longer than any path.
        self.len = u32::try_from(text.len()).unwrap_or(NONE);
        if text.len() > 2 * WORD {
            self.text = u32::try_from(texts.len()).unwrap_or(NONE);
            texts.extend_from_slice(text.as_bytes());
        }
    }

    /// Whether this is the cell of a segment of less than eight bytes: those behind its end are zero, so that no other
    /// text is the same number.
    #[inline(always)]
    pub(super) fn is_of_short(&self, first: u64) -> bool {
        self.last == first
    }

    /// Whether this is the cell of a segment of eight to sixteen bytes, which are its first eight and its last eight.
    #[inline(always)]
    pub(super) fn is_of_two(&self, first: u64, last: u64, len: usize) -> bool {
        self.last == last && self.first == first && self.len as usize == len
    }

    /// Whether this is the cell of any segment with that key.
    pub(super) fn is_of(&self, key: &Key<'_>, texts: &[u8]) -> bool {
        let start = self.text as usize;
        let len = key.text.len();
        self.is_of_two(key.first, key.last, len)
            && (len <= 2 * WORD || texts.get(start..start + len) == Some(key.text))
    }

    /// The slot of a hash among the literal children.
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation)] // the mask is not longer
    pub(super) fn slot(&self, hash: u64) -> u32 {
        self.base.wrapping_add(hash.wrapping_shr(u32::from(self.shift)) as u32 & self.mask)
    }
}

/// What a segment is looked up by.
#[derive(Debug)]
pub(super) struct Key<'a> {
    text: &'a [u8],
    /// The first eight bytes, or all of them.
    first: u64,
    /// The last eight bytes, or all of them.
    last: u64,
}

impl<'a> Key<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let text = text.as_bytes();
        let mut first = [b'/'; WORD];
        let len = text.len().min(WORD);
        first[..len].copy_from_slice(&text[..len]);
        let first = difference(&first);
        Self { text, first, last: text.last_chunk().map_or(first, difference) }
    }

    pub(super) fn hash(&self) -> u64 {
        match self.text.len() {
            ..WORD => hash(self.first),
            len @ WORD..=16 => hash_of_two(self.first, self.last, len),
            len => {
                // What tells texts apart that begin alike and end alike.
                let words = self.text.as_chunks::<WORD>().0.iter().skip(1);
                let middle =
                    words.fold(0, |mixed, word| (mixed ^ difference(word)).wrapping_mul(31).rotate_left(29));
                hash_of_two(self.first ^ middle, self.last, len)
            }
        }
    }
}

/// A number whose middle bits differ for most words.
#[inline(always)]
pub(super) fn hash(word: u64) -> u64 {
    /// The golden ratio, which spreads what differs in few bits.
    const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
    word.wrapping_mul(SPREAD)
}

#[inline(always)]
pub(super) fn hash_of_two(first: u64, last: u64, len: usize) -> u64 {
    hash(first.rotate_left(27) ^ last.wrapping_add(len as u64))
}

const LOWEST: u64 = 0x0101_0101_0101_0101;
const HIGHEST: u64 = LOWEST << 7;
const SLASHES: u64 = LOWEST * b'/' as u64;

/// Bytes as the number in which slashes are zero.
#[inline(always)]
fn difference(bytes: &[u8; WORD]) -> u64 {
    u64::from_le_bytes(*bytes) ^ SLASHES
}

/// The highest bit of the first byte that is zero; maybe those of later bytes too. Zero if no byte is.
#[inline(always)]
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(LOWEST) & !word & HIGHEST
}

/// A segment that was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    /// Where it ends.
    pub(super) end: usize,
    /// Its first eight bytes, or all of them with zeros behind.
    pub(super) first: u64,
    /// Whether these are less than eight.
    pub(super) is_short: bool,
}

impl Segment {
    /// Whether a simple placeholder takes it, [`TEXT`] or [`DIGITS`]. `//` matches nothing, nor do dots: see `is_dotted`.
    #[inline(always)]
    pub(super) fn is_taken(self, kind: u8, path: &str, start: usize) -> bool {
        const DOT: u64 = (b'.' ^ b'/') as u64;
        if kind & TEXT != 0 {
            self.first != 0 && self.first != DOT && self.first != (DOT << 8 | DOT)
        } else {
            self.is_digits(path, start)
        }
    }

    #[inline(always)]
    fn is_digits(self, path: &str, start: usize) -> bool {
        if !self.is_short {
            let text = path.as_bytes().get(start..self.end).unwrap_or_default();
            return text.iter().all(u8::is_ascii_digit);
        }
        // From `9` to `0` they are 0x16 to 0x1F once the slash is taken away.
        const FIRST: u64 = (b'9' ^ b'/') as u64;
        const BEHIND: u64 = (b'0' ^ b'/') as u64 + 1;
        let word = self.first | (u64::MAX << (8 * (self.end - start) % 64)) & (LOWEST * FIRST);
        let is_from = word.wrapping_add(LOWEST * (0x80 - FIRST));
        let is_behind = word.wrapping_add(LOWEST * (0x80 - BEHIND));
        self.first != 0 && is_from & !is_behind & !word & HIGHEST == HIGHEST
    }
}

/// A path, to be read by words.
pub(super) trait Source: Copy {
    /// The eight bytes at `at`, which is less than the length of the path; zeros from its end on.
    fn word(self, at: usize) -> u64;

    /// The end of a segment that goes on at `at`.
    fn long(self, at: usize) -> usize;

    /// The segment that begins at `start`, which is less than the length of the path.
    #[inline(always)]
    fn segment(self, start: usize) -> Segment {
        let word = self.word(start);
        let zeros = zero_bytes(word);
        if zeros == 0 {
            return Segment { end: self.long(start + WORD), first: word, is_short: false };
        }
        let end = start + (zeros.trailing_zeros() / 8) as usize;
        Segment { end, first: word & (zeros ^ zeros.wrapping_sub(1)), is_short: true }
    }
}

/// The longest path that is laid out for a search. Longer ones are read where they are.
pub(super) const NEAR: usize = 127;

/// The room for such a path, with a word behind its end.
pub(super) type Room = [u8; NEAR + 1 + WORD];

/// A path that was laid out, with slashes as zeros and zeros behind its end: nothing has to be asked before a word is read.
#[derive(Clone, Copy)]
pub(super) struct Near<'a>(&'a Room);

impl<'a> Near<'a> {
    /// Lays out a path of at most [`NEAR`] bytes; tells whether there is a `%` in it too.
    #[inline(always)]
    pub(super) fn new(path: &[u8], room: &'a mut Room) -> (Self, bool) {
        const PERCENTS: u64 = LOWEST * (b'%' ^ b'/') as u64;
        let mut percents = 0;
        let (words, _) = path.as_chunks::<WORD>();
        let (places, _) = room.as_chunks_mut::<WORD>();
        for (place, word) in places.iter_mut().zip(words) {
            let word = difference(word);
            percents |= zero_bytes(word ^ PERCENTS);
            *place = word.to_le_bytes();
        }
        let last = match path.last_chunk() {
            // Without the bytes that the words before had.
            Some(last) => {
                let rest = 8 * (path.len() % WORD) as u32;
                (difference(last) >> 8).wrapping_shr(56 - rest)
            }
            None => short(path),
        };
        percents |= zero_bytes(last ^ PERCENTS);
        if let Some(place) = places.get_mut(words.len()) {
            *place = last.to_le_bytes();
        }
        (Self(room), percents != 0)
    }
}

/// Less than eight bytes as a word.
fn short(path: &[u8]) -> u64 {
    path.iter().rev().fold(0, |word, byte| word << 8 | u64::from(byte ^ b'/'))
}

impl Source for Near<'_> {
    #[inline(always)]
    fn word(self, at: usize) -> u64 {
        let at = at & NEAR;
        self.0[at..at + WORD].try_into().map_or(0, u64::from_le_bytes)
    }

    #[inline(always)]
    fn long(self, at: usize) -> usize {
        let mut at = at;
        loop {
            let zeros = zero_bytes(self.word(at));
            if zeros != 0 {
                return at + (zeros.trailing_zeros() / 8) as usize;
            }
            at += WORD;
        }
    }
}

/// A path of more than a word, read where it is.
#[derive(Clone, Copy)]
pub(super) struct Far<'a>(pub(super) &'a [u8]);

impl Source for Far<'_> {
    #[inline(always)]
    fn word(self, at: usize) -> u64 {
        let Some(behind) = self.0.get(at..) else { return 0 };
        match behind.first_chunk() {
            Some(word) => difference(word),
            None => short(behind),
        }
    }

    fn long(self, at: usize) -> usize {
        let mut at = at;
        for _ in 0..8 {
            if at >= self.0.len() {
                return self.0.len();
            }
            let zeros = zero_bytes(self.word(at));
            if zeros != 0 {
                return at + (zeros.trailing_zeros() / 8) as usize;
            }
            at += WORD;
        }
        let rest = self.0.get(at..).unwrap_or_default();
        memchr::memchr(b'/', rest).map_or(self.0.len(), |length| at + length)
    }
}
