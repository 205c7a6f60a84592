//! A token that is refused, and the one change that makes it open, or be refused for another reason.

use super::file::Vector;
use super::json::{Json, Members, hex};
use super::scene::{Scene, decode, encode, salt};

/// A refused token, before it is a vector.
pub(crate) struct Refusal {
    comment: String,
    flag: &'static str,
    check: &'static str,
    /// The check that refuses it once it is repaired.
    then: Option<&'static str>,
    /// What the opener is asked, the defect included.
    scene: Scene,
    token: String,
    /// What the token seals, where its tag is right.
    record: Option<Vec<u8>>,
    repair: (&'static str, Json),
    /// Whether it is a key of the next epoch that is unknown.
    of_next_epoch: bool,
}

impl Refusal {
    /// Another text than the one that was sealed.
    pub(crate) fn respelt(
        (comment, flag, check): (&str, &'static str, &'static str),
        scene: &Scene,
        change: impl FnOnce(&str) -> String,
    ) -> Self {
        let good = scene.token(&salt(comment));
        let bad = change(&good);
        Self::of_text((comment, flag, check), scene, bad, good)
    }

    /// Other bytes than those that were sealed.
    pub(crate) fn altered(
        what: (&str, &'static str, &'static str),
        scene: &Scene,
        change: impl FnOnce(&mut Vec<u8>),
    ) -> Self {
        Self::respelt(what, scene, |good| {
            let mut octets = decode(good);
            change(&mut octets);
            encode(&octets)
        })
    }

    /// A record that is no good, under a tag that is right.
    pub(crate) fn malformed(
        (comment, flag, check): (&str, &'static str, &'static str),
        scene: &Scene,
        bad: Vec<u8>,
    ) -> Self {
        let salt = salt(comment);
        let (token, good) = (scene.token_of(&salt, &bad), scene.token(&salt));
        Self { record: Some(bad), ..Self::of_text((comment, flag, check), scene, token, good) }
    }

    /// A sound token that is opened under other circumstances: `member` is the one that differs.
    pub(crate) fn elsewhere(
        (comment, flag, check): (&str, &'static str, &'static str),
        good: &Scene,
        member: &'static str,
        change: impl FnOnce(&mut Scene),
    ) -> Self {
        Self {
            comment: comment.into(),
            flag,
            check,
            then: None,
            scene: good.with(change),
            token: good.token(&salt(comment)),
            record: Some(good.record()),
            repair: (member, good.member(member)),
            of_next_epoch: false,
        }
    }

    /// A text that is refused, and the one that opens in its place.
    pub(crate) fn of_text(
        (comment, flag, check): (&str, &'static str, &'static str),
        scene: &Scene,
        bad: String,
        good: String,
    ) -> Self {
        assert_ne!(bad, good, "{comment}");
        let repair = ("token", Json::from(good));
        let (comment, scene) = (comment.into(), scene.clone());
        Self {
            comment,
            flag,
            check,
            then: None,
            scene,
            token: bad,
            record: None,
            repair,
            of_next_epoch: false,
        }
    }

    /// A token with two faults, of which the repair mends the first.
    pub(crate) fn and_then(self, check: &'static str) -> Self {
        Self { then: Some(check), ..self }
    }

    /// What the token seals under a tag that is right.
    pub(crate) fn of_record(self, record: Vec<u8>) -> Self {
        Self { record: Some(record), ..self }
    }

    /// Under a key that the ring does not have, not even once it is mended.
    pub(crate) fn without_record(self) -> Self {
        Self { record: None, ..self }
    }

    /// Under a key of the epoch after the last one that opens, once the first of two faults is mended.
    pub(crate) fn of_next_epoch(self) -> Self {
        Self { of_next_epoch: true, ..self }
    }

    pub(crate) fn into_vector(self) -> Vector {
        let mut body = members! {
            "token": self.token,
            "ad": self.scene.member("ad"),
            "now": self.scene.now,
        };
        body.extend(self.record.map(|record| ("record", Json::from(hex(&record)))));
        let of_next = self.of_next_epoch && self.then.is_none();
        body.extend(told(self.check, of_next || self.scene.is_transient(self.check)));
        body.push(("repair", Json::Object(vec![self.repair])));
        // What is left is told of the session: in these vectors the repair of the first fault changes no time.
        body.extend(self.then.map(|check| {
            ("then", Json::Object(told(check, self.of_next_epoch || self.scene.is_transient(check))))
        }));
        Vector {
            kind: if self.then.is_some() { "SealedSessionOpenOrder" } else { "SealedSessionOpenRefused" },
            group: self.scene.opener(),
            comment: self.comment,
            flags: vec![self.flag],
            valid: false,
            body,
        }
    }
}

fn told(check: &str, transient: bool) -> Members {
    let outcome = if check == "expired" { "not_found" } else { "invalid" };
    let mut told = members! { "outcome": outcome, "check": check };
    told.extend(transient.then(|| ("transient", Json::from(true))));
    told
}
