//! A browser: its cookies, what neighbours plant there, and the sessions of devices that it holds.

use crate::cookies::{Kind, Tokens};
use crate::device::{Held, Key};
use crate::jar::{Form, Jar, Place, Stored};
use crate::other;
use crate::request::HOSTS;
use crate::script::{Client, Site};

/// One browser, or a thief's tool that obeys the same rules.
#[derive(Default)]
pub struct Browser {
    jar: Jar,
    /// What neighbours have planted: it comes before our own.
    planted: Vec<Planted>,
    /// Who plants them again and again, and which.
    pub neighbour: Option<(Client, u8)>,
    /// The sessions of devices that it holds.
    pub held: Vec<Held>,
    /// What it was asked to register for last, and by whom.
    pub offer: Option<(&'static str, String)>,
}

/// What a neighbour has planted.
#[derive(Debug, Clone)]
pub struct Planted {
    /// Which of our cookies it passes for: without a prefix, or in a browser that does not know prefixes.
    pub kind: Option<Kind>,
    name: &'static str,
    pub token: String,
}

/// What a request brings.
#[derive(Default)]
pub struct Brought {
    pub header: Option<String>,
    /// Of its own.
    pub tokens: Tokens,
    pub planted: Vec<Planted>,
    /// Of its own, under a name that another one has already.
    pub doubles: Vec<(Kind, String)>,
    /// In the second session's cookie.
    pub other: Option<String>,
}

impl Browser {
    /// Takes what an answer sets.
    pub fn take(&mut self, now_ms: u64, place: Place, set_cookie: &str) {
        self.jar.take(now_ms, place, set_cookie);
    }

    pub fn has_proof(&self, now_ms: u64, place: Place) -> bool {
        self.jar.kept(now_ms, place, Kind::Proof.names()[0]).next().is_some()
    }

    /// What a request brings.
    pub fn brings(&self, now_ms: u64, place: Place) -> Brought {
        let planted = self.planted.iter().map(|planted| format!("{}={}", planted.name, planted.token));
        // What neighbours plant is sent always.
        let mut pairs: Vec<_> = planted.collect();
        let sent = |name: &str| self.jar.sent(now_ms, place, name).map(|stored| stored.value().to_owned());
        for name in Kind::ALL.into_iter().flat_map(Kind::names) {
            let wire = place.form.on_the_wire(name);
            pairs.extend(sent(name).map(|value| format!("{wire}={value}")));
        }
        let of_other = Place { form: Form::Host, ..place };
        let other =
            self.jar.sent(now_ms, of_other, other::NAME).next().map(|stored| stored.value().to_owned());
        pairs.extend(other.iter().map(|value| format!("{}={value}", other::NAME)));
        let header = (!pairs.is_empty()).then(|| pairs.join("; "));
        Brought { header, planted: self.planted.clone(), other, ..Self::told(sent) }
    }

    /// What it has for a place, whether it would send it or not.
    pub fn has(&self, now_ms: u64, place: Place) -> Brought {
        Self::told(|name| self.jar.kept(now_ms, place, name).map(|stored| stored.value().to_owned()))
    }

    fn told<V: Iterator<Item = String>>(values: impl Fn(&str) -> V) -> Brought {
        let others = |kind: Kind| values(kind.names()[0]).skip(1).map(move |value| (kind, value));
        let doubles = Kind::ALL.into_iter().flat_map(others).collect();
        Brought { tokens: Tokens::of(|name| values(name).next()), doubles, ..Brought::default() }
    }

    /// It closes, and begins again.
    pub fn restart(&mut self) {
        self.jar.restart();
    }

    /// Its clock is set forward.
    pub fn set_clock(&mut self, by_ms: i64) {
        self.jar.set_clock(by_ms);
    }

    /// What another host of the domain sets: what is for devices, in browsers that do not know prefixes; and the
    /// session's cookie, under its own name where that has no prefix. Otherwise browsers refuse the name, so neighbours
    /// try what may be taken for it.
    pub fn plant(&mut self, which: u8, has: &Tokens, form: Form) {
        let names = [
            "\u{2003}__Host-session",
            "%5F%5FHost-session",
            "session",
            "__Host-session%20",
            "\"__Host-session\"",
            "__Host-session\u{a0}",
        ];
        let planted = |kind: Option<Kind>, name: &'static str, token: Option<&String>| {
            token.map(|token| Planted { kind, name, token: token.clone() })
        };
        let of_device = |kind: Kind| planted(Some(kind), kind.names()[0], has.get(kind));
        let kinds: &[Kind] = match which % 4 {
            0 if has.get(Kind::Proof).is_some() => &[Kind::Proof],
            1 if has.get(Kind::Proof).is_some() => &[Kind::Proof, Kind::Bound],
            _ => &[],
        };
        let name = names[usize::from(which) % names.len()];
        let token = has.get(Kind::Bound).or(has.ordinary());
        self.planted = match kinds {
            [] if form != Form::Host => {
                planted(Some(Kind::Ordinary), form.name(), token).into_iter().collect()
            }
            [] => planted(None, name, token).into_iter().collect(),
            kinds => kinds.iter().copied().filter_map(of_device).collect(),
        };
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// All that another browser has of the first host where it has anything, to be sent to every host; but no key. A
    /// thief has the proof for good, or drops it when its browser would.
    pub fn copy(&mut self, now_ms: u64, other: &Self, keeps_proof: bool, form: Form, key: &Key) -> bool {
        let at = |host: &'static str| Place { host, form, site: Site::Same };
        let all = |host: &'static str| {
            let names = Kind::ALL.into_iter().flat_map(Kind::names);
            names
                .flat_map(move |name| other.jar.kept(now_ms, at(host), name))
                .cloned()
                .collect::<Vec<Stored>>()
        };
        let of_session = |host: &&'static str| {
            let mut names = Kind::OF_SESSION.iter().map(|kind| kind.names()[0]);
            names.any(|name| other.jar.kept(now_ms, at(host), name).next().is_some())
        };
        let Some(from) = HOSTS.into_iter().find(of_session) else { return false };
        self.clear();
        for host in HOSTS {
            all(from).iter().for_each(|stored| self.take(now_ms, at(host), &stored.as_copied()));
        }
        let proof = Kind::Proof.names()[0];
        if let (false, Some(stored)) = (keeps_proof, other.jar.kept(now_ms, at(from), proof).next()) {
            self.jar.last_until(proof, stored.over_ms);
        }
        self.offer = other.offer.clone();
        let with_own_key = |held: &Held| Held {
            key: key.clone(),
            signed: None,
            replays: held.signed.clone(),
            ..held.clone()
        };
        self.held = other.held.iter().map(with_own_key).collect();
        true
    }
}
