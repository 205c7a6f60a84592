//! Randomness: the operating system's generator, drawn anew for every salt, uid and root secret.
//!
//! No user-space generator stands in between: one that is seeded once would repeat its output across forked
//! workers, and a repeated salt under one sealing key is a repeated key stream and Poly1305 key.

use getrandom::SysRng;
use rand_core::TryRng;

/// Fills buffers with random bytes, or says that it cannot.
pub(crate) enum Entropy {
    /// The operating system's generator.
    System,
    /// What a caller of `hazmat` chose instead.
    #[cfg(feature = "hazmat")]
    Chosen(ChosenBytes),
}

/// Writes bytes into the buffer; `false` stands for a generator that failed.
#[cfg(feature = "hazmat")]
pub(crate) type ChosenBytes = Box<dyn Fn(&mut [u8]) -> bool + Send + Sync>;

/// The generator failed. There is no fallback.
#[derive(Debug)]
pub(crate) struct NoRandomness;

impl Entropy {
    /// `N` fresh bytes.
    pub(crate) fn fresh<const N: usize>(&self) -> Result<[u8; N], NoRandomness> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// Overwrites all of `out`.
    pub(crate) fn fill(&self, out: &mut [u8]) -> Result<(), NoRandomness> {
        match self {
            Self::System => SysRng.try_fill_bytes(out).map_err(|_| NoRandomness),
            #[cfg(feature = "hazmat")]
            Self::Chosen(write) => {
                if write(out) {
                    Ok(())
                } else {
                    Err(NoRandomness)
                }
            }
        }
    }
}
