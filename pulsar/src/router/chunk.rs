//! What stands in sixteen bytes of a path: a bit for each slash, and whether there is a `%`.
//!
//! Processors of the family x86-64 compare all of them with one instruction. For others there is arithmetic on words of eight
//! bytes, with the same results; the compiler makes vector instructions of neither a loop nor of that.

// A call costs more than most of what is called for each segment.
#![allow(clippy::inline_always)]

#[cfg(target_arch = "x86_64")]
pub(super) use self::vector::Percents;
#[cfg(not(target_arch = "x86_64"))]
pub(super) use self::words::Percents;

/// How many bytes are looked at together.
pub(super) const CHUNK: usize = 16;

#[cfg(target_arch = "x86_64")]
mod vector {
    //! With SSE2, which all processors of x86-64 have.

    use safe_arch::{
        bitor_m128i, cmp_eq_mask_i8_m128i, m128i, move_mask_i8_m128i, set_splat_i8_m128i, zeroed_m128i,
    };

    /// Which bytes were a `%`, as bytes that have all bits.
    #[derive(Clone, Copy)]
    pub(crate) struct Percents(m128i);

    impl Percents {
        #[inline(always)]
        pub(crate) fn none() -> Self {
            Self(zeroed_m128i())
        }

        #[inline(always)]
        pub(crate) fn any(self) -> bool {
            move_mask_i8_m128i(self.0) != 0
        }

        /// A bit for each slash of a chunk, whose `%` are added.
        #[inline(always)]
        pub(crate) fn slashes(&mut self, chunk: &[u8; 16]) -> u32 {
            let chunk = m128i::from(*chunk);
            let are = |byte: u8| cmp_eq_mask_i8_m128i(chunk, set_splat_i8_m128i(byte.cast_signed()));
            self.0 = bitor_m128i(self.0, are(b'%'));
            move_mask_i8_m128i(are(b'/')).cast_unsigned()
        }
    }
}

#[cfg(any(test, not(target_arch = "x86_64")))]
mod words {
    //! Without vectors.

    const LOWEST: u64 = 0x0101_0101_0101_0101;
    const HIGHEST: u64 = LOWEST << 7;

    /// Whether bytes were a `%`, as the highest bits of bytes.
    #[derive(Clone, Copy)]
    pub(crate) struct Percents(u64);

    impl Percents {
        #[inline(always)]
        pub(crate) fn none() -> Self {
            Self(0)
        }

        #[inline(always)]
        pub(crate) fn any(self) -> bool {
            self.0 != 0
        }

        /// A bit for each slash of a chunk, whose `%` are added.
        #[inline(always)]
        pub(crate) fn slashes(&mut self, chunk: &[u8; 16]) -> u32 {
            let (words, _) = chunk.as_chunks();
            words.iter().rev().fold(0, |slashes, word| {
                let word = u64::from_le_bytes(*word);
                self.0 |= are(word, b'%');
                (slashes << 8) | mask(are(word, b'/'))
            })
        }
    }

    /// The highest bit of each byte that is this one. No byte carries into the next.
    #[inline(always)]
    fn are(word: u64, byte: u8) -> u64 {
        let differs = word ^ (LOWEST * u64::from(byte));
        !(((differs & !HIGHEST) + !HIGHEST) | differs) & HIGHEST
    }

    /// The highest bits of the bytes, next to one another.
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation)] // eight bits
    fn mask(highest: u64) -> u32 {
        /// Moves the bit of each byte to a place of its own in the highest byte.
        const GATHER: u64 = 0x0102_0408_1020_4080;
        ((highest >> 7).wrapping_mul(GATHER) >> 56) as u32
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{CHUNK, Percents, words};

    /// A bit for each of these bytes.
    fn bits(chunk: &[u8; CHUNK], byte: u8) -> u32 {
        (0..CHUNK).filter(|at| chunk[*at] == byte).fold(0, |bits, at| bits | 1 << at)
    }

    /// Bytes that differ from those that are looked for in one bit, or are next to them, and any.
    fn byte() -> impl Strategy<Value = u8> {
        prop_oneof![
            Just(b'/'),
            Just(b'%'),
            (0_u32..8).prop_map(|bit| b'/' ^ (1 << bit)),
            (0_u32..8).prop_map(|bit| b'%' ^ (1 << bit)),
            Just(b'/' - 1),
            Just(b'%' + 1),
            any::<u8>(),
        ]
    }

    proptest! {
        #[test]
        fn both_ways_find_the_same(chunks in prop::collection::vec(prop::array::uniform16(byte()), 1..4)) {
            let (mut percents, mut seen) = (Percents::none(), words::Percents::none());
            for chunk in &chunks {
                prop_assert_eq!(percents.slashes(chunk), bits(chunk, b'/'));
                prop_assert_eq!(seen.slashes(chunk), bits(chunk, b'/'));
            }
            let any = chunks.iter().flatten().any(|byte| *byte == b'%');
            prop_assert_eq!(percents.any(), any);
            prop_assert_eq!(seen.any(), any);
        }
    }

    #[test]
    fn each_byte_has_its_bit() {
        for at in 0..CHUNK {
            for byte in 0..=u8::MAX {
                for rest in [0, 0x80, 0xFF, b'/' + 1, b'%' - 1] {
                    let mut chunk = [rest; CHUNK];
                    chunk[at] = byte;
                    let (mut percents, mut seen) = (Percents::none(), words::Percents::none());
                    let slashes = if byte == b'/' { 1 << at } else { 0 };
                    assert_eq!(percents.slashes(&chunk), slashes, "{chunk:?}");
                    assert_eq!(seen.slashes(&chunk), slashes, "{chunk:?}");
                    assert_eq!([percents.any(), seen.any()], [byte == b'%'; 2], "{chunk:?}");
                }
            }
        }
    }
}
