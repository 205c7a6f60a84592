//! Octets that are wiped when dropped.

/// An array that is wiped in one sweep. `zeroize` would write one octet at a time, which shows where every
/// token pays for it. It does not move once it is filled: a move leaves a copy behind.
pub(crate) struct Wiped<const N: usize>(pub(crate) [u8; N]);

impl<const N: usize> Drop for Wiped<N> {
    fn drop(&mut self) {
        self.0.fill(0);
        // Or the compiler may see that nobody reads it any more.
        zeroize::optimization_barrier(&self.0);
    }
}
