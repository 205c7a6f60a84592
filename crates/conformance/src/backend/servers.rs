//! Servers with a backend: what they revoke, and how they wait for it.

use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use sealed_session::registry::SessionInfo;
use sealed_session::revocation::{Backend, BackendError, Change, News, Revocations, Scope, Sharer};
use sealed_session::{Clock, KeyRing, RootSecret, SealedStore, SessionPlugin as _, SessionUid};
use tokio::runtime::{Builder, Runtime};

use super::Storage;
use super::common::{HOUR, now, session, until};

/// A server of its own, whose clock stands still.
struct Server {
    store: SealedStore,
    revocations: Revocations,
}

impl Server {
    fn new(backend: impl Backend) -> Self {
        let clock = Still(now());
        let builder = Revocations::builder().clock(clock).poll_every(Duration::from_millis(2));
        let revocations = builder.with_backend(backend).unwrap();
        let ring = KeyRing::single(RootSecret::from_bytes(&[1; 32]).unwrap());
        let store = SealedStore::builder(ring).clock(clock).revocations(revocations.clone());
        Self { store: store.build().unwrap(), revocations }
    }
}

#[derive(Clone, Copy)]
struct Still(u64);

impl Clock for Still {
    fn now_ms(&self) -> u64 {
        self.0
    }
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).build().unwrap()
}

pub(super) fn what_one_server_revokes_the_others_refuse(storage: &Storage) {
    let servers = [Server::new(storage.node()), Server::new(storage.node()), Server::new(storage.node())];
    for (number, server) in servers.iter().enumerate() {
        let id = server.store.create(Default::default()).unwrap();
        assert!(servers.iter().all(|server| server.store.read(&id).is_ok()));
        server.store.delete(&id).unwrap();
        assert!(server.store.read(&id).is_err(), "here at once");
        for other in &servers {
            until("the others refuse it", || other.store.read(&id).is_err());
            until("each knows one more", || other.revocations.len() == number + 1);
        }
    }
    let of_ann = servers[0].store.authenticate(&servers[0].store.create(Default::default()).unwrap(), "ann");
    let of_ann = of_ann.unwrap();
    servers[1].store.revoke_user("ann").wait().unwrap();
    until("the user's session is refused", || servers[2].store.read(&of_ann).is_err());
    servers[2].store.revoke_everything().wait().unwrap();
    let other = servers[0].store.create(Default::default()).unwrap();
    until("everything before is refused", || servers[0].store.read(&of_ann).is_err());
    assert!(servers.iter().all(|server| server.revocations.trouble().is_none()), "{other:?}");
}

pub(super) fn a_server_that_starts_later_refuses_it_too(storage: &Storage) {
    let server = Server::new(storage.node());
    let id = server.store.create(Default::default()).unwrap();
    server.store.delete(&id).unwrap();
    drop(server);
    assert!(Server::new(storage.node()).store.read(&id).is_err());
}

pub(super) fn a_write_is_awaited_on_either_runtime(storage: &Storage) {
    let (server, late) = (Server::new(storage.node()), now() + HOUR);
    let revocations = server.revocations.clone();
    current_thread().block_on(async { revocations.revoke(session(1, late)).await }).unwrap();
    let task = async move { revocations.revoke(session(2, late)).await };
    let runtime = multi_thread();
    runtime.block_on(runtime.spawn(task)).unwrap().unwrap();
    assert_eq!(server.revocations.len(), 2);
    assert_eq!(Server::new(storage.node()).revocations.len(), 2);
}

pub(super) fn a_write_is_waited_for_without_a_runtime_and_on_a_worker_of_one(storage: &Storage) {
    let (server, late) = (Server::new(storage.node()), now() + HOUR);
    server.revocations.revoke(session(1, late)).wait().unwrap();
    let (runtime, revocations) = (multi_thread(), server.revocations.clone());
    let task = async move { revocations.revoke(session(2, late)).wait() };
    runtime.block_on(runtime.spawn(task)).unwrap().unwrap();
    assert_eq!(server.revocations.len(), 2);
    assert_eq!(Server::new(storage.node()).revocations.len(), 2);
}

pub(super) fn a_write_that_must_not_be_waited_for_is_done_all_the_same(storage: &Storage) {
    let (open, gate) = mpsc::channel();
    let (server, other, late) =
        (Server::new(Gated(storage.node(), gate)), Server::new(storage.node()), now() + HOUR);
    let pending = server.revocations.revoke(session(1, late));
    let error = current_thread().block_on(async { pending.wait() }).unwrap_err().to_string();
    assert!(error.contains("await it instead"), "{error}");
    assert!(server.revocations.is_empty());
    open.send(()).unwrap();
    until("it is known here", || server.revocations.len() == 1);
    until("it is known elsewhere", || other.revocations.len() == 1);
}

/// Records when it is told to.
struct Gated<B>(B, Receiver<()>);

impl<B: Backend> Backend for Gated<B> {
    fn record(&mut self, changes: &[Change]) -> Result<(), BackendError> {
        self.1.recv().unwrap();
        self.0.record(changes)
    }

    fn news(&mut self) -> Result<News, BackendError> {
        self.0.news()
    }

    fn purge(&mut self, now_ms: u64, elapsed: Duration) -> Result<u64, BackendError> {
        self.0.purge(now_ms, elapsed)
    }

    fn put_sharer(&mut self, sharer: &Sharer) -> Result<(), BackendError> {
        self.0.put_sharer(sharer)
    }

    fn sharers(&mut self) -> Result<Vec<Sharer>, BackendError> {
        self.0.sharers()
    }

    fn add_session(
        &mut self,
        scope: &Scope,
        session: &SessionInfo,
        now_ms: u64,
    ) -> Result<Vec<SessionInfo>, BackendError> {
        self.0.add_session(scope, session, now_ms)
    }

    fn put_session(&mut self, scope: &Scope, session: &SessionInfo) -> Result<(), BackendError> {
        self.0.put_session(scope, session)
    }

    fn sessions(
        &mut self,
        scope: &Scope,
        user_id: &str,
        now_ms: u64,
    ) -> Result<Vec<SessionInfo>, BackendError> {
        self.0.sessions(scope, user_id, now_ms)
    }

    fn strike_session(
        &mut self,
        scope: &Scope,
        user_id: &str,
        uid: SessionUid,
    ) -> Result<bool, BackendError> {
        self.0.strike_session(scope, user_id, uid)
    }

    fn strike_expired(&mut self, now_ms: u64) -> Result<u64, BackendError> {
        self.0.strike_expired(now_ms)
    }
}
