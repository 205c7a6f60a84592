//! Randomness: the operating system's generator, drawn anew for every salt, uid and root secret.
//!
//! No user-space generator stands in between: one that is seeded once would repeat its output across forked
//! workers, and a repeated salt under one sealing key is a repeated key stream and Poly1305 key.

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
            Self::System => system(out),
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

fn system(out: &mut [u8]) -> Result<(), NoRandomness> {
    getrandom::fill(out).map_err(|_| NoRandomness)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::HashSet;
    use std::sync::mpsc::{Sender, channel};
    use std::thread;

    use super::*;

    fn draw() -> [u8; 24] {
        Entropy::System.fresh().unwrap()
    }

    #[test]
    fn what_is_drawn_never_comes_again_in_this_thread_or_another() {
        let threads: Vec<_> =
            (0..8).map(|_| thread::spawn(|| (0..1_000).map(|_| draw()).collect::<Vec<_>>())).collect();
        let drawn: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(drawn.iter().collect::<HashSet<_>>().len(), 8_000);
        assert!(
            (0..24).all(|at| drawn.iter().any(|octets| octets[at] != drawn[0][at])),
            "all of it is drawn"
        );
    }

    #[test]
    fn any_number_of_octets_is_drawn() {
        for len in 0..1_000 {
            let mut octets = vec![0; len];
            Entropy::System.fill(&mut octets).unwrap();
            // Of 32 octets not one is other than zero once in 2^256.
            assert!(octets.chunks_exact(32).all(|octets| octets.iter().any(|&octet| octet != 0)), "{len}");
        }
    }

    #[test]
    fn a_thread_draws_until_it_is_gone() {
        struct AtTheEnd(Sender<[u8; 24]>);
        impl Drop for AtTheEnd {
            fn drop(&mut self) {
                self.0.send(draw()).unwrap();
            }
        }
        thread_local! {
            static BEFORE: Cell<Option<AtTheEnd>> = const { Cell::new(None) };
            static AFTER: Cell<Option<AtTheEnd>> = const { Cell::new(None) };
        }
        let (sender, receiver) = channel();
        thread::spawn(move || {
            BEFORE.set(Some(AtTheEnd(sender.clone())));
            sender.send(draw()).unwrap();
            AFTER.set(Some(AtTheEnd(sender)));
        })
        .join()
        .unwrap();
        assert_eq!(receiver.iter().collect::<HashSet<_>>().len(), 3);
    }
}
