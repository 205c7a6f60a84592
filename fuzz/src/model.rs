//! A plain model of the store (SPEC.md, sections 9 to 12 and 14): what each operation answers, computed from
//! what was sealed and not from any token.

use sealed_session::{KeyState, OpenError, Reason, ResealError, SealError, SessionError};

use crate::record;
use crate::ring::Ring;

/// A store's settings; times in milliseconds.
#[derive(Debug, Clone)]
pub struct Settings {
    pub default_ttl: u64,
    pub max_ttl: u64,
    pub lifetime: u64,
    pub leeway: u64,
    pub padding: usize,
    pub max_chars: usize,
}

/// What a token stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    pub created: u64,
    pub renewed: u64,
    pub expires: u64,
    /// Nothing stands for one that is still to be drawn.
    pub uid: Option<[u8; 16]>,
    pub user: Option<String>,
    pub data: String,
}

/// Names a sealing key.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    pub secret: Vec<u8>,
    pub period_s: u64,
    pub epoch: u64,
}

/// A token that the store has made, with all that it stands for.
#[derive(Debug, Clone)]
pub struct Token {
    pub text: String,
    pub associated_data: Vec<u8>,
    pub key: Key,
    pub session: Session,
    pub sealed_at: u64,
}

/// Why an operation made nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    Open(Reason),
    NotAnObject,
    TooDeep,
    UserIdTooLong { len: usize },
    TooLarge { needed: usize, allowed: usize },
    ExpiredAtOnce,
    NoSealingKey,
    NoRandomness,
}

use Refusal::{
    ExpiredAtOnce, NoRandomness, NoSealingKey, NotAnObject, Open, TooDeep, TooLarge, UserIdTooLong,
};

/// A session to seal, or every reason not to: which of several is told is up to the store.
pub type Answer = Result<Session, Vec<Refusal>>;

#[derive(Debug, Clone)]
pub struct Model {
    pub now: u64,
    pub settings: Settings,
    pub ring: Ring,
    pub random_fails: bool,
}

impl Model {
    /// The check that refuses a token under this associated data, or the state of its key.
    pub fn open(&self, token: &Token, associated_data: &[u8]) -> Result<KeyState, Reason> {
        let state = self.key_state(&token.key)?;
        if token.associated_data != associated_data {
            return Err(Reason::Tag);
        }
        if token.session.renewed > self.now.saturating_add(self.settings.leeway) {
            return Err(Reason::Future);
        }
        if self.now >= self.end(&token.session) {
            return Err(Reason::Expired);
        }
        Ok(state)
    }

    /// The state of a key that opens tokens.
    pub fn key_state(&self, key: &Key) -> Result<KeyState, Reason> {
        let mut roots = self.ring.roots.iter().enumerate();
        let found = roots.find(|(_, root)| root.secret == key.secret && root.period_s == key.period_s);
        let (at, root) = found.ok_or(Reason::UnknownKey)?;
        if !self.ring.window(root, self.now, self.settings.leeway).contains(&key.epoch) {
            return Err(Reason::UnknownKey);
        }
        match self.ring.key_state(at, key.epoch, self.now) {
            KeyState::Revoked => Err(Reason::KeyRevoked),
            KeyState::Gone => Err(Reason::KeyGone),
            state => Ok(state),
        }
    }

    /// The key that seals.
    pub fn sealing_key(&self) -> Option<Key> {
        let root = &self.ring.roots[self.ring.sealing(self.now)?];
        let epoch = root.epoch(self.now);
        Some(Key { secret: root.secret.clone(), period_s: root.period_s, epoch })
    }

    /// When a session is over.
    pub fn end(&self, session: &Session) -> u64 {
        session.expires.min(session.created.saturating_add(self.settings.lifetime))
    }

    pub fn create(&self, user: Option<&str>, data: &str, is_object: bool, ttl: u64) -> Answer {
        self.begin(user, data, ttl, refusal_of(data, is_object))
    }

    fn begin(&self, user: Option<&str>, data: &str, ttl: u64, of_data: Option<Refusal>) -> Answer {
        let now = self.now;
        let (user, data) = (user.map(str::to_owned), or_empty(data));
        let expires = self.expiry(now, now, ttl);
        self.seal(Session { created: now, renewed: now, expires, uid: None, user, data }, of_data)
    }

    pub fn update(&self, token: &Token, associated_data: &[u8], data: &str, is_object: bool) -> Answer {
        self.change(token, associated_data)?;
        let of_data = refusal_of(data, is_object);
        self.seal(Session { data: or_empty(data), ..token.session.clone() }, of_data)
    }

    pub fn touch(&self, token: &Token, associated_data: &[u8], ttl: u64) -> Answer {
        self.change(token, associated_data)?;
        let renewed = self.now.max(token.session.renewed);
        let expires = self.expiry(token.session.created, renewed, ttl);
        if expires <= renewed {
            return Err(vec![Open(Reason::Expired)]);
        }
        self.seal(Session { renewed, expires, ..token.session.clone() }, None)
    }

    pub fn reseal(&self, token: &Token, associated_data: &[u8]) -> Answer {
        self.change(token, associated_data)?;
        self.seal(token.session.clone(), None)
    }

    pub fn cycle(&self, token: &Token, associated_data: &[u8]) -> Answer {
        self.change(token, associated_data)?;
        self.seal(Session { uid: None, ..token.session.clone() }, None)
    }

    pub fn authenticate(&self, token: &Token, associated_data: &[u8], user: &str) -> Answer {
        self.change(token, associated_data)?;
        let is_another = token.session.user.as_deref().is_some_and(|was| was != user);
        let data = if is_another { "{}" } else { &token.session.data };
        self.begin(Some(user), data, 0, None)
    }

    /// Characters of a session's token.
    pub fn chars(&self, session: &Session) -> usize {
        let len = record::len(session.user.as_deref(), &session.data);
        let padding = self.settings.padding.max(1);
        chars(len.div_ceil(padding).saturating_mul(padding).min(self.longest_record()))
    }

    /// Octets by which data may grow, or why there are none.
    pub fn remaining(&self, user: Option<&str>, data: &str) -> Result<usize, Vec<Refusal>> {
        let refusals = self.size_refusals(user, data);
        let len = record::len(user, data);
        if refusals.is_empty() { Ok(self.longest_record() - len) } else { Err(refusals) }
    }

    fn change(&self, token: &Token, associated_data: &[u8]) -> Result<(), Vec<Refusal>> {
        self.open(token, associated_data).map(|_| ()).map_err(|reason| vec![Open(reason)])
    }

    fn seal(&self, session: Session, of_data: Option<Refusal>) -> Answer {
        let mut refusals = self.size_refusals(session.user.as_deref(), &session.data);
        refusals.extend(of_data);
        refusals.extend(Some(ExpiredAtOnce).filter(|_| session.renewed >= session.expires));
        refusals.extend(Some(NoSealingKey).filter(|_| self.sealing_key().is_none()));
        refusals.extend(Some(NoRandomness).filter(|_| self.random_fails));
        if refusals.is_empty() { Ok(session) } else { Err(refusals) }
    }

    fn size_refusals(&self, user: Option<&str>, data: &str) -> Vec<Refusal> {
        let (needed, allowed) = (chars(record::len(user, data)), self.settings.max_chars);
        let user_len = user.map_or(0, str::len);
        let too_long = (user_len > 65_534).then_some(UserIdTooLong { len: user_len });
        let too_large = (needed > allowed).then_some(TooLarge { needed, allowed });
        too_long.into_iter().chain(too_large).collect()
    }

    fn longest_record(&self) -> usize {
        self.settings.max_chars * 3 / 4 - 57
    }

    fn expiry(&self, created: u64, renewed: u64, asked: u64) -> u64 {
        let ttl = if asked == 0 { self.settings.default_ttl } else { asked };
        let idle = renewed.saturating_add(ttl.min(self.settings.max_ttl));
        idle.min(created.saturating_add(self.settings.lifetime))
    }
}

/// Characters of the token of a record.
fn chars(record_len: usize) -> usize {
    ((57 + record_len) * 4).div_ceil(3)
}

fn or_empty(data: &str) -> String {
    if data.is_empty() { "{}".to_owned() } else { data.to_owned() }
}

fn refusal_of(data: &str, is_object: bool) -> Option<Refusal> {
    match is_object {
        false => Some(NotAnObject),
        true => (depth(data) > 64).then_some(TooDeep),
    }
}

/// How many objects and arrays stand in each other in JSON, of which nothing in quotes counts.
fn depth(json: &str) -> usize {
    let unescaped = json.replace(r"\\", "").replace(r#"\""#, "");
    let outside = unescaped.split('"').step_by(2).flat_map(str::chars);
    let (deepest, _) = outside.fold((0, 0_usize), |(deepest, depth), c| match c {
        '{' | '[' => (deepest.max(depth + 1), depth + 1),
        '}' | ']' => (deepest, depth - 1),
        _ => (deepest, depth),
    });
    deepest
}

impl Refusal {
    /// Whether the contract's flat error stands for this refusal.
    pub fn reads_as(&self, error: &SessionError) -> bool {
        match (self, error) {
            (Open(Reason::Expired), SessionError::NotFound) => true,
            (Open(Reason::Expired), _) => false,
            (Open(_), SessionError::Invalid(message)) => message == "the token was refused",
            (NotAnObject, SessionError::Invalid(message)) => message.contains("JSON object"),
            (TooDeep, SessionError::Invalid(message)) => message.contains("64 objects and arrays"),
            (UserIdTooLong { .. }, SessionError::Invalid(message)) => message.contains("user id"),
            (
                TooLarge { .. } | ExpiredAtOnce | NoSealingKey | NoRandomness,
                SessionError::Backend(message),
            ) => !message.is_empty(),
            _ => false,
        }
    }
}

impl From<OpenError> for Refusal {
    fn from(error: OpenError) -> Self {
        Open(error.reason())
    }
}

impl From<SealError> for Refusal {
    fn from(error: SealError) -> Self {
        match error {
            SealError::NotAnObject { .. } => NotAnObject,
            SealError::TooDeep { .. } => TooDeep,
            SealError::UserIdTooLong { len } => UserIdTooLong { len },
            SealError::TooLarge { needed, allowed } => TooLarge { needed, allowed },
            SealError::ExpiredAtOnce => ExpiredAtOnce,
            SealError::NoSealingKey => NoSealingKey,
            SealError::NoRandomness => NoRandomness,
            other => panic!("{other}"),
        }
    }
}

impl From<ResealError> for Refusal {
    fn from(error: ResealError) -> Self {
        match error {
            ResealError::Open(error) => error.into(),
            ResealError::Seal(error) => error.into(),
        }
    }
}
