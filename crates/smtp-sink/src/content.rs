//! The mail itself, after DATA: dots unstuffed, size bounded, ended by a line with one dot.

use std::io;

use crate::wire::Wire;

/// How much of a line is read at once. Lines may be longer than RFC 5321's 1,000 bytes.
const PIECE: usize = 64 * 1024;

/// What came after DATA.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Whole(Vec<u8>),
    /// More than allowed; it was read to its end and dropped.
    TooLarge,
    /// The client has closed the connection.
    CutOff,
}

/// Reads to the closing dot.
pub(crate) async fn read(wire: &mut Wire, max_bytes: usize) -> io::Result<Content> {
    let mut content = Vec::new();
    let mut too_large = false;
    let mut line_start = true;
    // A long line may be cut between the two bytes of its end.
    let mut after_return = false;
    loop {
        let piece = wire.piece(PIECE).await?;
        if piece.is_empty() {
            return Ok(Content::CutOff);
        }
        let mut bytes = piece.as_slice();
        if line_start {
            if bytes == b".\r\n" {
                return Ok(if too_large { Content::TooLarge } else { Content::Whole(content) });
            }
            bytes = bytes.strip_prefix(b".").unwrap_or(bytes);
        }
        // A bare line feed ends no line: otherwise a second message could be smuggled in one.
        line_start = bytes.ends_with(b"\r\n") || (after_return && bytes == b"\n");
        after_return = bytes.ends_with(b"\r");
        too_large |= content.len() + bytes.len() > max_bytes;
        if too_large {
            content = Vec::new();
        } else {
            content.extend_from_slice(bytes);
        }
    }
}
