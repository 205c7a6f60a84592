//! What keys, limits and settings make of texts that are sound otherwise.

use super::browser::{self, Browser};
use super::refused_bound::bound_refused;
use super::server::{CHALLENGE_TTL, LOGIN, OTHER, Server, USER, binding, random};
use super::{offered_by, registered_at, vector};
use crate::vectors::file::Vector;
use crate::vectors::json::{Json, Members, hex};
use crate::vectors::scene::{DAY, DAY_S, HOUR, RENEWED, RootLife, root};

/// Comment, flag, check and outcome.
type Told = (&'static str, &'static str, &'static str, &'static str);

pub(super) fn all() -> Vec<Vector> {
    [other_settings(), own_limits(), keys(), epochs(), not_sealed()].into_iter().flatten().collect()
}

/// A device that registered an hour ago with the usual server, whose keys and settings need not be those of now.
struct Known {
    server: Server,
    browser: Browser,
    identifier: String,
}

impl Known {
    fn new() -> Self {
        Self::since(RENEWED - HOUR)
    }

    fn since(registered_at_ms: u64) -> Self {
        let (server, browser) = (Server::new(), Browser::new(1));
        let identifier = server.identifier(&random("identifier", 40), &browser, USER, registered_at_ms);
        Self { server, browser, identifier }
    }

    fn challenge_by(&self, server: &Server, now: u64) -> String {
        server.refresh_challenge(&random("challenge", 40), &self.identifier, now)
    }

    fn challenge(&self, now: u64) -> String {
        self.challenge_by(&self.server, now)
    }
}

fn with_repair((check, outcome): (&str, &str), repair: (&'static str, Json), mut body: Members) -> Members {
    body.extend(members! { "check": check, "outcome": outcome, "repair": Json::Object(vec![repair]) });
    body
}

fn registration(
    (comment, flag, check, outcome): Told,
    server: &Server,
    now: u64,
    challenge: &str,
    repair: (&'static str, Json),
) -> Vector {
    let body = members! {
        "login_uid": hex(&LOGIN),
        "user": USER,
        "now": now,
        "jwt": Browser::new(1).registration(challenge),
    };
    vector("DbscRegistrationRefused", comment, flag, server, with_repair((check, outcome), repair, body))
}

fn refresh(
    (comment, flag, check, outcome): Told,
    server: &Server,
    now: u64,
    [identifier, jwt]: [&str; 2],
    repair: (&'static str, Json),
) -> Vector {
    let body = members! { "identifier": identifier, "jwt": jwt, "now": now };
    vector("DbscRefreshRefused", comment, flag, server, with_repair((check, outcome), repair, body))
}

fn proven(comment: &str, server: &Server, known: &Known, registered_at_ms: u64, challenge: &str) -> Vector {
    let random = random(comment, 80);
    let body = members! {
        "identifier": &known.identifier,
        "jwt": known.browser.refresh(challenge),
        "now": RENEWED,
        "random": hex(&random),
        "binding": hex(&binding(&known.identifier)),
        "uid": hex(&super::random("identifier", 40)[..16]),
        "user": USER,
        "registered_at_ms": registered_at_ms,
        "proof": server.proof(&random[..40], &known.identifier, RENEWED),
        "challenge": server.refresh_challenge(&random[40..], &known.identifier, RENEWED),
    };
    vector("DbscProven", comment, "Ttl", server, body)
}

fn asked(
    (comment, flag): (&str, &'static str),
    server: &Server,
    known: &Known,
    challenge: Option<&str>,
) -> Vector {
    let random = random(comment, 40);
    let body = members! {
        "identifier": &known.identifier,
        "jwt": challenge.map(|challenge| known.browser.refresh(challenge)),
        "now": RENEWED,
        "random": hex(&random),
        "challenge": server.refresh_challenge(&random, &known.identifier, RENEWED),
    };
    vector("DbscAsked", comment, flag, server, body)
}

/// What a server of other settings makes.
fn other_settings() -> Vec<Vector> {
    let (server, known) = (Server::set(OTHER), Known::new());
    let challenge = server.registration_challenge(&random("a registration", 40));
    let jwt = known.browser.registration(&challenge);
    let comments = [
        "other settings: a device registers, and its identifier is padded",
        "other settings: a device registers, and its identifier of a longer user id is padded",
    ];
    let longer = Some("a user id of two bytes more than fit the same padding");
    vec![
        offered_by(&server, "other settings: a challenge for a registration", "Ttl"),
        registered_at(&server, "Ttl", (comments[0], USER, jwt.clone())),
        registered_at(&server, "Ttl", (comments[1], longer, jwt)),
        proven(
            "other settings: a device refreshes",
            &server,
            &known,
            RENEWED - HOUR,
            &known.challenge(RENEWED),
        ),
        asked(("other settings: a refresh without a proof", "Ttl"), &server, &known, None),
    ]
}

/// Texts that were sealed for longer than this server lets them live, each side of its limit. Others still may have the
/// longer one, and all the same none of these is transient.
fn own_limits() -> Vec<Vector> {
    let (server, known) = (Server::set(OTHER), Known::new());
    let (old, over) = (RENEWED - OTHER.identifier, RENEWED - OTHER.registration);
    let aged = Known::since(old);
    let just = Known::since(old + 1);
    let good = aged.browser.refresh(&aged.challenge(RENEWED));
    let offered = |ttl| {
        known.server.challenge_of(
            &random("offered", 40),
            r#"{"register":"BwcHBwcHBwcHBwcHBwcHBw"}"#,
            over,
            ttl,
        )
    };
    let proof_at = |made| known.server.proof(&random("proof", 40), &known.identifier, made);
    let [late, in_time] = [RENEWED - OTHER.proof, RENEWED - OTHER.proof + 1].map(proof_at);
    let token = server.bound("of mine", &known.identifier, b"");
    vec![
        proven(
            "an identifier 1 ms before a lifetime that became shorter",
            &server,
            &just,
            old + 1,
            &just.challenge(RENEWED),
        ),
        proven(
            "a challenge 1 ms before a TTL that became shorter",
            &server,
            &known,
            RENEWED - HOUR,
            &known.challenge(over + 1),
        ),
        asked(
            ("a challenge at the end of a TTL that became shorter", "Ttl"),
            &server,
            &known,
            Some(&known.challenge(over)),
        ),
        refresh(
            (
                "an identifier at the end of a lifetime that became shorter",
                "Ttl",
                "identifier_expired",
                "ends",
            ),
            &server,
            RENEWED,
            [&aged.identifier, &good],
            ("now", Json::from(RENEWED - 1)),
        ),
        registration(
            ("a registration at the end of a TTL that became shorter", "Ttl", "challenge_expired", "ends"),
            &server,
            RENEWED,
            &offered(HOUR),
            ("now", Json::from(RENEWED - 1)),
        ),
        bound_refused(
            ("a proof at the end of a TTL that became shorter", "Ttl"),
            &server,
            ("proof", "expired"),
            [&late, &token],
            ("proof", Json::from(in_time)),
        ),
    ]
}

/// Another root beside the usual one.
fn beside(life: &RootLife) -> Server {
    Server::with(|s| s.roots.push(life.clone()))
}

/// Texts under the key of a root that is revoked, or gone.
fn keys() -> Vec<Vector> {
    let known = Known::new();
    let life = RootLife { activate_at_ms: RENEWED - HOUR, ..root(2) };
    let good = beside(&life).sealing_last();
    let revoked = beside(&RootLife { revoked: true, ..life.clone() });
    let gone = beside(&RootLife { retire_at_ms: Some(RENEWED), ..life.clone() });
    let ring = || ("ring", good.0.member("ring"));
    let challenge = good.registration_challenge(&random("a registration", 40));
    let identifier = good.identifier(&random("identifier", 40), &known.browser, USER, RENEWED - HOUR);
    let signed = known.browser.refresh(&known.server.refresh_challenge(
        &random("challenge", 40),
        &identifier,
        RENEWED,
    ));
    let of_challenge = |comment, flag, server| {
        registration((comment, flag, "challenge", "ends"), server, RENEWED, &challenge, ring())
    };
    let of_identifier = |comment, flag, server| {
        refresh((comment, flag, "identifier", "ends"), server, RENEWED, [&identifier, &signed], ring())
    };
    vec![
        of_challenge(
            "a registration whose challenge is of a key that was revoked since",
            "KeyRevoked",
            &revoked,
        ),
        of_challenge("a registration whose challenge is of a key that is gone", "KeyGone", &gone),
        of_identifier("an identifier of a key that was revoked since", "KeyRevoked", &revoked),
        of_identifier("an identifier of a key that is gone", "KeyGone", &gone),
    ]
}

/// Texts under epochs that this server has not reached, or has left.
fn epochs() -> Vec<Vector> {
    let known = Known::new();
    let life = RootLife { period_s: DAY_S, activate_at_ms: RENEWED - HOUR, ..root(2) };
    let daily = beside(&life);
    let revoked = beside(&RootLife { revoked: true, ..life });
    let at = |epoch: u64| Server(daily.0.with(|s| (s.sealing, s.epoch) = (1, epoch)), daily.1);
    let today = RENEWED / DAY;
    let [next, past] = [today + 1, today - 40].map(at);
    let reached = (today + 1) * DAY - 60_000;
    let identifier = next.identifier(&random("identifier", 40), &known.browser, USER, RENEWED - HOUR);
    let of_identifier = known.browser.refresh(&known.server.refresh_challenge(
        &random("challenge", 40),
        &identifier,
        reached - 1,
    ));
    let soon = known.browser.refresh(&known.challenge_by(&next, reached - 1));
    let good = known.browser.refresh(&known.challenge(RENEWED));
    let left = known.browser.refresh(&known.challenge_by(&past, RENEWED));
    let offered = next.challenge_of(
        &random("offered", 40),
        r#"{"register":"BwcHBwcHBwcHBwcHBwcHBw"}"#,
        reached - 1,
        60_000,
    );
    let now = || ("now", Json::from(reached));
    let of_past = |comment, server| {
        let texts = [known.identifier.as_str(), &left];
        refresh((comment, "Epoch", "challenge", "ends"), server, RENEWED, texts, ("jwt", Json::from(&good)))
    };
    vec![
        refresh(
            ("an identifier of the next epoch", "Epoch", "identifier", "transient"),
            &daily,
            reached - 1,
            [&identifier, &of_identifier],
            now(),
        ),
        refresh(
            ("a refresh whose challenge is of the next epoch", "Epoch", "challenge", "transient"),
            &daily,
            reached - 1,
            [&known.identifier, &soon],
            now(),
        ),
        registration(
            ("a registration whose challenge is of the next epoch", "Epoch", "challenge", "transient"),
            &daily,
            reached - 1,
            &offered,
            now(),
        ),
        of_past("a refresh whose challenge is of an epoch before the window", &daily),
        of_past("a refresh whose challenge is of a revoked root, of an epoch before the window", &revoked),
        asked(
            ("a refresh whose challenge is of an epoch of a root that was revoked since", "KeyRevoked"),
            &revoked,
            &known,
            Some(&known.challenge_by(&at(today), RENEWED)),
        ),
    ]
}

/// A ring of which no key seals, but which opens: what is to be made can be made in a moment.
fn not_sealed() -> Vec<Vector> {
    let known = Known::new();
    let staged = Server::with(|s| s.roots[0].activate_at_ms = RENEWED + 1);
    let ring = || ("ring", known.server.0.member("ring"));
    let challenge = known.server.registration_challenge(&random("a registration", 40));
    let good = known.browser.refresh(&known.challenge(RENEWED));
    let over = known.browser.refresh(&known.challenge(RENEWED - CHALLENGE_TTL));
    let of_refresh = |comment, jwt: Json| {
        let mut body = members! { "identifier": &known.identifier };
        body.push(("jwt", jwt));
        body.push(("now", Json::from(RENEWED)));
        let body = with_repair(("not_sealed", "transient"), ring(), body);
        vector("DbscRefreshRefused", comment, "NoSealingKey", &staged, body)
    };
    let forged = browser::resigned(&good, |signature| signature[0] ^= 0x80);
    let both = members! { "identifier": &known.identifier, "jwt": forged, "now": RENEWED };
    let mut both = with_repair(("signature", "ends"), ("jwt", Json::from(&good)), both);
    both.push(("then", Json::Object(members! { "outcome": "transient", "check": "not_sealed" })));
    vec![
        registration(
            ("a registration while no key seals", "NoSealingKey", "not_sealed", "transient"),
            &staged,
            RENEWED,
            &challenge,
            ring(),
        ),
        refresh(
            ("a refresh while no key seals", "NoSealingKey", "not_sealed", "transient"),
            &staged,
            RENEWED,
            [&known.identifier, &good],
            ring(),
        ),
        of_refresh("a refresh with a challenge that is over while no key seals", Json::from(over)),
        of_refresh("a refresh without a proof while no key seals", Json::Null),
        vector(
            "DbscRefreshOrder",
            "a refresh with a forged signature while no key seals",
            "Order",
            &staged,
            both,
        ),
    ]
}
