//! What has to hold for every frame that a client sends.

// That is what a check does when something does not hold.
#![allow(clippy::missing_panics_doc)]

use std::io::Cursor;

use tungstenite::protocol::frame::{
    FrameHeader,
    coding::{Data, OpCode},
};

use super::fragments::Fragments;

/// How many frames of a message are let pass, then frames: the one that is too many is found, where the library finds it, however
/// the bytes are cut.
pub fn websocket_fragments(data: &[u8]) {
    let Some((most, frames)) = data.split_first() else { return };
    let most = u32::from(most % 8);
    let expected = naive(frames, most);
    for size in [1, 2, 3, 5, 14, frames.len().max(1)] {
        let mut fragments = Fragments::new(most);
        let mut seen = 0;
        let found = frames.chunks(size).find_map(|piece| {
            let found = fragments.look(piece).err().map(|at| seen + at);
            seen += piece.len();
            found
        });
        // Of a frame whose head began in an earlier piece, only where its piece begins can be told.
        let told =
            expected.map(
                |(begin, end)| if begin / size == (end - 1) / size { begin } else { (end - 1) / size * size },
            );
        assert_eq!(found, told, "in pieces of {size}");
    }
}

/// Where the head of the frame begins and ends that is one too many, as the library reads frames.
fn naive(frames: &[u8], most: u32) -> Option<(usize, usize)> {
    let (mut begin, mut seen) = (0, 0);
    while begin < frames.len() {
        // Whatever the bits mean, they do not change the length.
        let mut rest = frames[begin..].to_vec();
        let (is_last, opcode) = (rest[0] & 0x80 != 0, rest[0] & 0x0f);
        rest[0] = 0x82;
        let mut cursor = Cursor::new(&rest);
        let (header, length) = FrameHeader::parse(&mut cursor).ok().flatten()?;
        assert_eq!(header.opcode, OpCode::Data(Data::Binary));
        let head = usize::try_from(cursor.position()).ok()?;
        if opcode & 0x08 == 0 {
            if seen == most {
                return Some((begin, begin + head));
            }
            seen = if is_last { 0 } else { seen + 1 };
        }
        begin = begin.saturating_add(head).saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
    }
    None
}
