//! Random sequences of operations, of rotations and of steps of the clock, on a store and on a plain model of
//! its contract: the answers are always the same, to the field and to the check that refuses.
//!
//! Beside that, adding root secrets logs nobody out: as long as a ring is only rotated, no token that is
//! still to live is ever refused for its key.

#![no_main]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use sealed_session::hazmat::{self, Context, ManualClock};
use sealed_session::{
    CreateOptions, KeyRing, KeyState, Reason, RootSecret, SealedStore, SessionError, SessionId,
    SessionPlugin, SessionUid, TokenInfo,
};
use sealed_session_fuzz::model::{Answer, Key, Model, Refusal, Settings, Token};
use sealed_session_fuzz::ring::{LAST_MS, Ring, Root};
use sealed_session_fuzz::{DAY, HOUR, NOW, SECOND, json};

const APP: &str = "shop";
const NAME: &str = "sid";
const MOST_TOKENS: usize = 48;

#[derive(Arbitrary, Debug)]
struct Input {
    setup: Setup,
    operations: Vec<Operation>,
}

/// Indexes of the tables below.
#[derive(Arbitrary, Debug)]
struct Setup {
    default_ttl: u8,
    max_ttl: u8,
    lifetime: u8,
    leeway: u8,
    padding: u8,
    max_chars: u8,
    ring_max_ttl: u8,
    period: u8,
}

const TTLS: [u64; 8] = [DAY, 30 * DAY, HOUR, 2 * DAY, 60 * SECOND, SECOND, 2, 1];
const LIFETIMES: [u64; 7] = [30 * DAY, u64::MAX, 2 * DAY, DAY, HOUR, SECOND, 1];
const LEEWAYS: [u64; 7] = [60 * SECOND, 0, 1, HOUR, DAY, 3 * DAY, u64::MAX];
const PADDINGS: [usize; 7] = [1, 0, 2, 16, 128, 1_000, 100_000];
const MAX_CHARS: [usize; 9] = [4_093, 8_192, 138, 139, 140, 141, 142, 200, 1_000];
const RING_MAX_TTLS_S: [u64; 4] = [30 * 86_400, 86_400, 3_600, 2 * 86_400];
const PERIODS_S: [u64; 7] = [0, 86_400, 43_200, 7 * 86_400, 86_401, 1_800, 60];

#[derive(Arbitrary, Debug)]
enum Operation {
    Create { user: Option<User>, data: Data, ttl: Ttl, associated_data: Tenant },
    Open { token: u8, under: Option<Tenant> },
    Update { token: u8, under: Option<Tenant>, data: Data },
    Touch { token: u8, under: Option<Tenant>, ttl: Ttl },
    Reseal { token: u8, under: Option<Tenant> },
    Cycle { token: u8, under: Option<Tenant> },
    Authenticate { token: u8, under: Option<Tenant>, user: User },
    Delete { token: u8 },
    Foreign(String),
    Remaining { user: Option<User>, data: Data },
    MakeCsrf { token: u8 },
    CheckCsrf { csrf: u8, token: u8 },
    AddRoot { secret: u8, period: u8, start: When },
    RevokeRoot { root: u8, force: bool },
    PruneRoots,
    ReplaceRing { roots: Vec<NewRoot>, max_ttl: u8 },
    Clock(Step),
    Randomness { fails: bool },
}

#[derive(Arbitrary, Debug, Clone, Copy)]
enum Tenant {
    None,
    One,
    Another,
}

#[derive(Arbitrary, Debug)]
enum User {
    Text(String),
    Len(u16),
    /// 65,533 bytes and on.
    AroundTheMost(u8),
}

#[derive(Arbitrary, Debug)]
enum Data {
    Empty,
    Text(String),
    Member { name: u16, value: u16 },
    Len(u16),
}

#[derive(Arbitrary, Debug)]
enum Ttl {
    Default,
    Table(u8),
    Ms(u64),
}

#[derive(Arbitrary, Debug)]
struct NewRoot {
    secret: u8,
    period: u8,
    activate: When,
    retire: Option<When>,
    revoked: bool,
}

#[derive(Arbitrary, Debug, Clone, Copy)]
enum When {
    Now,
    In { hours: u16 },
    Ago { hours: u16 },
    InMs(u16),
    AgoMs(u16),
    Zero,
    Last,
}

#[derive(Arbitrary, Debug)]
enum Step {
    To(When),
    Token {
        token: u8,
        edge: Edge,
        before: bool,
    },
    Root {
        root: u8,
        retire: bool,
        before: bool,
    },
    /// An epoch's begin, or the leeway before it.
    Epoch {
        root: u8,
        leeway: bool,
        before: bool,
    },
    End {
        before: u8,
    },
}

#[derive(Arbitrary, Debug)]
enum Edge {
    Renewed,
    Leeway,
    Expires,
    Lifetime,
}

fuzz_target!(|input: Input| {
    let Some(mut run) = Run::new(&input.setup) else { return };
    for operation in input.operations.iter().take(64) {
        run.apply(operation);
        run.count += 1;
    }
    run.check_everything();
});

/// A store, the model of it, and what both have made.
struct Run {
    store: SealedStore,
    clock: ManualClock,
    draws: Arc<Mutex<Draws>>,
    model: Model,
    /// What an operator has in a file: the ring that the store has, unless the store refused it.
    operators: (KeyRing, Ring),
    tokens: Vec<Token>,
    csrf_tokens: Vec<CsrfToken>,
    /// The ring has only been rotated, with a clock that the leeway covers.
    only_rotated: bool,
    count: usize,
}

struct CsrfToken {
    text: String,
    key: Key,
    uid: [u8; 16],
}

/// A random generator that counts, tells, and fails when it is told to.
#[derive(Default)]
struct Draws {
    count: u64,
    fails: bool,
    drawn: Vec<Vec<u8>>,
}

impl Draws {
    fn write(&mut self, out: &mut [u8]) -> bool {
        self.count += 1;
        for (octet, at) in out.iter_mut().zip(0_u64..) {
            *octet = (self.count.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (at % 8 * 8)) as u8 ^ at as u8;
        }
        self.drawn.push(out.to_vec());
        !self.fails
    }
}

impl Run {
    fn new(setup: &Setup) -> Option<Self> {
        let ring = setup.ring();
        let settings = setup.settings();
        let clock = ManualClock::at(NOW);
        let draws = Arc::new(Mutex::new(Draws::default()));
        let store = store(&settings, ring.build().ok()?, &clock, &draws);
        assert_eq!(store.is_some(), ring.windows_fit(settings.leeway), "{setup:?}");
        Some(Self {
            store: store?,
            operators: (ring.build().unwrap(), ring.clone()),
            only_rotated: settings.leeway <= DAY,
            model: Model { now: NOW, settings, ring, random_fails: false },
            clock,
            draws,
            tokens: Vec::new(),
            csrf_tokens: Vec::new(),
            count: 0,
        })
    }

    fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Create { user, data, ttl, associated_data } => {
                self.create(user.as_ref(), data, ttl, *associated_data);
            }
            Operation::Open { token, under } => {
                if let Some((token, under)) = self.pick(*token, *under) {
                    self.check_open(&token, under);
                }
            }
            Operation::Update { .. }
            | Operation::Touch { .. }
            | Operation::Reseal { .. }
            | Operation::Cycle { .. }
            | Operation::Authenticate { .. } => self.change(operation),
            Operation::Delete { token } => self.delete(*token),
            Operation::Foreign(text) => self.check_foreign(text),
            Operation::Remaining { user, data } => self.check_remaining(user.as_ref(), data),
            Operation::MakeCsrf { token } => self.make_csrf(*token),
            Operation::CheckCsrf { csrf, token } => self.check_csrf(*csrf, *token),
            Operation::AddRoot { secret, period, start } => self.add_root(*secret, *period, *start),
            Operation::RevokeRoot { root, force } => self.revoke_root(*root, *force),
            Operation::PruneRoots => self.prune_roots(),
            Operation::ReplaceRing { roots, max_ttl } => self.replace_ring(roots, *max_ttl),
            Operation::Clock(step) => self.step(step),
            Operation::Randomness { fails } => {
                self.model.random_fails = *fails;
                self.draws.lock().unwrap().fails = *fails;
            }
        }
        self.draws.lock().unwrap().drawn.clear();
    }

    fn check_everything(&self) {
        for token in &self.tokens {
            self.check_open(token, &token.associated_data);
        }
        let healthy = self.model.sealing_key().is_some() && !self.model.random_fails;
        assert_eq!(self.store.is_healthy(), healthy);
    }

    /// A token and what to open it under: its own associated data, or other.
    fn pick(&self, token: u8, under: Option<Tenant>) -> Option<(Token, &'static [u8])> {
        let token = self.tokens.get(usize::from(token) % self.tokens.len().max(1))?.clone();
        let own = [Tenant::None, Tenant::One, Tenant::Another].map(Tenant::bytes);
        let own = own.into_iter().find(|bytes| *bytes == token.associated_data).unwrap();
        Some((token, under.map_or(own, Tenant::bytes)))
    }

    /// Half of the operations go through the contract, which tells less of a refusal.
    fn by_contract(&self, associated_data: &[u8]) -> bool {
        associated_data.is_empty() && self.count.is_multiple_of(2)
    }
}

/// Sessions.
impl Run {
    fn create(&mut self, user: Option<&User>, data: &Data, ttl: &Ttl, tenant: Tenant) {
        let (user, data, ttl) = (user.map(User::text), data.text(), ttl.ms());
        let expected = self.model.create(user.as_deref(), &data, is_object(&data), ttl);
        let options = CreateOptions { user_id: user, data_json: data, ttl_ms: ttl };
        let associated_data = tenant.bytes();
        let made = if self.by_contract(associated_data) {
            self.store.create(options).map_err(Refused::Flat)
        } else {
            self.store.create_with(options, associated_data).map_err(Refused::exact)
        };
        self.check_made(made, expected, associated_data);
    }

    fn change(&mut self, operation: &Operation) {
        let (Operation::Update { token, under, .. }
        | Operation::Touch { token, under, .. }
        | Operation::Reseal { token, under }
        | Operation::Cycle { token, under }
        | Operation::Authenticate { token, under, .. }) = operation
        else {
            return;
        };
        let Some((token, ad)) = self.pick(*token, *under) else { return };
        let id = SessionId::new(token.text.as_str());
        let (store, flat) = (&self.store, self.by_contract(ad));
        let (expected, made) = match operation {
            Operation::Update { data, .. } => {
                let data = data.text();
                let made = flat.then(|| store.update(&id, &data).map_err(Refused::Flat));
                let made = made.unwrap_or_else(|| store.update_with(&id, &data, ad).map_err(Refused::exact));
                (self.model.update(&token, ad, &data, is_object(&data)), made)
            }
            Operation::Touch { ttl, .. } => {
                let made = flat.then(|| store.touch(&id, ttl.ms()).map_err(Refused::Flat));
                let made =
                    made.unwrap_or_else(|| store.touch_with(&id, ttl.ms(), ad).map_err(Refused::exact));
                (self.model.touch(&token, ad, ttl.ms()), made)
            }
            Operation::Reseal { .. } => {
                let made = if flat { store.reseal(&id) } else { store.reseal_with(&id, ad) };
                (self.model.reseal(&token, ad), made.map_err(Refused::exact))
            }
            Operation::Cycle { .. } => {
                let made = if flat { store.cycle(&id) } else { store.cycle_with(&id, ad) };
                (self.model.cycle(&token, ad), made.map_err(Refused::exact))
            }
            Operation::Authenticate { user, .. } => {
                let user = user.text();
                let made = flat.then(|| store.authenticate(&id, &user));
                let made = made.unwrap_or_else(|| store.authenticate_with(&id, &user, ad));
                (self.model.authenticate(&token, ad, &user), made.map_err(Refused::exact))
            }
            _ => return,
        };
        self.check_made(made, expected, ad);
        self.check_open(&token, ad); // The token that was changed is what it was.
    }

    fn check_made(&mut self, made: Result<SessionId, Refused>, expected: Answer, associated_data: &[u8]) {
        let (id, mut session) = match (made, expected) {
            (Ok(id), Ok(session)) => (id, session),
            (Err(refused), Err(reasons)) => {
                return assert!(refused.is_one_of(&reasons), "{refused:?} is none of {reasons:?}");
            }
            (Ok(_), Err(reasons)) => panic!("made in spite of {reasons:?}"),
            (Err(refused), Ok(session)) => panic!("{refused:?} instead of {session:?}"),
        };
        let drawn = std::mem::take(&mut self.draws.lock().unwrap().drawn);
        let [drawn] = &drawn[..] else { panic!("{} draws instead of one", drawn.len()) };
        let (uid, salt) = drawn.split_at(if session.uid.is_none() { 16 } else { 0 });
        session.uid = session.uid.or_else(|| uid.try_into().ok());
        let key = self.model.sealing_key().expect("nothing seals without a key");
        let info = TokenInfo::of(id.as_str()).expect("it is a token");
        assert_eq!(info.salt, salt, "the salt is what was drawn");
        assert_eq!(info.key_id, key_id(&key), "the key is the one that seals");
        assert_eq!(info.chars, self.model.chars(&session));
        assert!(info.chars <= self.model.settings.max_chars);
        let sealed_at = self.model.now;
        let token = Token { text: id.0, associated_data: associated_data.to_vec(), key, session, sealed_at };
        self.check_open(&token, associated_data);
        if self.tokens.len() == MOST_TOKENS {
            self.tokens.remove(0);
        }
        self.tokens.push(token);
    }

    fn check_open(&self, token: &Token, associated_data: &[u8]) {
        let expected = self.model.open(token, associated_data);
        self.check_not_logged_out(token, expected);
        let id = SessionId::new(token.text.as_str());
        let opened = self.store.open_with(&id, associated_data);
        if associated_data.is_empty() {
            self.check_read(&id, expected);
        }
        let session = match (opened, expected) {
            (Ok(session), Ok(state)) => {
                assert_eq!(session.key_state(), state);
                session
            }
            (opened, expected) => {
                let reason = opened.map(|_| ()).map_err(|error| error.reason());
                return assert_eq!(reason, expected.map(|_| ()));
            }
        };
        assert_eq!(session.key_id(), key_id(&token.key));
        assert_eq!(Some(*session.uid().as_bytes()), token.session.uid);
        assert_eq!(session.renewed_at_ms(), token.session.renewed);
        let record = session.into_record();
        assert_eq!(record.id, id);
        assert_eq!((&record.user_id, &record.data_json), (&token.session.user, &token.session.data));
        assert_eq!(record.created_at_ms, token.session.created);
        assert_eq!(record.expires_at_ms, self.model.end(&token.session));
    }

    /// The contract says the same, in fewer words.
    fn check_read(&self, id: &SessionId, expected: Result<KeyState, Reason>) {
        match (self.store.read(id), expected) {
            (Ok(record), Ok(_)) => assert_eq!(record, self.store.open(id).unwrap().into_record()),
            (Err(error), Err(reason)) => assert!(Refusal::Open(reason).reads_as(&error), "{error:?}"),
            (read, expected) => panic!("{read:?} instead of {expected:?}"),
        }
    }

    /// A rotation takes no key from a token that is still to live; a revocation does.
    fn check_not_logged_out(&self, token: &Token, expected: Result<KeyState, Reason>) {
        let (now, settings, ring) = (self.model.now, &self.model.settings, &self.model.ring);
        // A root that was removed by hand and came back with another period has other keys.
        let same = |root: &Root| root.secret == token.key.secret && root.period_s == token.key.period_s;
        let trusted = ring.roots.iter().any(|root| same(root) && !root.revoked);
        let believable = now.saturating_add(settings.leeway) >= token.sealed_at;
        if self.only_rotated && trusted && believable && now < self.model.end(&token.session) {
            let no_key = matches!(expected, Err(Reason::KeyGone | Reason::UnknownKey));
            assert!(!no_key, "a rotation has logged somebody out");
        }
    }

    fn delete(&mut self, token: u8) {
        let Some((token, _)) = self.pick(token, None) else { return };
        assert_eq!(self.store.delete(&SessionId::new(token.text.as_str())), Ok(()));
        self.check_open(&token, &token.associated_data); // It is stateless, and says so.
    }

    fn check_foreign(&self, text: &str) {
        let id = SessionId::new(text);
        if self.tokens.iter().all(|token| token.text != text) {
            assert!(matches!(self.store.read(&id), Err(SessionError::Invalid(_))));
        }
        assert_eq!(self.store.delete(&id), Ok(()));
    }

    fn check_remaining(&self, user: Option<&User>, data: &Data) {
        let (user, data) = (user.map(User::text), data.text());
        let expected = self.model.remaining(user.as_deref(), &data);
        match (self.store.remaining(user.as_deref(), &data), expected) {
            (Ok(left), Ok(expected)) => assert_eq!(left, expected),
            (Err(error), Err(reasons)) => assert!(Refused::exact(error).is_one_of(&reasons)),
            (remaining, expected) => panic!("{remaining:?} instead of {expected:?}"),
        }
    }

    fn make_csrf(&mut self, token: u8) {
        let Some((token, _)) = self.pick(token, None) else { return };
        let uid = token.session.uid.unwrap();
        match (self.store.csrf_token(SessionUid::from_bytes(uid)), self.model.sealing_key()) {
            (Ok(text), Some(key)) => {
                assert!(!self.model.random_fails && text.len() == 96);
                self.csrf_tokens.push(CsrfToken { text, key, uid });
            }
            (Err(_), key) => assert!(key.is_none() || self.model.random_fails),
            (Ok(_), None) => panic!("a CSRF token without a key"),
        }
    }

    fn check_csrf(&self, csrf: u8, token: u8) {
        let Some((token, _)) = self.pick(token, None) else { return };
        let Some(csrf) = self.csrf_tokens.get(usize::from(csrf) % self.csrf_tokens.len().max(1)) else {
            return;
        };
        let uid = token.session.uid.unwrap();
        let expected = match self.model.key_state(&csrf.key) {
            Ok(_) if csrf.uid != uid => Err(Reason::CsrfMismatch),
            state => state.map(|_| ()),
        };
        let checked = self.store.check_csrf_token(SessionUid::from_bytes(uid), &csrf.text);
        assert_eq!(checked.map_err(|error| error.reason()), expected);
    }
}

/// The ring and the clock.
impl Run {
    fn add_root(&mut self, secret: u8, period: u8, start: When) {
        let start = start.at(self.model.now).min(LAST_MS);
        let root = Root { retire_at: None, ..root(secret, entry(&PERIODS_S, period), start) };
        let live: Vec<Token> = self.live_tokens();
        let added = self.operators.1.add(root.clone(), self.model.now);
        assert_eq!(self.operators.0.add(root.build().unwrap(), self.model.now).is_ok(), added);
        // A clock that stepped back does not know what was sealed after this time; and retirements stop at
        // the end of the times that a ring file can hold.
        let known = start.max(self.model.now);
        self.only_rotated &= self.tokens.iter().all(|token| token.sealed_at <= known) && known < LAST_MS / 2;
        let swapped = self.publish();
        if added && swapped && self.only_rotated {
            assert!(live.iter().all(|token| self.model.open(token, &token.associated_data).is_ok()));
        }
    }

    fn live_tokens(&self) -> Vec<Token> {
        let live = |token: &&Token| self.model.open(token, &token.associated_data).is_ok();
        self.tokens.iter().filter(live).cloned().collect()
    }

    fn revoke_root(&mut self, root: u8, force: bool) {
        let (ring, expected) = &mut self.operators;
        let Some(at) = usize::from(root).checked_rem(expected.roots.len()) else { return };
        let (now, id) = (self.model.now, ring.roots()[at].id());
        let already = expected.roots[at].revoked;
        let revoked = ring.revoke(id, now, force);
        assert_eq!(revoked.is_ok(), expected.revoke(at, now, force));
        if let Ok(revoked) = revoked {
            let left = (0..expected.roots.len()).filter(|at| expected.state(*at, now).opens()).count();
            assert_eq!((revoked.already, revoked.left), (already, left));
            assert_eq!(revoked.sealing, expected.sealing(now).map(|at| ring.roots()[at].id()));
        }
        self.publish();
    }

    fn prune_roots(&mut self) {
        let now = self.model.now;
        let removed = self.operators.1.prune(now);
        let pruned = self.operators.0.prune(now);
        let ids = |roots: &[Root]| roots.iter().map(|root| secret(&root.secret).id()).collect::<Vec<_>>();
        assert_eq!(pruned.removed, ids(&removed));
        assert_eq!(pruned.kept.iter().map(|kept| kept.id).collect::<Vec<_>>(), ids(&self.operators.1.roots));
        self.publish();
    }

    fn replace_ring(&mut self, roots: &[NewRoot], max_ttl: u8) {
        let roots = roots.iter().take(4).map(|root| root.at(self.model.now)).collect();
        let ring = Ring { max_ttl_s: entry(&RING_MAX_TTLS_S, max_ttl), roots };
        let built = ring.build();
        assert_eq!(built.is_ok(), ring.is_sound(), "{ring:?}");
        if let Ok(built) = built {
            self.operators = (built, ring);
            self.only_rotated = false;
            self.publish();
        }
    }

    /// Hands the operator's ring to the store, by way of a file's text.
    fn publish(&mut self) -> bool {
        let (ring, expected) = &self.operators;
        assert!(expected.is(ring), "{ring:?} instead of {expected:?}");
        if *expected == self.model.ring {
            return true;
        }
        let copy = KeyRing::from_json(&ring.to_json().unwrap()).unwrap();
        assert!(expected.is(&copy), "{copy:?} instead of {expected:?}");
        let settings = &self.model.settings;
        let long_enough = settings.max_ttl <= expected.max_ttl_s.saturating_mul(1000);
        let fits = long_enough && expected.windows_fit(settings.leeway);
        assert_eq!(self.store.replace_ring(copy).is_ok(), fits);
        if fits {
            self.model.ring = expected.clone();
        }
        fits
    }

    fn step(&mut self, step: &Step) {
        if let Some(now) = self.target(step) {
            self.model.now = now;
            self.clock.set(now);
        }
    }

    fn target(&self, step: &Step) -> Option<u64> {
        let now = self.model.now;
        let root =
            |root: u8| self.model.ring.roots.get(usize::from(root) % self.model.ring.roots.len().max(1));
        let (edge, before) = match step {
            Step::To(when) => (when.at(now), false),
            Step::Token { token, edge, before } => {
                let (token, _) = self.pick(*token, None)?;
                let edge = match edge {
                    Edge::Renewed => token.session.renewed,
                    Edge::Leeway => token.session.renewed.saturating_sub(self.model.settings.leeway),
                    Edge::Expires => token.session.expires,
                    Edge::Lifetime => token.session.created.saturating_add(self.model.settings.lifetime),
                };
                (edge, *before)
            }
            Step::Root { root: at, retire: false, before } => (root(*at)?.activate_at, *before),
            Step::Root { root: at, retire: true, before } => (root(*at)?.retire_at?, *before),
            Step::Epoch { root: at, leeway, before } => {
                let root = root(*at)?;
                let begin =
                    root.epoch(now).saturating_add(1).saturating_mul(root.period_s).saturating_mul(1000);
                let leeway = if *leeway { self.model.settings.leeway } else { 0 };
                (begin.saturating_sub(leeway), *before)
            }
            Step::End { before } => (u64::MAX - u64::from(*before), false),
        };
        Some(edge.saturating_sub(before.into()))
    }
}

/// A refusal, as the store's own methods or the contract tell it.
#[derive(Debug)]
enum Refused {
    Exact(Refusal),
    Flat(SessionError),
}

impl Refused {
    fn exact(error: impl Into<Refusal>) -> Self {
        Self::Exact(error.into())
    }

    fn is_one_of(&self, reasons: &[Refusal]) -> bool {
        reasons.iter().any(|reason| match self {
            Self::Exact(refusal) => refusal == reason,
            Self::Flat(error) => reason.reads_as(error),
        })
    }
}

fn store(
    settings: &Settings,
    ring: KeyRing,
    clock: &ManualClock,
    draws: &Arc<Mutex<Draws>>,
) -> Option<SealedStore> {
    let draws = Arc::clone(draws);
    let builder = SealedStore::builder(ring)
        .app_id(APP)
        .cookie_name(NAME)
        .clock(clock.clone())
        .default_ttl(Duration::from_millis(settings.default_ttl))
        .max_ttl(Duration::from_millis(settings.max_ttl))
        .max_lifetime(Duration::from_millis(settings.lifetime))
        .leeway(Duration::from_millis(settings.leeway))
        .padding(settings.padding)
        .max_token_chars(settings.max_chars);
    hazmat::with_randomness(builder, move |out| draws.lock().unwrap().write(out)).build().ok()
}

fn key_id(key: &Key) -> sealed_session::KeyId {
    let context = Context { app_id: APP, cookie_name: NAME, period_s: key.period_s, epoch: key.epoch };
    hazmat::derive(&secret(&key.secret), &context, &[0; 24]).unwrap().key_id
}

fn secret(bytes: &[u8]) -> RootSecret {
    RootSecret::from_bytes(bytes).unwrap()
}

fn root(secret: u8, period_s: u64, activate_at: u64) -> Root {
    let secret = vec![secret % 6; 32];
    Root { secret, period_s, created_at: None, activate_at, retire_at: None, revoked: false }
}

fn is_object(data: &str) -> bool {
    data.is_empty() || matches!(json::read(data), Some(json::Json::Object(_)))
}

fn entry<T: Copy>(table: &[T], at: u8) -> T {
    table[usize::from(at) % table.len()]
}

impl Setup {
    fn settings(&self) -> Settings {
        let longest = entry(&RING_MAX_TTLS_S, self.ring_max_ttl) * SECOND;
        let max_ttl = entry(&TTLS, self.max_ttl).min(longest);
        Settings {
            default_ttl: entry(&TTLS, self.default_ttl).min(max_ttl),
            max_ttl,
            lifetime: entry(&LIFETIMES, self.lifetime),
            leeway: entry(&LEEWAYS, self.leeway),
            padding: entry(&PADDINGS, self.padding),
            max_chars: entry(&MAX_CHARS, self.max_chars),
        }
    }

    fn ring(&self) -> Ring {
        let period_s = entry(&PERIODS_S, self.period);
        Ring { max_ttl_s: entry(&RING_MAX_TTLS_S, self.ring_max_ttl), roots: vec![root(0, period_s, 0)] }
    }
}

impl NewRoot {
    fn at(&self, now: u64) -> Root {
        Root {
            retire_at: self.retire.map(|when| when.at(now).min(LAST_MS)),
            revoked: self.revoked,
            ..root(self.secret, entry(&PERIODS_S, self.period), self.activate.at(now).min(LAST_MS))
        }
    }
}

impl When {
    fn at(self, now: u64) -> u64 {
        match self {
            Self::Now => now,
            Self::In { hours } => now.saturating_add(u64::from(hours % 2_048) * HOUR),
            Self::Ago { hours } => now.saturating_sub(u64::from(hours % 2_048) * HOUR),
            Self::InMs(ms) => now.saturating_add(ms.into()),
            Self::AgoMs(ms) => now.saturating_sub(ms.into()),
            Self::Zero => 0,
            Self::Last => LAST_MS,
        }
    }
}

impl Tenant {
    fn bytes(self) -> &'static [u8] {
        match self {
            Self::None => b"",
            Self::One => b"tenant-1",
            Self::Another => b"tenant-2",
        }
    }
}

impl User {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Len(len) => "u".repeat(usize::from(*len % 8_192)),
            Self::AroundTheMost(more) => "u".repeat(65_533 + usize::from(*more % 4)),
        }
    }
}

impl Data {
    fn text(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Member { name, value } => format!("{{\"{name}\":{value}}}"),
            Self::Len(len) => format!("{{\"\":\"{}\"}}", "x".repeat(usize::from(*len % 8_192))),
        }
    }
}

impl Ttl {
    fn ms(&self) -> u64 {
        match self {
            Self::Default => 0,
            Self::Table(at) => entry(&TTLS, *at),
            Self::Ms(ms) => *ms,
        }
    }
}
