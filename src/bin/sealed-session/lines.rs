//! Lines from standard input, in constant memory however many and however long they are.

use std::io::{self, BufRead, BufReader, Read, StdinLock};

const BUFFER: usize = 1 << 16;

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

    /// The next line, if there is one. Only `\n` ends a line, and the last one may do without.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let limit = self.max_len as u64 + 1;
        let read = self.input.by_ref().take(limit).read_until(b'\n', &mut self.line)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.bytes += read as u64;
        match self.line.strip_suffix(b"\n") {
            Some(_) => {
                self.line.pop();
                Ok(Some(Line::Whole(&self.line)))
            }
            None if read <= self.max_len => Ok(Some(Line::Whole(&self.line))),
            None => {
                self.skip_rest()?;
                Ok(Some(Line::TooLong))
            }
        }
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
    fn a_line_that_is_too_long_is_skipped_whole() {
        assert_eq!(all(b"12345\n123456\nx\n", 5), [Some("12345".into()), None, Some("x".into())]);
        assert_eq!(all(b"123456", 5), [None]);
        assert_eq!(all(b"12345", 5), [Some("12345".into())]);
    }
}
