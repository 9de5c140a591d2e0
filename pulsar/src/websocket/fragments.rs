//! Counts the frames that a message comes in.
//!
//! The library joins the frames of a message and tells nobody how many there were. An empty frame adds nothing to the
//! message, so that no limit in bytes ends a message of empty frames. This looks at the heads of the frames as their bytes
//! come by, and at nothing else.

/// How far the bytes have come, and how many frames the message has so far.
#[derive(Debug)]
pub(super) struct Fragments {
    most: u32,
    seen: u32,
    head: [u8; LONGEST_HEAD],
    /// Bytes of the head that are here.
    have: usize,
    /// Bytes of the frame behind its head that are still to come.
    rest: u64,
}

impl Fragments {
    pub(super) fn new(most: u32) -> Self {
        Self { most, seen: 0, head: [0; LONGEST_HEAD], have: 0, rest: 0 }
    }

    /// Looks at the next bytes. Gives where among them the frame begins that is one too many, if there is one.
    pub(super) fn look(&mut self, bytes: &[u8]) -> Result<(), usize> {
        let mut at = 0;
        while at < bytes.len() {
            if self.rest > 0 {
                let step = usize::try_from(self.rest).unwrap_or(usize::MAX).min(bytes.len() - at);
                at += step;
                self.rest -= step as u64;
                continue;
            }
            let begin = at.saturating_sub(self.have);
            self.head[self.have] = bytes[at];
            self.have += 1;
            at += 1;
            if self.have < self.head_length() {
                continue;
            }
            self.rest = self.payload_length();
            self.have = 0;
            let (last, opcode) = (self.head[0] & 0x80 != 0, self.head[0] & 0x0f);
            if opcode & 0x08 != 0 {
                continue; // A control frame may stand between the frames of a message and is no part of it.
            }
            if self.seen == self.most {
                return Err(begin);
            }
            self.seen = if last { 0 } else { self.seen + 1 };
        }
        Ok(())
    }

    fn head_length(&self) -> usize {
        if self.have < 2 {
            return 2;
        }
        let extended = match self.head[1] & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mask = if self.head[1] & 0x80 == 0 { 0 } else { 4 };
        2 + extended + mask
    }

    fn payload_length(&self) -> u64 {
        let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        match self.head[1] & 0x7f {
            126 => number(&self.head[2..4]),
            127 => number(&self.head[2..10]),
            short => u64::from(short),
        }
    }
}

const LONGEST_HEAD: usize = 14;

#[cfg(test)]
mod tests {
    use super::*;

    /// The frame of this first byte and length, masked as a client's.
    fn frame(first: u8, length: usize) -> Vec<u8> {
        let mut frame = match length {
            0..=125 => vec![first, 0x80 | u8::try_from(length).unwrap()],
            126..=0xffff => {
                let length = u16::try_from(length).unwrap().to_be_bytes();
                vec![first, 0xfe, length[0], length[1]]
            }
            _ => [&[first, 0xff][..], &(length as u64).to_be_bytes()].concat(),
        };
        frame.extend([7; 4]);
        // A payload that looks like heads.
        frame.extend(std::iter::repeat_n(1, length));
        frame
    }

    #[test]
    fn the_frame_that_is_one_too_many_is_found_wherever_the_bytes_are_cut() {
        let (text, more, last, ping, whole) = (0x01, 0x00, 0x80, 0x89, 0x82);
        for (frames, too_many) in [
            (&[(whole, 0), (whole, 5), (whole, 70_000)][..], None),
            (&[(text, 1), (more, 126), (last, 0), (text, 0), (more, 0), (last, 3)], None),
            (&[(text, 1), (ping, 4), (more, 0), (ping, 125), (ping, 0), (last, 200)], None),
            (&[(text, 1), (more, 0), (more, 0), (last, 0)], Some(3)),
            (&[(whole, 300), (text, 0), (more, 66_000), (ping, 2), (more, 0), (more, 0)], Some(5)),
        ] {
            let mut bytes = Vec::new();
            let mut expected = None;
            for (number, &(first, length)) in frames.iter().enumerate() {
                if Some(number) == too_many {
                    expected = Some(bytes.len());
                }
                bytes.extend(frame(first, length));
            }
            for size in [1, 2, 3, 7, 1024, bytes.len()] {
                let mut fragments = Fragments::new(3);
                let mut found = None;
                for (number, chunk) in bytes.chunks(size).enumerate() {
                    if let Err(at) = fragments.look(chunk) {
                        found = Some(number * size + at);
                        break;
                    }
                }
                match expected {
                    None => assert_eq!(found, None, "{frames:?} by {size}"),
                    // Of a head that began in an earlier chunk, only the rest can be held back.
                    Some(at) => {
                        let found = found.unwrap_or_else(|| panic!("{frames:?} by {size}"));
                        assert!(
                            (at..at + LONGEST_HEAD).contains(&found),
                            "{frames:?} by {size}: {found}, {at}"
                        );
                    }
                }
            }
        }
    }
}
