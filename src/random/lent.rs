//! The operating system's generator without a system call (feature `vdso`). From Linux 6.11 on the kernel lends it to
//! processes: code of the kernel's, in its vDSO, draws from states that the kernel seeds, has drawn anew whenever it
//! seeds itself (a restored machine among the reasons), and wipes in a forked process. glibc 2.41 uses it by itself.

use std::cell::RefCell;
use std::sync::LazyLock;

use vdso_rng::{LocalState, Pool};

/// The states of this process; `None` where the kernel lends nothing.
static POOL: LazyLock<Option<Pool>> = LazyLock::new(|| Pool::new().ok());

thread_local! {
    /// The state of this thread, which goes back to the others when it ends.
    static STATE: RefCell<Option<LocalState<'static>>> =
        RefCell::new(POOL.as_ref().and_then(|pool| LocalState::new(pool).ok()));
}

/// Overwrites all of `out`, and says whether it has. If not, the generator is to be asked by a system call: on an older
/// kernel, at the very end of a thread, and where there was no memory for a state.
pub(super) fn fill(out: &mut [u8]) -> bool {
    let fill = |state: &RefCell<Option<LocalState<'static>>>| {
        let mut state = state.try_borrow_mut().ok()?;
        state.as_mut()?.fill(out, 0).ok()
    };
    STATE.try_with(fill).ok().flatten().is_some()
}
