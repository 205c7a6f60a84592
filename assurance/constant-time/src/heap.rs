//! A heap whose blocks are known, so that secrets can be found in it, and all the rest be made public.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::memcheck;

/// More blocks than this program ever has at a time.
const MOST_BLOCKS: usize = 1 << 14;
/// More secrets than a store of these checks has on the heap.
const MOST_SECRETS: usize = 64;

/// The allocator of the whole program: the system's, with a list of its blocks.
pub struct Heap {
    blocks: List<MOST_BLOCKS>,
    secrets: List<MOST_SECRETS>,
    /// The size of block whose release says that an AEAD has returned; 0 for none.
    signal: AtomicUsize,
    /// The address below which the stack belongs to what waits for that release.
    stack_top: AtomicUsize,
    busy: AtomicBool,
}

#[global_allocator]
static HEAP: Heap = Heap {
    blocks: List::new(),
    secrets: List::new(),
    signal: AtomicUsize::new(0),
    stack_top: AtomicUsize::new(0),
    busy: AtomicBool::new(false),
};

/// Addresses and lengths, without an allocation.
struct List<const N: usize>(UnsafeCell<[(usize, usize); N]>, UnsafeCell<usize>);

// SAFETY: lists are used only while `Heap::busy` is held.
unsafe impl<const N: usize> Sync for List<N> {}

impl<const N: usize> List<N> {
    const fn new() -> Self {
        Self(UnsafeCell::new([(0, 0); N]), UnsafeCell::new(0))
    }

    /// # Safety
    /// Nobody else uses the list meanwhile.
    #[expect(clippy::mut_from_ref, reason = "an allocator is only ever shared")]
    unsafe fn parts(&self) -> (&mut [(usize, usize); N], &mut usize) {
        // SAFETY: the caller is alone.
        unsafe { (&mut *self.0.get(), &mut *self.1.get()) }
    }

    /// # Safety
    /// As [`parts`](Self::parts).
    unsafe fn push(&self, at: usize, len: usize) {
        // SAFETY: passed on.
        let (all, used) = unsafe { self.parts() };
        match all.get_mut(*used) {
            Some(free) => *free = (at, len),
            None => std::process::abort(),
        }
        *used += 1;
    }

    /// # Safety
    /// As [`parts`](Self::parts).
    unsafe fn remove(&self, at: usize) {
        // SAFETY: passed on.
        let (all, used) = unsafe { self.parts() };
        // The youngest block is the likeliest to go.
        if let Some(index) = all[..*used].iter().rposition(|(start, _)| *start == at) {
            *used -= 1;
            all[index] = all[*used];
        }
    }

    /// # Safety
    /// As [`parts`](Self::parts).
    unsafe fn all(&self) -> &[(usize, usize)] {
        // SAFETY: passed on.
        let (all, used) = unsafe { self.parts() };
        &all[..*used]
    }
}

impl Heap {
    /// Runs `then` while nobody else uses the lists.
    fn alone<T>(&self, then: impl FnOnce() -> T) -> T {
        while self.busy.swap(true, Ordering::Acquire) {
            std::hint::spin_loop();
        }
        let result = then();
        self.busy.store(false, Ordering::Release);
        result
    }

    /// Makes every block public, but for the secrets in them.
    ///
    /// # Safety
    /// Within [`alone`](Self::alone).
    unsafe fn publish(&self) {
        // SAFETY: passed on.
        let (blocks, secrets) = unsafe { (self.blocks.all(), self.secrets.all()) };
        blocks.iter().for_each(|&(at, len)| memcheck::public_at(at, len));
        secrets.iter().for_each(|&(at, len)| memcheck::secret_at(at, len));
    }

    /// Makes the stack public, from here to where [`publishing_at`] was called.
    fn publish_stack(&self) {
        let here = 0_u8;
        let bottom = &raw const here as usize;
        memcheck::public_at(bottom, self.stack_top.load(Ordering::Relaxed).saturating_sub(bottom));
    }
}

// SAFETY: every block comes from the system's allocator and goes back to it; the lists only take notes.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: passed on.
        let block = unsafe { System.alloc(layout) };
        // SAFETY: alone.
        self.alone(|| unsafe { self.blocks.push(block as usize, layout.size()) });
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.alone(|| {
            // SAFETY: alone.
            unsafe { self.blocks.remove(block as usize) };
            if layout.size() == self.signal.load(Ordering::Relaxed) {
                // SAFETY: alone.
                unsafe { self.publish() };
                self.publish_stack();
            }
        });
        // SAFETY: passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Finds the patterns on the heap and remembers where they are, in place of those found before. Returns how
/// often each was found.
pub fn find_secrets(patterns: &[patterns::Pattern]) -> Vec<usize> {
    let mut counts = vec![0; patterns.len()];
    memcheck::without_reports(|| {
        // SAFETY: `alone` says so; nothing is allocated in between.
        HEAP.alone(|| unsafe {
            *HEAP.secrets.parts().1 = 0;
            for (pattern, count) in patterns.iter().zip(&mut counts) {
                let own = pattern.bytes.as_ptr() as usize;
                for &(at, len) in HEAP.blocks.all().iter().filter(|(at, _)| *at != own) {
                    let block = std::slice::from_raw_parts(at as *const u8, len);
                    for offset in positions(block, &pattern.bytes) {
                        HEAP.secrets.push(at + offset, pattern.bytes.len());
                        *count += 1;
                    }
                }
            }
        });
    });
    memcheck::public(counts.as_slice());
    counts
}

fn positions<'a>(block: &'a [u8], pattern: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    block.windows(pattern.len()).enumerate().filter(move |(_, window)| *window == pattern).map(|(at, _)| at)
}

/// From here on, everything on the heap but the found secrets is public.
pub fn publish_all_but_secrets() {
    // SAFETY: alone.
    HEAP.alone(|| unsafe { HEAP.publish() });
}

/// Runs `then`; whenever it releases a block of `size` octets, everything on the heap but the secrets becomes
/// public, and so does everything that `then` has on the stack.
pub fn publishing_at<T>(size: usize, then: impl FnOnce() -> T) -> T {
    let here = 0_u8;
    HEAP.stack_top.store(&raw const here as usize, Ordering::Relaxed);
    HEAP.signal.store(size, Ordering::Relaxed);
    let result = then();
    HEAP.signal.store(0, Ordering::Relaxed);
    result
}
