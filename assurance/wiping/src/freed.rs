//! Looks at every block of memory right before it is freed, by whomever: this program's `malloc`, `realloc`
//! and `free` stand before those of the C library, for Rust's allocator and for C alike.

use std::ffi::c_void;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use crate::needles;

unsafe extern "C" {
    // glibc's own, under the names that it keeps for programs that replace `malloc`.
    fn __libc_malloc(size: usize) -> *mut c_void;
    fn __libc_free(block: *mut c_void);
    fn malloc_usable_size(block: *mut c_void) -> usize;
}

/// Whether freed blocks are looked at; not while this program works for itself.
static WATCHING: AtomicBool = AtomicBool::new(false);
static BLOCKS: AtomicUsize = AtomicUsize::new(0);
static OCTETS: AtomicUsize = AtomicUsize::new(0);
static FRAGMENTS: AtomicUsize = AtomicUsize::new(0);
static FOUND: Mutex<Vec<Found>> = Mutex::new(Vec::new());

/// The folder of sealed-session.
static REPOSITORY: OnceLock<String> = OnceLock::new();

/// A secret in a block that was being freed.
pub struct Found {
    /// Which secret.
    pub name: &'static str,
    /// Octets of the block.
    pub size: usize,
    /// The places in the source that led there.
    pub trace: String,
}

/// What was seen while a piece of code ran.
pub struct Seen {
    /// The secrets in freed blocks.
    pub found: Vec<Found>,
    /// How many blocks were freed.
    pub blocks: usize,
    /// How large they were together.
    pub octets: usize,
    /// How many of them held a fragment of a secret, and no more.
    pub fragments: usize,
}

/// Takes a first backtrace, which sets up tables in static memory. Later it would copy unused parts of the
/// stack there, with whatever lies on it.
pub fn prepare() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    REPOSITORY.get_or_init(|| folder.display().to_string());
    trace();
}

/// Runs `work` and tells what it freed.
pub fn watching(work: impl FnOnce()) -> Seen {
    [&BLOCKS, &OCTETS, &FRAGMENTS].iter().for_each(|count| count.store(0, Ordering::Relaxed));
    WATCHING.store(true, Ordering::SeqCst);
    work();
    WATCHING.store(false, Ordering::SeqCst);
    Seen {
        found: FOUND.lock().map(|mut found| std::mem::take(&mut *found)).unwrap_or_default(),
        blocks: BLOCKS.load(Ordering::Relaxed),
        octets: OCTETS.load(Ordering::Relaxed),
        fragments: FRAGMENTS.load(Ordering::Relaxed),
    }
}

/// # Safety
/// As C's `free`.
#[unsafe(no_mangle)]
unsafe extern "C" fn free(block: *mut c_void) {
    // SAFETY: the caller hands over a block of the allocator, or none.
    unsafe {
        look(block);
        __libc_free(block);
    }
}

/// Hands out empty memory: what is found in a block was written by whoever had it last.
#[unsafe(no_mangle)]
extern "C" fn malloc(size: usize) -> *mut c_void {
    // SAFETY: a new block has at least `size` octets.
    unsafe {
        let new = __libc_malloc(size);
        if !new.is_null() {
            std::ptr::write_bytes::<u8>(new.cast(), 0, malloc_usable_size(new));
        }
        new
    }
}

/// Never grows a block where it is: whether it could is chance, and a secret would be left behind when not.
///
/// # Safety
/// As C's `realloc`.
#[unsafe(no_mangle)]
unsafe extern "C" fn realloc(block: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: the new block has `size` octets, and of the old one no more are copied than it has.
    unsafe {
        let new = malloc(size);
        if !block.is_null() && !new.is_null() {
            std::ptr::copy_nonoverlapping::<u8>(
                block.cast(),
                new.cast(),
                size.min(malloc_usable_size(block)),
            );
            free(block);
        }
        new
    }
}

/// Wipes what it has found: it is told once, not again when the memory is used anew.
///
/// # Safety
/// The block is one of the allocator's, or null, and nobody uses it any more.
unsafe fn look(block: *mut c_void) {
    if block.is_null() || !WATCHING.load(Ordering::Relaxed) {
        return;
    }
    // SAFETY: a block of the allocator has at least so many octets.
    let octets = unsafe { std::slice::from_raw_parts_mut(block.cast::<u8>(), malloc_usable_size(block)) };
    BLOCKS.fetch_add(1, Ordering::Relaxed);
    OCTETS.fetch_add(octets.len(), Ordering::Relaxed);
    let names = needles::names_in(octets);
    if names.any_copy() {
        // What follows allocates and frees, and must not look at itself.
        WATCHING.store(false, Ordering::SeqCst);
        note(names, octets.len());
        WATCHING.store(true, Ordering::SeqCst);
    }
    if names.any() {
        FRAGMENTS.fetch_add(usize::from(!names.any_copy()), Ordering::Relaxed);
        octets.fill(0);
    }
}

fn note(names: needles::Names, size: usize) {
    let trace = trace();
    let Ok(mut found) = FOUND.lock() else { return };
    found.extend(names.copies().map(|name| Found { name, size, trace: trace.clone() }));
}

/// Where in the crate that is judged it happened, innermost first.
fn trace() -> String {
    let full = std::backtrace::Backtrace::force_capture().to_string();
    let places = full.lines().filter_map(place);
    let mut places: Vec<&str> = places.take(4).collect();
    places.dedup();
    if places.is_empty() { "outside src/".to_owned() } else { places.join(" < ") }
}

/// The file and line, without the column, of a frame that lies in `src/` of sealed-session.
fn place(line: &str) -> Option<&str> {
    let path = line.trim().strip_prefix("at ")?;
    let root = REPOSITORY.get()?;
    let path = path.strip_prefix(root.as_str()).or_else(|| path.strip_prefix("./../"))?;
    let path = path.trim_start_matches('/');
    path.starts_with("src/").then(|| path.rsplit_once(':').map_or(path, |(line, _)| line))
}
