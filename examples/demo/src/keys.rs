//! The server's keys, and a button that rotates them.
//!
//! A real server has its ring in a file, and `SealedStore::follow` (feature `watch`) takes up each new version of
//! it. Here the text of that file is kept in memory.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Redirect;
use sealed_session::{Clock as _, KeyError, KeyInfo, KeyRing, Root, RootSecret, SealedStore, SystemClock};

use crate::Shop;

pub(crate) const APP_ID: &str = "demo.example";

/// The ring that the store has now.
#[derive(Clone)]
pub(crate) struct Keys(Arc<Mutex<String>>);

/// Replaces the ring by one with a newer secret, which seals from now on. Sessions notice at their next request:
/// they are opened with the key that sealed them, and the response brings a cookie under the new one.
pub(crate) async fn rotate(State(shop): State<Shop>) -> Result<Redirect, StatusCode> {
    shop.keys.rotate(&shop.store).map_err(|error| {
        eprintln!("demo: the keys were not rotated: {error}");
        StatusCode::INTERNAL_SERVER_ERROR
    })?;
    Ok(Redirect::to("/#keys"))
}

impl Keys {
    pub(crate) fn new() -> Result<(Self, KeyRing), Box<dyn Error>> {
        let ring = KeyRing::single(RootSecret::generate()?);
        Ok((Self(Arc::new(Mutex::new(ring.to_json()?.to_string()))), ring))
    }

    /// Newest first, as the store derives them for its cookie.
    pub(crate) fn list(&self, cookie_name: &str) -> Result<Vec<KeyInfo>, KeyError> {
        let text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now_ms = SystemClock.now_ms();
        // The keys of a bound session have a name that no cookie can have.
        let name = match cookie_name.strip_suffix("-bound") {
            Some(cookie) => format!("{cookie};dbsc-bound"),
            None => cookie_name.to_owned(),
        };
        let mut keys = KeyRing::from_json(&text)?.keys_at(APP_ID, &name, now_ms, 60_000)?;
        keys.reverse();
        Ok(keys)
    }

    fn rotate(&self, store: &SealedStore) -> Result<(), Box<dyn Error>> {
        let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ring = KeyRing::from_json(&text)?;
        let now_ms = SystemClock.now_ms();
        // With several servers: a few minutes from now, so that each has the secret before any seals with it.
        ring.add(Root::new(RootSecret::generate()?).activating_at(now_ms), now_ms)?;
        let changed = ring.to_json()?.to_string();
        store.replace_ring(ring)?;
        *text = changed;
        Ok(())
    }
}
