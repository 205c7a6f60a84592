//! Lines from standard input, in constant memory however many and however long they are.

use std::io::{self, BufRead, BufReader, Read, StdinLock};

const BUFFER: usize = 1 << 16;

/// The longest end of a line.
const END: &[u8] = b"\r\n";

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Reads lines of at most `max_len` bytes.
pub(crate) struct Lines<R> {
    input: BufReader<R>,
    max_len: usize,
    line: Vec<u8>,
    /// Number of the last line that was read, from 1.
    pub(crate) number: u64,
    /// Bytes read so far, for the progress bar.
    pub(crate) bytes: u64,
}

/// A line without its end, or the fact that it is too long.
pub(crate) enum Line<'a> {
    Whole(&'a [u8]),
    TooLong,
}

impl Lines<StdinLock<'static>> {
    pub(crate) fn of_stdin(max_len: usize) -> Self {
        Self::new(io::stdin().lock(), max_len)
    }
}

impl<R: Read> Lines<R> {
    fn new(input: R, max_len: usize) -> Self {
        let input = BufReader::with_capacity(BUFFER, input);
        Self { input, max_len, line: Vec::new(), number: 0, bytes: 0 }
    }

    /// Whether the next line may have to be waited for, so that what was answered should be sent first.
    pub(crate) fn would_wait(&self) -> bool {
        !self.input.buffer().contains(&b'\n')
    }

    /// The next line, if there is one. `\n` or `\r\n` ends it, and the last one may do without. A byte order mark before
    /// the first line, as editors on Windows write it, is no part of it.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let mark = if self.number == 0 { BYTE_ORDER_MARK } else { b"" };
        let limit = mark.len() + self.max_len + END.len();
        let read = self.input.by_ref().take(limit as u64).read_until(b'\n', &mut self.line)?;
        if read == 0 || self.line == mark {
            self.bytes += read as u64;
            return Ok(None);
        }
        self.number += 1;
        self.bytes += read as u64;
        if read == limit && !self.line.ends_with(b"\n") {
            self.skip_rest()?;
        }
        let line = without_end(self.line.strip_prefix(mark).unwrap_or(&self.line));
        Ok(Some(if line.len() > self.max_len { Line::TooLong } else { Line::Whole(line) }))
    }

    fn skip_rest(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.input.fill_buf()?;
            let end = buffer.iter().position(|&octet| octet == b'\n');
            let skipped = end.map_or(buffer.len(), |at| at + 1);
            let at_end = end.is_some() || buffer.is_empty();
            self.input.consume(skipped);
            self.bytes += skipped as u64;
            if at_end {
                return Ok(());
            }
        }
    }
}

fn without_end(line: &[u8]) -> &[u8] {
    let Some(line) = line.strip_suffix(b"\n") else { return line };
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(input: &[u8], max_len: usize) -> Vec<Option<String>> {
        let mut lines = Lines::new(input, max_len);
        let mut found = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            found.push(match line {
                Line::Whole(line) => Some(String::from_utf8(line.to_vec()).unwrap()),
                Line::TooLong => None,
            });
        }
        assert_eq!(lines.bytes, input.len() as u64);
        assert_eq!(lines.number, found.len() as u64);
        found
    }

    #[test]
    fn the_last_line_may_do_without_an_end() {
        assert_eq!(all(b"a\n\nb", 5), [Some("a".into()), Some(String::new()), Some("b".into())]);
        assert_eq!(all(b"a\n", 5), [Some("a".into())]);
        assert!(all(b"", 5).is_empty());
    }

    #[test]
    fn windows_line_ends_are_no_part_of_a_line_and_other_carriage_returns_are() {
        assert_eq!(all(b"a\r\n\r\nb\r\r\n\rc\r", 5), ["a", "", "b\r", "\rc\r"].map(|line| Some(line.into())));
        assert_eq!(all(b"12345\r\n123456\r\n12345\r", 5), [Some("12345".into()), None, None]);
    }

    #[test]
    fn a_byte_order_mark_is_skipped_before_the_first_line_alone() {
        let mark = "\u{feff}";
        assert_eq!(
            all(format!("{mark}a\n{mark}b").as_bytes(), 5),
            [Some("a".into()), Some(format!("{mark}b"))]
        );
        assert_eq!(all(format!("{mark}{mark}").as_bytes(), 5), [Some(mark.into())]);
        assert!(all(mark.as_bytes(), 5).is_empty());
    }

    #[test]
    fn a_byte_order_mark_does_not_count_and_may_come_in_pieces() {
        assert_eq!(
            all("\u{feff}12345\r\n\u{feff}12\n".as_bytes(), 5),
            [Some("12345".into()), Some("\u{feff}12".into())]
        );
        assert_eq!(all("\u{feff}123456".as_bytes(), 5), [None]);
        let pieces = b"\xef".chain(&b"\xbb"[..]).chain(&b"\xbfa\nb"[..]);
        let mut lines = Lines::new(pieces, 5);
        assert!(matches!(lines.next().unwrap(), Some(Line::Whole(b"a"))));
        assert!(matches!(lines.next().unwrap(), Some(Line::Whole(b"b"))));
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped_whole() {
        assert_eq!(all(b"12345\n123456\nx\n", 5), [Some("12345".into()), None, Some("x".into())]);
        assert_eq!(all(b"123456", 5), [None]);
        assert_eq!(all(b"12345", 5), [Some("12345".into())]);
    }
}
