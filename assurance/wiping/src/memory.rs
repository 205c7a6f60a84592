//! All memory of this process that can be written to, by kind.

use crate::needles::{Names, names_in};

/// What lies in memory now.
#[derive(Default)]
pub struct Picture {
    /// On the heap, freed blocks included, and wherever else the allocator got memory from.
    pub heap: Names,
    /// On the stack, dead frames included.
    pub stack: Names,
}

/// Looks through all of it.
pub fn picture() -> Picture {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux shows a process its memory");
    let mut picture = Picture::default();
    for line in maps.lines() {
        let Some((range, kind)) = writable(line) else { continue };
        // SAFETY: the range is mapped and may be read, and no other thread runs that could unmap it.
        let octets = unsafe { std::slice::from_raw_parts(range.start as *const u8, range.len()) };
        let place = if kind == "[stack]" { &mut picture.stack } else { &mut picture.heap };
        place.add(&names_in(octets));
    }
    picture
}

/// The addresses and the name of a mapping that can be read and written.
fn writable(line: &str) -> Option<(std::ops::Range<usize>, &str)> {
    let mut fields = line.split_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    let usable = fields.next()?.starts_with("rw");
    let range = usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?;
    usable.then_some((range, fields.nth(3).unwrap_or_default()))
}
