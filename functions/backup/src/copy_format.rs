//! The two forms of `COPY` data, as far as rows must be told apart.

use crate::{fingerprint::RowSum, manifest::RowFormat};
use std::io::{self, BufRead, Read};

/// What binary `COPY` begins with: signature, flags and the length of an extension, both zero.
pub const BINARY_HEADER: &[u8; 19] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What it ends with: a row of -1 fields.
pub const BINARY_TRAILER: &[u8; 2] = b"\xff\xff";

/// A message of a binary `COPY` without the header and the trailer that the server puts around the rows.
pub fn without_framing(message: &[u8]) -> &[u8] {
    let row = message.strip_prefix(BINARY_HEADER).unwrap_or(message);
    if row == BINARY_TRAILER { &[] } else { row }
}

/// Sums the rows of a chunk's plain bytes.
pub fn sum_rows(mut plain: impl BufRead, format: RowFormat) -> io::Result<RowSum> {
    match format {
        RowFormat::Text => sum_text(&mut plain),
        RowFormat::Binary => sum_binary(&mut plain),
    }
}

/// In text every line feed ends a row: those inside values are escaped.
fn sum_text(plain: &mut impl BufRead) -> io::Result<RowSum> {
    let (mut sum, mut row) = (RowSum::default(), Vec::new());
    while plain.read_until(b'\n', &mut row)? > 0 {
        if row.last() != Some(&b'\n') {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the last row has no end",
            ));
        }
        sum.add_row(&row);
        row.clear();
    }
    Ok(sum)
}

/// A row is a count of fields, and for each field its length (-1 for null) and its bytes.
fn sum_binary(plain: &mut impl Read) -> io::Result<RowSum> {
    let mut header = [0; BINARY_HEADER.len()];
    plain.read_exact(&mut header)?;
    if &header != BINARY_HEADER {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "it does not begin as binary COPY does",
        ));
    }
    let (mut sum, mut row) = (RowSum::default(), Vec::new());
    loop {
        let mut count = [0; 2];
        plain.read_exact(&mut count)?;
        if &count == BINARY_TRAILER {
            return Ok(sum);
        }
        row.clear();
        row.extend_from_slice(&count);
        for _ in 0..u16::from_be_bytes(count) {
            let mut length = [0; 4];
            plain.read_exact(&mut length)?;
            row.extend_from_slice(&length);
            if let Ok(length) = u64::try_from(i32::from_be_bytes(length)) {
                let read = plain.by_ref().take(length).read_to_end(&mut row)?;
                if read as u64 != length {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
        }
        sum.add_row(&row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_rows_end_at_line_feeds() {
        let sum = sum_rows(&b"1\ta\\nb\n2\tc\n\n"[..], RowFormat::Text).unwrap();
        let mut expected = RowSum::default();
        for row in [&b"1\ta\\nb\n"[..], b"2\tc\n", b"\n"] {
            expected.add_row(row);
        }
        assert_eq!(sum, expected);
        assert!(sum_rows(&b"1\n2"[..], RowFormat::Text).is_err());
    }

    #[test]
    fn binary_rows_are_told_apart_by_their_lengths() {
        let row = [&[0, 2][..], &[0, 0, 0, 1], b"x", &[255, 255, 255, 255]].concat();
        let plain = [&BINARY_HEADER[..], &row, &row, BINARY_TRAILER].concat();
        let sum = sum_rows(&plain[..], RowFormat::Binary).unwrap();
        let mut expected = RowSum::default();
        expected.add_row(&row);
        expected.add_row(&row);
        assert_eq!(sum, expected);
        assert!(sum_rows(&plain[..plain.len() - 4], RowFormat::Binary).is_err());
        assert!(sum_rows(&b"PGCOPX"[..], RowFormat::Binary).is_err());
    }

    #[test]
    fn the_servers_framing_is_taken_off() {
        assert_eq!(
            without_framing(&[&BINARY_HEADER[..], b"row"].concat()),
            b"row"
        );
        assert!(without_framing(BINARY_HEADER).is_empty());
        assert!(without_framing(BINARY_TRAILER).is_empty());
        assert_eq!(without_framing(b"row"), b"row");
    }
}
