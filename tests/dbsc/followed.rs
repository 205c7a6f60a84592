//! A ring file that is followed, by the store and all that belongs to it.

use sealed_session::{KeyRing, WatchOptions};

use crate::common::{HOUR, NOW, ring, root};
use crate::device::Device;
use crate::server::Server;

#[test]
fn a_new_ring_file_reaches_everything_that_belongs_to_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring.json");
    ring(vec![root(1)]).save_new(&path).unwrap();
    let server = Server::with_ring(KeyRing::load(&path).unwrap());
    let watcher = server.store.follow(&path, WatchOptions::default()).unwrap();

    ring(vec![root(1), root(2).activating_at(NOW)]).save(&path).unwrap();
    watcher.reload_now().unwrap();
    let ahead = Server::with_ring(ring(vec![root(2)]));
    let device = Device::new(1);
    let registered = ahead.registered(&device);
    assert_eq!(server.devices.open_proof(registered.proof.as_str()), Ok(registered.binding));
    server.proven(&registered.identifier, &device.refresh(&registered.challenge));
}

#[test]
fn a_proof_under_a_key_that_is_not_known_yet_causes_a_reload() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring.json");
    ring(vec![root(1)]).save_new(&path).unwrap();
    let server = Server::with_ring(KeyRing::load(&path).unwrap());
    // Too rarely to be seen otherwise.
    let options = WatchOptions::default().polling_only().poll_every(std::time::Duration::from_secs(300));
    let _watcher = server.store.follow(&path, options).unwrap();
    ring(vec![root(1), root(2).activating_at(NOW + HOUR)]).save(&path).unwrap();
    let ahead = Server::with_ring(ring(vec![root(2)]));
    let registered = ahead.registered(&Device::new(1));
    assert_eq!(server.devices.open_proof(registered.proof.as_str()), Ok(registered.binding));
}

#[test]
fn while_a_reload_may_bring_its_key_an_identifier_ends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring.json");
    ring(vec![root(1)]).save_new(&path).unwrap();
    let server = Server::with_ring(KeyRing::load(&path).unwrap());
    let watcher = server.store.follow(&path, WatchOptions::default()).unwrap();
    let registered = Server::with_ring(ring(vec![root(2)])).registered(&Device::new(1));
    std::fs::write(&path, "half a ri").unwrap();
    assert!(watcher.reload_now().is_err());
    assert!(server.devices.refresh(&registered.identifier, None).unwrap_err().is_transient());

    ring(vec![root(1)]).save(&path).unwrap();
    watcher.reload_now().unwrap();
    server.clock.advance(HOUR);
    assert!(!server.devices.refresh(&registered.identifier, None).unwrap_err().is_transient());
}

#[test]
fn what_belongs_to_a_store_keeps_its_follower_when_the_store_goes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring.json");
    ring(vec![root(1)]).save_new(&path).unwrap();
    let Server { store, devices, .. } = Server::with_ring(KeyRing::load(&path).unwrap());
    let watcher = store.follow(&path, WatchOptions::default()).unwrap();
    drop(store);
    ring(vec![root(2)]).save(&path).unwrap();
    watcher.reload_now().unwrap();
    let registered = Server::with_ring(ring(vec![root(2)])).registered(&Device::new(1));
    assert_eq!(devices.open_proof(registered.proof.as_str()), Ok(registered.binding));
}
