//! Reads the tokens that are sent: a store without a list and without limits, at the moment when they are sent.

use std::time::Duration;

use sealed_session::dbsc::{Binding, DeviceBinding};
use sealed_session::hazmat::ManualClock;
use sealed_session::{KeyRing, RootId, SealedStore, SessionId, SessionUid};

use crate::app::View;
use crate::cookies::Kind;
use crate::jar::Form;
use crate::script::{LONGEST_LIFETIME_MIN, MINUTE};

/// What the witness reads in a token.
#[derive(Debug, Clone)]
pub struct Token {
    pub kind: Kind,
    /// The device that it is of.
    pub binding: Option<Binding>,
    /// The root that it is under.
    pub root: Option<RootId>,
    pub uid: SessionUid,
    pub user: Option<String>,
    /// Whose host it was sent by.
    pub tenant: u8,
    pub items: Vec<u64>,
    pub carried: Vec<u64>,
    pub blob: usize,
    pub value: Option<String>,
    /// Flash messages.
    pub messages: Vec<u64>,
    pub created_ms: u64,
    pub renewed_ms: u64,
    pub expires_ms: u64,
    /// When it was sent, in the world's time.
    pub sent_ms: u64,
}

impl Token {
    /// Whether it has what a handler saw.
    pub fn has_data_of(&self, view: &View) -> bool {
        self.user == view.user
            && self.items == view.items
            && self.carried == view.carried
            && self.blob == view.blob
            && self.value == view.value
    }
}

pub struct Witness {
    clock: ManualClock,
    store: SealedStore,
    /// Where the cookie has the prefix.
    devices: Option<DeviceBinding>,
}

impl Witness {
    pub fn new(ring: KeyRing, form: Form) -> Self {
        let clock = ManualClock::at(0);
        let longest = Duration::from_millis(LONGEST_LIFETIME_MIN * MINUTE);
        let store = SealedStore::builder(ring).cookie_name(form.name()).default_ttl(longest).max_ttl(longest);
        let store = store.leeway(Duration::from_millis(60 * MINUTE)).clock(clock.clone());
        let store = store.build().expect("the ring of the servers");
        let devices = DeviceBinding::builder(&store).build().ok().filter(|_| form == Form::Host);
        Self { clock, store, devices }
    }

    /// Operators have brought another ring.
    pub fn replace_ring(&self, ring: KeyRing) {
        self.store.replace_ring(ring).expect("a ring of ours");
    }

    /// The device that a proof is of.
    pub fn device_of(&self, proof: &str, there_ms: u64) -> Option<Binding> {
        self.clock.set(there_ms);
        self.devices.as_ref()?.open_proof(proof).ok()
    }

    /// What a token says, by the clock of the server that sends it; one that is bound, for that device.
    pub fn read(
        &self,
        (kind, value): (Kind, &str),
        binding: Option<Binding>,
        tenant: (u8, &str),
        there_ms: u64,
        sent_ms: u64,
    ) -> Option<Token> {
        self.clock.set(there_ms);
        let (id, of_tenant) = (SessionId::new(value), tenant.1.as_bytes());
        let binding = binding.filter(|_| kind != Kind::Ordinary);
        let opened = match (kind, &binding) {
            (Kind::Ordinary, _) => self.store.open_with(&id, of_tenant),
            (Kind::Bound, Some(binding)) => {
                self.devices.as_ref()?.bound_store().open_with(&id, &binding.associated_data(of_tenant))
            }
            (Kind::Pending, Some(binding)) => self
                .devices
                .as_ref()?
                .bound_store()
                .open_with(&id, &binding.pending_associated_data(of_tenant)),
            _ => return None,
        };
        let opened = opened.ok()?;
        let record = opened.record();
        let data: serde_json::Value = serde_json::from_str(&record.data_json).ok()?;
        let numbers = |name: &str| {
            let all = data.get(name).and_then(|all| all.as_array()).into_iter().flatten();
            all.filter_map(serde_json::Value::as_u64).collect()
        };
        let messages = data.get("_flash").and_then(|all| all.as_array()).into_iter().flatten();
        let text = |message: &serde_json::Value| message.get("text")?.as_str()?.parse().ok();
        Some(Token {
            kind,
            binding,
            root: None,
            uid: opened.uid(),
            user: record.user_id.clone(),
            tenant: tenant.0,
            items: numbers("items"),
            carried: numbers("carried"),
            blob: data.get("blob").and_then(|blob| blob.as_str()).unwrap_or_default().len(),
            value: data.get("value").map(|value| value.to_string()),
            messages: messages.filter_map(text).collect(),
            created_ms: record.created_at_ms,
            renewed_ms: opened.renewed_at_ms(),
            expires_ms: record.expires_at_ms,
            sent_ms,
        })
    }
}
