//! Several cookies of one name.

use super::super::file::Vector;
use super::{
    Case, Found, cookie, daily, expired, forged, future, good, newer, of_next_epoch, of_unknown_key,
    over_by_limits,
};

pub(super) fn all() -> Vec<Vector> {
    [sessions(), refusals(), of_next_epochs()].into_iter().flatten().collect()
}

fn case(comment: &'static str, values: &[&str], found: Found) -> Vector {
    let header = values.iter().map(|value| cookie(value)).collect::<Vec<_>>().join("; ");
    Case { comment, flag: "SeveralCookies", in_two: false, headers: vec![header], found }.into_vector()
}

fn sessions() -> Vec<Vector> {
    let (a, again, new, b) = (good("a"), good("a again"), newer("a newer"), good("b"));
    let (bad, over, ahead) = (&forged(), &expired(), &future());
    let found = |token: &str| Found::Session(token.to_owned());
    let apart = Case {
        comment: "two sessions in two headers",
        flag: "SeveralCookies",
        in_two: false,
        headers: vec![cookie(&a), cookie(&b)],
        found: Found::Unclear,
    };
    vec![
        case("one token twice", &[&a, &a], found(&a)),
        case("two tokens of one session, the one renewed later last", &[&a, &new], found(&new)),
        case("two tokens of one session, the one renewed later first", &[&new, &a], found(&new)),
        case("two tokens of one session and one renewal: the first", &[&a, &again], found(&a)),
        case("the same in other order: the first", &[&again, &a], found(&again)),
        case("two sessions", &[&a, &b], Found::Unclear),
        case("two sessions, the second renewed later", &[&b, &new], Found::Unclear),
        case("two sessions, one of them twice", &[&a, &new, &b], Found::Unclear),
        case("a session after a forged one", &[bad, &a], found(&a)),
        case("a session before a forged one", &[&a, bad], found(&a)),
        case("a session after an expired one", &[over, &a], found(&a)),
        case("a session before one in the future", &[&a, ahead], found(&a)),
        case("a session after three that are refused", &[bad, over, ahead, &a], found(&a)),
        case("a session after four that are refused", &[bad, over, ahead, "", &a], Found::Unclear),
        case("one token five times", &[&a, &a, &a, &a, &a], Found::Unclear),
        case("five that are refused", &[bad, bad, bad, bad, bad], Found::Unclear),
        apart.into_vector(),
    ]
}

/// Of several refusals of one rank that is transient the first is told, whatever it is.
fn of_next_epochs() -> Vec<Vector> {
    let (bad, over, ahead, next) = (&forged(), &expired(), &future(), &of_next_epoch());
    let case = |comment, values: &[&str], check| {
        let header = values.iter().map(|value| cookie(value)).collect::<Vec<_>>().join("; ");
        let found = Found::Transient("invalid", check);
        Case { comment, flag: "SeveralCookies", in_two: false, headers: vec![header], found }.at(&daily())
    };
    vec![
        case("refused: of the next epoch, expired", &[next, over], "key_id"),
        case("refused: expired, of the next epoch", &[over, next], "key_id"),
        case("refused: forged, of the next epoch", &[bad, next], "key_id"),
        case("refused: of the next epoch, in the future", &[next, ahead], "key_id"),
        case("refused: in the future, of the next epoch", &[ahead, next], "future"),
    ]
}

/// Which refusal counts does not depend on the order, but of two of one rank the first is told.
fn refusals() -> Vec<Vector> {
    let (bad, unknown, over) = (&forged(), &of_unknown_key(), &expired());
    let (ahead, limits) = (&future(), &over_by_limits());
    let transient = || Found::Transient("invalid", "future");
    let by_limits = || Found::Transient("not_found", "expired");
    vec![
        case("refused: forged, expired", &[bad, over], Found::Expired),
        case("refused: expired, forged", &[over, bad], Found::Expired),
        case("refused: expired between two that are forged", &[bad, over, bad], Found::Expired),
        case("refused: in the future, forged", &[ahead, bad], transient()),
        case("refused: forged, in the future", &[bad, ahead], transient()),
        case("refused: in the future, expired", &[ahead, over], transient()),
        case("refused: expired, in the future", &[over, ahead], transient()),
        case("refused: expired, over by the maximum TTL alone", &[over, limits], by_limits()),
        case("refused: over by the maximum TTL alone, expired", &[limits, over], by_limits()),
        case("refused: forged, over by the maximum TTL alone", &[bad, limits], by_limits()),
        case("refused: in the future, over by the maximum TTL alone", &[ahead, limits], transient()),
        case("refused: over by the maximum TTL alone, in the future", &[limits, ahead], by_limits()),
        case("refused: forged, of an unknown key", &[bad, unknown], Found::Invalid("aead")),
        case("refused: of an unknown key, forged", &[unknown, bad], Found::Invalid("key_id")),
        case("refused: empty, forged", &["", bad], Found::Invalid("length")),
        case("refused: forged, empty", &[bad, ""], Found::Invalid("aead")),
    ]
}
