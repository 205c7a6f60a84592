//! Counters, as a recorder of `metrics` gets them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

use super::Server;
use crate::common::{ring, root};

type Counters = Mutex<BTreeMap<String, Arc<AtomicU64>>>;

/// Every counter of this process, by its name and labels.
static COUNTERS: OnceLock<Arc<Counters>> = OnceLock::new();

struct Collector(Arc<Counters>);

impl Recorder for Collector {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let labels: Vec<String> = key.labels().map(|l| format!("{}={}", l.key(), l.value())).collect();
        let name = format!("{}{{{}}}", key.name(), labels.join(","));
        Counter::from_arc(Arc::clone(self.0.lock().unwrap().entry(name).or_default()))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// What an act adds to each counter.
fn added(act: impl FnOnce()) -> BTreeMap<String, u64> {
    let _one = super::one_at_a_time();
    let counters = COUNTERS.get_or_init(|| {
        let counters = Arc::default();
        metrics::set_global_recorder(Collector(Arc::clone(&counters))).unwrap();
        counters
    });
    counters.lock().unwrap().values().for_each(|counter| counter.store(0, Ordering::SeqCst));
    act();
    let counted = counters.lock().unwrap();
    let counted = counted.iter().map(|(name, counter)| (name.clone(), counter.load(Ordering::SeqCst)));
    counted.filter(|(_, count)| *count > 0).collect()
}

#[test]
fn opens_are_counted_by_key_and_state_refusals_by_reason_and_reseals() {
    let mut expected = BTreeMap::new();
    let counted = added(|| {
        let server = Server::new(21);
        let id = server.create();
        let key = server.store.open(&id).unwrap().key_id();
        server.store.open(&server.store.reseal(&id).unwrap()).unwrap();
        server.store.replace_ring(ring(vec![root(21), root(22).activating_at(1)])).unwrap();
        server.store.open(&id).unwrap();
        let new = server.store.open(&server.store.reseal(&id).unwrap()).unwrap().key_id();
        server.refuse(&id);
        let opens = |key, state| format!("sealed_session_opens_total{{key_id={key},state={state}}}");
        expected.extend([
            (opens(key, "sealing"), 3),
            (opens(key, "accepted"), 2),
            (opens(new, "sealing"), 1),
        ]);
    });
    for reason in ["aead", "expired", "length"] {
        expected.insert(format!("sealed_session_refusals_total{{reason={reason}}}"), 1);
    }
    expected.insert("sealed_session_reseals_total{}".into(), 2);
    assert_eq!(counted, expected);
}

#[cfg(feature = "dbsc")]
#[test]
fn devices_are_counted_by_what_refuses_them() {
    use sealed_session::dbsc::DeviceBinding;

    let counted = added(|| {
        let devices = DeviceBinding::builder(&Server::new(26).store).build().unwrap();
        let login = sealed_session::SessionUid::from_bytes([7; 16]);
        for proof in ["", "a.b", ".."] {
            assert!(devices.register(proof, login, None).is_err());
        }
        assert!(devices.refresh("", None).is_err());
    });
    let refused = |reason| counted.get(&format!("sealed_session_dbsc_refused_total{{reason={reason}}}"));
    assert_eq!(
        [refused("parts"), refused("header_json"), refused("identifier")],
        [Some(&2), Some(&1), Some(&1)]
    );
}

#[cfg(feature = "dbsc")]
#[test]
fn a_bound_session_without_its_proof_is_counted_when_somebody_looks_at_it() {
    use http::{Request, Response};
    use sealed_session::http::{Session, SessionLayer};
    use tower::{Layer as _, ServiceExt as _, service_fn};

    async fn answer(request: Request<()>) -> Result<Response<String>, std::convert::Infallible> {
        let session: &Session = request.extensions().get().unwrap();
        let looks = request.uri().path() == "/";
        Ok(Response::new(if looks { session.lacks_device_proof().to_string() } else { String::new() }))
    }

    let counted = added(|| {
        let layer = SessionLayer::new(Server::new(27).store.clone()).unwrap();
        let service = layer.device_bound(|device| device).unwrap().layer(service_fn(answer));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for (path, told) in [("/", "true"), ("/unread", "")] {
            let request =
                Request::get(path).header("cookie", "__Host-session-bound=a-copy").body(()).unwrap();
            let Ok(response) = runtime.block_on(service.clone().oneshot(request));
            assert_eq!(response.body(), told);
        }
    });
    assert_eq!(counted.get("sealed_session_dbsc_unproven_total{}"), Some(&1), "{counted:?}");
}

#[test]
fn reloads_are_counted_when_something_is_new() {
    let counted = added(|| {
        let server = Server::new(23);
        let rings = [24, 25].map(|number| ring(vec![root(23), root(number).activating_at(1)]));
        for ring in &rings {
            for _ in 0..3 {
                server.write(&ring.to_json().unwrap()).unwrap();
            }
            for text in ["", "", "{"] {
                assert!(server.write(text).is_err());
            }
        }
    });
    let reloads = |result| counted.get(&format!("sealed_session_ring_reloads_total{{result={result}}}"));
    assert_eq!((reloads("ok"), reloads("failed")), (Some(&2), Some(&4)), "{counted:?}");
}
