//! The secrets that are looked for. They are kept masked, so that the search does not find itself, and in
//! pieces of eight octets, so that it finds what is left of a copy that was overwritten in part.

use std::sync::atomic::{AtomicPtr, Ordering};

/// Hides the pieces; any number will do.
const MASK: u64 = 0x9E37_79B9_7F4A_7C15;
/// More kinds of secret than there are.
const MOST_NAMES: usize = 32;
/// Bits of the index into the filter.
const FILTER_BITS: u32 = 16;

static NEEDLES: AtomicPtr<Needles> = AtomicPtr::new(std::ptr::null_mut());

#[derive(Default)]
struct Needles {
    names: Vec<&'static str>,
    /// In the order of their masked octets.
    pieces: Vec<Piece>,
    /// One bit for every piece, so that a look at memory seldom costs a search.
    filter: Vec<u64>,
}

/// Eight octets of a secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Piece {
    masked: u64,
    /// What follows it in a copy; the last piece of a secret has nothing.
    next: Option<u64>,
    /// The index of the secret's name.
    name: usize,
}

/// How often each kind of secret was found as a copy, which is 16 octets or more; and pieces of all kinds,
/// also such as stand alone. Values are moved with their unused octets, and those may hold what lay on the
/// stack before, so single pieces come and go with the compiler.
#[derive(Clone, Copy, Default)]
pub struct Names {
    copies: [u32; MOST_NAMES],
    pieces: u32,
}

impl Names {
    /// Whether anything was found, be it a fragment.
    pub fn any(&self) -> bool {
        self.pieces > 0
    }

    /// Whether a copy of anything was.
    pub fn any_copy(&self) -> bool {
        self.copies().next().is_some()
    }

    /// The kinds of which a copy was.
    pub fn copies(&self) -> impl Iterator<Item = &'static str> {
        let names = &current().names;
        self.copies.into_iter().zip(names).filter(|(count, _)| *count > 0).map(|(_, name)| *name)
    }

    /// Whether a copy of this kind was.
    pub fn has(&self, name: &str) -> bool {
        self.copies().any(|found| found == name)
    }

    /// What both have found.
    pub fn add(&mut self, other: &Self) {
        self.copies.iter_mut().zip(other.copies).for_each(|(count, more)| *count += more);
        self.pieces += other.pieces;
    }
}

/// The masked pieces of a secret; a rest of fewer than eight octets is left out.
pub fn masked(secret: &[u8]) -> Vec<u64> {
    secret.as_chunks::<8>().0.iter().map(|piece| u64::from_ne_bytes(*piece) ^ MASK).collect()
}

/// Looks for this secret as well from now on.
pub fn add(name: &'static str, secret: &[u64]) {
    let old = current();
    let mut names = old.names.clone();
    let index = names.iter().position(|known| *known == name).unwrap_or(names.len());
    if index == names.len() {
        assert!(index < MOST_NAMES, "too many kinds of secret");
        names.push(name);
    }
    let mut pieces = old.pieces.clone();
    let nexts = secret.iter().skip(1).copied().map(Some).chain([None]);
    pieces.extend(secret.iter().zip(nexts).map(|(&masked, next)| Piece { masked, next, name: index }));
    pieces.sort_unstable();
    let mut filter = vec![0; 1 << (FILTER_BITS - 6)];
    for piece in &pieces {
        let bit = hash(piece.masked);
        filter[bit >> 6] |= 1 << (bit & 63);
    }
    // The old ones stay: something may be looking at them.
    NEEDLES.store(Box::leak(Box::new(Needles { names, pieces, filter })), Ordering::SeqCst);
}

/// All kinds, and how many pieces there are of all together.
pub fn known() -> (Vec<&'static str>, usize) {
    (current().names.clone(), current().pieces.len())
}

/// What of it lies in these octets, at any offset.
pub fn names_in(octets: &[u8]) -> Names {
    let needles = current();
    let mut names = Names::default();
    if needles.pieces.is_empty() {
        return names;
    }
    for at in 0..octets.len().saturating_sub(7) {
        let Some(masked) = masked_at(octets, at) else { break };
        let bit = hash(masked);
        if needles.filter[bit >> 6] & 1 << (bit & 63) != 0 {
            let from = needles.pieces.partition_point(|piece| piece.masked < masked);
            for piece in needles.pieces[from..].iter().take_while(|piece| piece.masked == masked) {
                names.pieces += 1;
                let whole = piece.next.is_some() && piece.next == masked_at(octets, at + 8);
                names.copies[piece.name] += u32::from(whole);
            }
        }
    }
    names
}

fn masked_at(octets: &[u8], at: usize) -> Option<u64> {
    octets.get(at..)?.first_chunk().map(|word| u64::from_ne_bytes(*word) ^ MASK)
}

fn current() -> &'static Needles {
    static NONE: Needles = Needles { names: Vec::new(), pieces: Vec::new(), filter: Vec::new() };
    // SAFETY: what the pointer shows was leaked, and is never changed.
    unsafe { NEEDLES.load(Ordering::SeqCst).as_ref() }.unwrap_or(&NONE)
}

fn hash(masked: u64) -> usize {
    (masked.wrapping_mul(0xD6E8_FEB8_6659_FD93) >> (64 - FILTER_BITS)) as usize
}
