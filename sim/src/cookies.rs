//! The cookies of a session and of the device that it is bound to, as texts.

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Ordinary,
    Bound,
    /// On its way to a device.
    Pending,
    Proof,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Ordinary, Self::Bound, Self::Pending, Self::Proof];
    pub const OF_DEVICE: [Self; 3] = [Self::Bound, Self::Pending, Self::Proof];
    pub const OF_SESSION: [Self; 3] = [Self::Ordinary, Self::Bound, Self::Pending];

    /// Its name, and that of the second cookie where a token is cut over two.
    pub fn names(self) -> [&'static str; 2] {
        match self {
            Self::Ordinary => ["__Host-session", "__Host-session.1"],
            Self::Bound => ["__Host-session-bound", "__Host-session-bound.1"],
            Self::Pending => ["__Host-session-new", "__Host-session-new.1"],
            Self::Proof => ["__Host-session-proof", "__Host-session-proof.1"],
        }
    }
}

/// What a bound cookie says whose session has ended.
const ENDED: &str = "ended";

/// The tokens that a client has, or brings with a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tokens([Option<String>; 4]);

impl Tokens {
    /// Of cookies by their names. What only tells of an end is no token.
    pub fn of(value: impl Fn(&str) -> Option<String>) -> Self {
        Self(Kind::ALL.map(|kind| {
            let [first, second] = kind.names();
            let token = joined(&value(first)?, || value(second));
            (token != ENDED).then_some(token)
        }))
    }

    pub fn get(&self, kind: Kind) -> Option<&String> {
        self.0.get(kind as usize)?.as_ref()
    }

    pub fn ordinary(&self) -> Option<&String> {
        self.get(Kind::Ordinary)
    }

    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }
}

fn joined(first: &str, second: impl FnOnce() -> Option<String>) -> String {
    match first.strip_prefix("2.") {
        Some(half) => half.to_owned() + &second().unwrap_or_default(),
        None => first.to_owned(),
    }
}

/// What an answer does with the cookies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    pub tokens: Vec<(Kind, String)>,
    removed: Vec<Kind>,
    /// For how long each cookie of a token is to be kept; without a time until the browser closes.
    lives: Vec<(Kind, Option<u64>)>,
}

impl Sent {
    pub fn of(sets: &[String]) -> Self {
        let mut sent = Self::default();
        for kind in Kind::ALL {
            let [first, second] = kind.names().map(|name| named(sets, name));
            let tokens = first.iter().map(|first| joined(first, || Some(second.concat())));
            let (tokens, ends): (Vec<_>, Vec<_>) = tokens.partition(|token| token != ENDED);
            let is_removed = sets.iter().any(|set| set.starts_with(&format!("{}=;", kind.names()[0])));
            if tokens.is_empty() && (is_removed || !ends.is_empty()) {
                sent.removed.push(kind);
            }
            if !tokens.is_empty() {
                let all = kind.names().into_iter().flat_map(|name| of_name(sets, name));
                sent.lives.extend(all.map(|set| (kind, life_s(set))));
            }
            sent.tokens.extend(tokens.into_iter().map(|token| (kind, token)));
        }
        sent
    }

    /// Whether it takes such a cookie away. What tells of an end is no cookie of a session any more.
    pub fn removes(&self, kind: Kind) -> bool {
        self.removed.contains(&kind)
    }

    pub fn sets(&self, kind: Kind) -> bool {
        self.tokens.iter().any(|(set, _)| *set == kind)
    }

    /// For how many seconds the cookies of such a token are to be kept.
    pub fn lives_s(&self, kind: Kind) -> impl Iterator<Item = Option<u64>> {
        self.lives.iter().filter(move |(of, _)| *of == kind).map(|(_, life_s)| *life_s)
    }

    /// Whether a cookie of this kind is not what it was.
    pub fn overwrites(&self, kind: Kind) -> bool {
        self.removes(kind) || self.sets(kind)
    }

    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty() && self.removed.is_empty()
    }
}

fn named(sets: &[String], name: &str) -> Vec<String> {
    let value = |set: &String| set.split(';').next()?.split_once('=').map(|(_, value)| value.to_owned());
    of_name(sets, name).filter_map(value).collect()
}

/// What brings a cookie, and takes none away.
fn of_name<'s>(sets: &'s [String], name: &str) -> impl Iterator<Item = &'s String> {
    let of_name = move |set: &&String| set.strip_prefix(name).is_some_and(|rest| rest.starts_with('='));
    sets.iter().filter(of_name).filter(|set| !set.contains("; Max-Age=0"))
}

fn life_s(set: &str) -> Option<u64> {
    set.split("; ").find_map(|attribute| attribute.strip_prefix("Max-Age="))?.parse().ok()
}
