//! The answer of a backend that is still to come.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use tokio::runtime::{Handle, RuntimeFlavor};

use super::BackendError;
use super::deadlines::Waits;

/// What a backend will answer. The work is on its way already; dropping this does not call it off.
///
/// It has two doors, and neither blocks a worker of an async runtime: `.await` it, or [`wait`](Self::wait) for it
/// where there is no runtime.
///
/// ```
/// use sealed_session::SessionUid;
/// use sealed_session::revocation::{Revocation, Revocations};
///
/// let revocations = Revocations::in_memory();
/// let revocation = Revocation::Session { uid: SessionUid::from_bytes([7; 16]), until_ms: u64::MAX };
/// revocations.revoke(revocation).wait()?;
/// assert_eq!(revocations.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "what was asked for may fail: await it, or wait for it"]
pub struct Pending<T>(Arc<Shared<T>>);

/// The other end of a [`Pending`]. One that is dropped unanswered answers that the backend has stopped.
pub(super) struct Answer<T>(Arc<Shared<T>>);

struct Shared<T> {
    state: Mutex<State<T>>,
    there: Condvar,
}

enum State<T> {
    Waiting(Option<Waker>),
    Done(Result<T, BackendError>),
    Taken,
}

impl<T> Pending<T> {
    pub(super) fn new() -> (Self, Answer<T>) {
        let shared = Arc::new(Shared { state: Mutex::new(State::Waiting(None)), there: Condvar::new() });
        (Self(Arc::clone(&shared)), Answer(shared))
    }

    pub(crate) fn done(result: Result<T, BackendError>) -> Self {
        let (pending, answer) = Self::new();
        answer.give(result);
        pending
    }

    /// Whether it is there, and all went well.
    pub(crate) fn is_done(&self) -> bool {
        matches!(*self.0.lock(), State::Done(Ok(_)))
    }

    /// Waits for the answer on this thread.
    ///
    /// On a worker of tokio's multi-threaded runtime the others of its tasks go on elsewhere meanwhile. On the only
    /// thread of a current-thread runtime nothing could go on, so that is an error.
    ///
    /// # Errors
    /// [`BackendError`]: what the backend says, or that this thread must not wait. The work is done all the same.
    pub fn wait(self) -> Result<T, BackendError> {
        if let Some(result) = self.0.take() {
            return result;
        }
        check_may_wait()?;
        match Handle::try_current() {
            Err(_) => self.0.wait(),
            Ok(_) => tokio::task::block_in_place(|| self.0.wait()),
        }
    }
}

/// Whether this thread may wait: not if it is the only one of an async runtime.
pub(super) fn check_may_wait() -> Result<(), BackendError> {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Err(_) | Ok(RuntimeFlavor::MultiThread) => Ok(()),
        Ok(_) => Err(BackendError::new(
            "the answer of the backend of revocations cannot be waited for on the only thread of an async runtime, \
             which it would block: await it instead",
        )),
    }
}

impl<T> Future for Pending<T> {
    type Output = Result<T, BackendError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.lock();
        match std::mem::replace(&mut *state, State::Taken) {
            State::Done(result) => Poll::Ready(result),
            State::Waiting(_) => {
                *state = State::Waiting(Some(cx.waker().clone()));
                Poll::Pending
            }
            State::Taken => Poll::Ready(Err(taken())),
        }
    }
}

impl<T> Answer<T> {
    /// Whether nobody was told anything else yet.
    pub(super) fn is_awaited(&self) -> bool {
        matches!(*self.0.lock(), State::Waiting(_))
    }

    pub(super) fn give(self, result: Result<T, BackendError>) {
        self.0.put(result);
    }
}

impl<T: Send + 'static> Answer<T> {
    /// Who waits for it.
    pub(super) fn waits(&self) -> Weak<dyn Waits> {
        let shared: Arc<dyn Waits> = Arc::clone(&self.0) as _;
        Arc::downgrade(&shared)
    }
}

impl<T: Send> Waits for Shared<T> {
    fn tell(&self, error: BackendError) {
        self.put(Err(error));
    }
}

impl<T> Drop for Answer<T> {
    fn drop(&mut self) {
        self.0.put(Err(BackendError::new(
            "the backend of revocations has stopped; it may or may not have done this",
        )));
    }
}

impl<T> Shared<T> {
    /// The first answer counts.
    fn put(&self, result: Result<T, BackendError>) {
        let mut state = self.lock();
        if let State::Waiting(waker) = &mut *state {
            let waker = waker.take();
            *state = State::Done(result);
            drop(state);
            self.there.notify_all();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    /// Nothing panics while it holds this lock.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<Result<T, BackendError>> {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, State::Taken) {
            State::Done(result) => Some(result),
            other => {
                *state = other;
                None
            }
        }
    }

    fn wait(&self) -> Result<T, BackendError> {
        let state = self.lock();
        let waiting = |state: &mut State<T>| matches!(state, State::Waiting(_));
        let state = self.there.wait_while(state, waiting).unwrap_or_else(PoisonError::into_inner);
        drop(state);
        self.take().unwrap_or_else(|| Err(taken()))
    }
}

fn taken() -> BackendError {
    BackendError::new("the answer was taken already")
}

impl<T> fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pending")
    }
}
