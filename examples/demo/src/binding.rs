//! What the page shows of sessions that are bound to a device. The layer does all of it by itself; an application
//! asks `Session::is_device_bound` at most.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::middleware::Next;
use axum::response::Response;
use cookie::Cookie;
use sealed_session::dbsc::DeviceBinding;
use sealed_session::{Clock as _, ConfigError, SealedStore, SessionId, SystemClock};

use crate::Shop;
use crate::visit::{Sent, cookie};

/// So many requests are listed.
const LISTED: usize = 10;

/// Opens what devices bring, and knows what they asked for. Clones are the same.
#[derive(Clone)]
pub(crate) struct Devices {
    binding: DeviceBinding,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    asked: VecDeque<Asked>,
    /// The proofs that were given, and until when they are good.
    proofs: VecDeque<(String, u64)>,
}

/// A request that the layer answered itself.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) at_ms: u64,
    pub(crate) path: String,
    pub(crate) status: u16,
}

impl Devices {
    pub(crate) fn new(store: &SealedStore, proof_ttl: Duration) -> Result<Self, ConfigError> {
        let binding = DeviceBinding::builder(store).proof_ttl(proof_ttl).build()?;
        Ok(Self { binding, seen: Arc::default() })
    }

    pub(crate) fn bound_name(&self) -> &str {
        self.binding.bound_store().cookie_name()
    }

    pub(crate) fn proof_name(&self) -> &str {
        self.binding.proof_cookie_name()
    }

    /// Of the bound session, of its proof, and of what the answer to a registration brings.
    pub(crate) fn cookie_names(&self) -> [&str; 3] {
        [self.bound_name(), self.proof_name(), self.binding.pending_cookie_name()]
    }

    /// The bound session of a request that brings a proof of it.
    pub(crate) fn sent<'s>(&'s self, headers: &'s HeaderMap) -> Option<Sent<'s>> {
        let token = cookie(headers, self.bound_name())?;
        let binding = self.binding.open_proof(cookie(headers, self.proof_name())?).ok()?;
        let associated_data = binding.associated_data(b"");
        let opened = self.binding.bound_store().open_with(&SessionId::new(token), &associated_data);
        Some(Sent { name: self.bound_name(), token, opened })
    }

    /// Until when the proof that a request brings is good, as its cookie said.
    pub(crate) fn proof_until_ms(&self, headers: &HeaderMap) -> Option<u64> {
        let proof = cookie(headers, self.proof_name())?;
        self.seen().proofs.iter().find(|(given, _)| given == proof).map(|(_, until_ms)| *until_ms)
    }

    /// Newest first.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.seen().asked.iter().rev().cloned().collect()
    }

    fn remember(&self, path: String, response: &Response) {
        let at_ms = SystemClock.now_ms();
        let mut seen = self.seen();
        seen.asked.push_back(Asked { at_ms, path, status: response.status().as_u16() });
        if seen.asked.len() > LISTED {
            seen.asked.pop_front();
        }
        seen.proofs.retain(|(_, until_ms)| *until_ms > at_ms);
        seen.proofs.extend(self.given(response, at_ms));
    }

    /// The proof that a response gives. One that is removed has no time.
    fn given(&self, response: &Response, at_ms: u64) -> Option<(String, u64)> {
        let texts = response.headers().get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
        let proof =
            texts.filter_map(|text| Cookie::parse(text).ok()).find(|set| set.name() == self.proof_name());
        let proof = proof?;
        let seconds = u64::try_from(proof.max_age()?.whole_seconds()).ok().filter(|seconds| *seconds > 0)?;
        Some((proof.value().to_owned(), at_ms.saturating_add(seconds.saturating_mul(1000))))
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Around the session layer, which answers these paths before any handler could.
pub(crate) async fn listen(State(shop): State<Shop>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    if let Some(devices) = shop.devices
        && path.starts_with("/dbsc/")
    {
        devices.remember(path, &response);
    }
    response
}
