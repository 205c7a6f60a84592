//! A server: a store and a layer with a clock of their own, around the application.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::request::Parts;
use http::{Request, Response};
use sealed_session::hazmat::{ManualClock, ManualWorker, with_randomness};
use sealed_session::http::{
    self as http_layer, CookiePolicyBuilder, CookieScope, Creation, CsrfLayer, DeviceBoundLayer,
    SessionLayer, Unbound, host,
};
use sealed_session::registry::Registry;
use sealed_session::revocation::{Revocations, RevocationsBuilder};
use sealed_session::{KeyRing, SealedStore};
use tower::util::BoxService;
use tower::{Layer, ServiceExt, service_fn};

use crate::app::handle;
use crate::backend::{Known, Shelf, Way};
use crate::jar::Form;
use crate::other::{self, Counts};
use crate::request::{Body, HOSTS};
use crate::script::{MINUTE, Policy};
use crate::sender::TRUSTED;
use crate::settings::{House, Renewal, SameSite, Settings};

pub type Answer = Pin<Box<dyn Future<Output = Result<Response<String>, Infallible>> + Send>>;

/// Salts, uids and secrets of a world: splitmix64. That they can be guessed does no harm here.
#[derive(Clone)]
pub struct Dice(Arc<Mutex<u64>>);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(seed)))
    }

    pub fn draw(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        bytes
    }

    pub fn secret(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.fill(&mut bytes);
        bytes
    }

    pub fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.0.lock().expect("nothing panics with it");
        for chunk in bytes.chunks_mut(8) {
            *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = *state;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

fn list(house: House, policy: Policy, clock: &ManualClock) -> RevocationsBuilder {
    let just_revoked = Duration::from_millis(house.just_revoked_ms());
    let builder = Revocations::builder().clock(clock.clone()).just_revoked_for(just_revoked);
    match policy.refuse_after_s {
        0 => builder,
        seconds => builder.refuse_after(Duration::from_secs(seconds)),
    }
}

pub struct Server {
    pub policy: Policy,
    pub clock: ManualClock,
    pub skew_ms: i64,
    pub store: SealedStore,
    pub wire: Arc<Known>,
    /// None where there is no list.
    worker: Option<ManualWorker>,
    layer: Around,
    csrf: Option<CsrfLayer>,
    /// Over the second session's cookie.
    other: Option<SessionLayer>,
}

impl Server {
    pub fn start(
        house: House,
        policy: Policy,
        clock: ManualClock,
        skew_ms: i64,
        ring: KeyRing,
        shelf: &Shelf,
        dice: &Dice,
    ) -> Self {
        let wire = shelf.wire();
        let known = Arc::clone(&wire.known);
        // Without a list there is nothing to refuse sessions for.
        let policy = if house.listless { Policy { refuse_after_s: 0, ..policy } } else { policy };
        let policy = Policy { settings: house.settings(policy.settings), ..policy };
        let minutes = |minutes: u64| Duration::from_millis(minutes * MINUTE);
        let builder = SealedStore::builder(ring)
            .cookie_name(house.form.name())
            .default_ttl(minutes(policy.ttl_min))
            .max_ttl(minutes(policy.ttl_min))
            .max_lifetime(minutes(policy.lifetime_min))
            .clock(clock.clone())
            .padding(house.padding.into());
        let (builder, worker) = match house.listless {
            true => (builder, None),
            false => {
                let (list, worker) = ManualWorker::start(list(house, policy, &clock), wire, dice.draw())
                    .expect("the wire is open and the settings are ours");
                (builder.revocations(list), Some(worker))
            }
        };
        let builder = if house.chunked { builder.max_token_chars(8000) } else { builder };
        let other = house.other.then(|| other::layer(clock.clone(), dice));
        let dice = dice.clone();
        let store = with_randomness(builder, move |bytes| {
            dice.fill(bytes);
            true
        });
        let store = store.build().expect("a policy of ours");
        let layer = Around::new(house, policy.settings, &store);
        let csrf = house.csrf.map(csrf);
        Self { policy, clock, skew_ms, store, wire: known, worker, layer, csrf, other }
    }

    /// What the threads of its backend would have done by now; nothing of it while the backend stalls.
    /// Says whether there was anything.
    pub fn work(&mut self) -> bool {
        let Some(worker) = &mut self.worker else { return false };
        let mut any = false;
        while self.wire.way() != Way::Stalled && worker.work() {
            any = true;
        }
        worker.tell();
        any
    }

    pub fn ask(&self, request: Request<Body>) -> Answer {
        match &self.csrf {
            None => self.within(BoxService::new(service_fn(handle)), request),
            Some(csrf) => self.within(BoxService::new(csrf.layer(service_fn(handle))), request),
        }
    }

    fn within(&self, inner: Service, request: Request<Body>) -> Answer {
        let inner = self.layer.around(inner);
        let inner = match &self.other {
            Some(other) => BoxService::new(other.layer(Counts(inner))),
            None => inner,
        };
        let all = if self.policy.nested { self.layer.around(inner) } else { inner };
        Box::pin(all.oneshot(request))
    }
}

type Service = BoxService<Request<Body>, Response<String>, Infallible>;

/// The layer of a server.
enum Around {
    Plain(SessionLayer),
    /// Its sessions are bound to devices.
    Bound(DeviceBoundLayer),
}

impl Around {
    fn around(&self, inner: Service) -> Service {
        match self {
            Self::Plain(layer) => BoxService::new(layer.layer(inner)),
            Self::Bound(layer) => BoxService::new(layer.layer(inner)),
        }
    }

    fn new(house: House, settings: Settings, store: &SealedStore) -> Self {
        let layer = layer(house, settings, store);
        let Some(binds) = house.binds else { return Self::Plain(layer) };
        let unbound = match binds.refused_after_ms() {
            None => Unbound::Accepted,
            Some(ms) => Unbound::RefusedAfter(Duration::from_millis(ms)),
        };
        let proof_ttl = Duration::from_millis(binds.proof_ttl_ms());
        let bound = layer.device_bound(|device| device.proof_ttl(proof_ttl).unbound(unbound));
        Self::Bound(bound.expect("settings of ours"))
    }
}

fn csrf(requires_token: bool) -> CsrfLayer {
    let builder = CsrfLayer::builder().trust_origin(TRUSTED).require_token(requires_token);
    builder.build().expect("an origin of ours")
}

fn layer(house: House, settings: Settings, store: &SealedStore) -> SessionLayer {
    let tenant = |request: &Parts| host(request).unwrap_or_default();
    let cookie = |cookie: CookiePolicyBuilder| {
        let cookie = cookie.browser_session(settings.browser_session).chunked(house.chunked);
        let cookie = formed(cookie, house.form);
        let former = house.formerly.map(|form| former(form).chunked(house.chunked));
        let cookie = former.into_iter().fold(cookie, CookiePolicyBuilder::formerly);
        cookie.same_site(match settings.same_site {
            SameSite::Strict => http_layer::SameSite::Strict,
            SameSite::Lax => http_layer::SameSite::Lax,
            SameSite::None => http_layer::SameSite::None,
        })
    };
    let mut builder = SessionLayer::builder(store.clone())
        .cookie(cookie)
        .renewal(renewal(settings.renewal))
        .creation(if settings.always { Creation::Always } else { Creation::WhenStored })
        .save_on_server_error(settings.saves_on_server_error)
        .late_after(Duration::from_millis(settings.late_ms()));
    if let Some(room) = house.user_id_room {
        builder = builder.user_id_room(room.into());
    }
    if house.tenants {
        builder = builder.bind_to(move |request| tenant(request).into_bytes()).scope_by(tenant);
    }
    if let Some(max) = house.registry {
        let registry = Registry::builder(store.clone());
        let registry = if max == 0 { registry } else { registry.max_sessions(max.into()) };
        builder = builder.registry(registry.build().expect("the store has revocations"));
    }
    builder.build().expect("a layer of ours")
}

fn formed(cookie: CookiePolicyBuilder, form: Form) -> CookiePolicyBuilder {
    match form {
        Form::Host | Form::Plain => cookie,
        Form::Domain => cookie.domain(HOSTS[0]),
        Form::Path => cookie.path(form.path()),
        Form::Partitioned => cookie.partitioned(true),
    }
}

fn former(form: Form) -> CookieScope {
    match form {
        Form::Host | Form::Plain => CookieScope::host_only(),
        Form::Domain => CookieScope::domain(HOSTS[0]),
        Form::Path => CookieScope::host_only().path(form.path()),
        Form::Partitioned => CookieScope::host_only().partitioned(true),
    }
}

fn renewal(renewal: Renewal) -> http_layer::Renewal {
    let default = http_layer::Renewal::default();
    match renewal {
        Renewal::Default => default,
        Renewal::Never => http_layer::Renewal::never(),
        Renewal::Always => default.below_percent(100),
        Renewal::BelowHalf => default.below_percent(50),
        Renewal::Every(minutes) => default.at_most_every(Duration::from_millis(u64::from(minutes) * MINUTE)),
    }
}
