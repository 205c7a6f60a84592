//! The operating system's generator without a system call (feature `vdso`). From Linux 6.11 on the kernel lends it to
//! processes: code of the kernel's, in its vDSO, draws from states that the kernel seeds, has drawn anew whenever it
//! seeds itself (a restored machine among the reasons), and wipes in a forked process. glibc 2.41 uses it by itself.

use std::cell::RefCell;
use std::sync::LazyLock;

use vdso_rng::{LocalState, Pool};

use super::NoRandomness;

/// The states of this process; `None` where the kernel lends nothing.
static POOL: LazyLock<Option<Pool>> = LazyLock::new(|| Pool::new().ok());

thread_local! {
    /// The state of this thread, which goes back to the others when it ends.
    static STATE: RefCell<Option<LocalState<'static>>> =
        RefCell::new(POOL.as_ref().and_then(|pool| LocalState::new(pool).ok()));
}

/// Overwrites all of `out`; `None` where there is nothing lent, and the generator is to be asked by a system call: on
/// an older kernel, and at the very end of a thread.
pub(super) fn fill(out: &mut [u8]) -> Option<Result<(), NoRandomness>> {
    let fill = |state: &RefCell<Option<LocalState<'static>>>| {
        let mut state = state.try_borrow_mut().ok()?;
        Some(state.as_mut()?.fill(out, 0).map_err(|_| NoRandomness))
    };
    STATE.try_with(fill).ok().flatten()
}
