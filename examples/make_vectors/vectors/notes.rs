//! What the flags mean.

use std::collections::BTreeSet;

use super::json::{Json, Members};

/// Flag, kind of mistake that it looks for (in Wycheproof's terms), and what it is about.
const NOTES: [(&str, &str, &str); 78] = [
    ("Accumulated", "BASIC", "Many tokens at once, of every kind that the format has."),
    (
        "AssociatedData",
        "MODIFIED_PARAMETER",
        "A token opens only under the associated data that it was sealed with, to the byte.",
    ),
    (
        "Base64Alphabet",
        "MALLEABILITY",
        "A character outside A-Z a-z 0-9 - _. A decoder that drops it, or takes it for another, gives one \
         token many texts.",
    ),
    ("Base64Length", "MALLEABILITY", "4k + 1 characters encode no whole number of bytes."),
    ("Base64Padding", "MALLEABILITY", "Base64url without padding has no =, wherever it stands."),
    (
        "Base64TrailingBits",
        "MALLEABILITY",
        "The last character may hold 2 or 4 bits that encode nothing. They are zero, or a token has 4 or \
         16 texts.",
    ),
    ("Base64WhiteSpace", "MALLEABILITY", "Many decoders skip white space, NUL or line ends."),
    ("Challenge", "MISSING_STEP", "Other data than such a text has, under a good tag."),
    ("Checksum", "FUNCTIONALITY", "A root secret that was damaged on the way."),
    (
        "Ciphertext",
        "AUTH_BYPASS",
        "Changed ciphertext that decrypts to a record as sound as the original: only the tag tells.",
    ),
    ("Cookie", "BASIC", "A session's cookie, as it stands in a request."),
    (
        "CookieName",
        "AUTH_BYPASS",
        "A name is compared byte for byte. Who decodes or trims it takes a cookie that any neighbour may set for one with \
         __Host-, of which browsers promise that none can.",
    ),
    ("Data", "FUNCTIONALITY", "Data is an object of RFC 8259, stored byte for byte."),
    (
        "DataDepth",
        "EDGE_CASE",
        "Data is nested 64 levels deep at most, so that every common reader of JSON takes it.",
    ),
    (
        "DataNotParsed",
        "FUNCTIONALITY",
        "An opener takes the data as it is; it is the sealer that asks for an object.",
    ),
    ("DataNotUtf8", "MISSING_STEP", "Data that is not UTF-8 (RFC 3629), under a good tag."),
    (
        "DataOverrun",
        "EDGE_CASE",
        "A length that reaches past the end of the record, under a good tag: careless arithmetic reads \
         what is not there.",
    ),
    ("Device", "BASIC", "A device that registers, refreshes, and is asked for a proof."),
    ("Epoch", "EDGE_CASE", "Keys that change with time, and the window of those that open."),
    (
        "Expiry",
        "AUTH_BYPASS",
        "A session is over from the millisecond of its expiry on. Formats whose expiry could be left out \
         or misread: CVE-2025-46344, CVE-2026-25537.",
    ),
    ("Extended", "AUTH_BYPASS", "Bytes or characters more than were sealed."),
    (
        "JwtHeader",
        "MISSING_STEP",
        "One type and one algorithm, and no extension. Who lets the header choose the algorithm lets it choose none.",
    ),
    (
        "JwtKey",
        "AUTH_BYPASS",
        "A device brings its key once, and then never again: whoever may bring one signs with any. A key is a point of \
         the curve.",
    ),
    ("JwtPayload", "MISSING_STEP", "The challenge that was signed, given once."),
    ("JwtSignature", "AUTH_BYPASS", "64 bytes of ES256 over the first two parts: r and s from 1 to n - 1."),
    ("JwtText", "MALLEABILITY", "Three parts of base64url, each with one spelling, and not too long."),
    ("KeyGone", "AUTH_BYPASS", "A key opens nothing from the millisecond of its retirement on."),
    ("KeyId", "AUTH_BYPASS", "A token is tried under the key that it names and no other."),
    ("KeyRevoked", "AUTH_BYPASS", "A revoked key opens nothing."),
    (
        "KeyStaged",
        "FUNCTIONALITY",
        "A key opens before it seals, so that servers need not change it at one moment.",
    ),
    ("KnownAnswer", "BASIC", "The known answers of SPEC.md, section 18."),
    ("Leeway", "EDGE_CASE", "Clocks differ. What lies further in the future than the leeway is refused."),
    ("Lifetime", "AUTH_BYPASS", "A session ends at its maximum lifetime, however often it was renewed."),
    (
        "MaxTtl",
        "AUTH_BYPASS",
        "A session ends a maximum TTL after its renewal, whatever was sealed: a maximum that became shorter counts at \
         once.",
    ),
    ("NoSealingKey", "FUNCTIONALITY", "A ring without a key that seals loads and opens; only sealing fails."),
    ("Normal", "BASIC", "Nothing out of the ordinary."),
    ("Operation", "BASIC", "What an operation keeps of a session and what it makes anew."),
    (
        "Order",
        "FUNCTIONALITY",
        "Of two faults the one that is checked first is told, so that an expired session is NotFound and a \
         forged one never is.",
    ),
    ("OtherApp", "AUTH_BYPASS", "Two applications may share a ring without taking each other's tokens."),
    ("OtherName", "AUTH_BYPASS", "A token of one cookie is refused in another."),
    ("OtherRoot", "AUTH_BYPASS", "A token under another root secret, or another period of it."),
    ("OtherSession", "AUTH_BYPASS", "A CSRF token belongs to one session."),
    (
        "OtherUser",
        "AUTH_BYPASS",
        "Data of one user never becomes another's: a login as somebody else begins with {}.",
    ),
    (
        "Padding",
        "MISSING_STEP",
        "Padding is zero to the last byte; anything else would be a second place for data, under a good tag.",
    ),
    ("Prefix", "FUNCTIONALITY", "The prefix by which scanners find a root secret."),
    ("Purpose", "AUTH_BYPASS", "One sealed text in the place of another: each has keys of its own name."),
    ("RecordTruncated", "EDGE_CASE", "A record that ends within a field of fixed size, under a good tag."),
    (
        "RingDuplicate",
        "MISSING_STEP",
        "A member given twice: many readers of JSON take the last and say nothing.",
    ),
    (
        "RingEscape",
        "MALLEABILITY",
        "A secret or a time has one spelling, and no copy of it is made to undo an escape. Names may have escapes.",
    ),
    ("RingFile", "FUNCTIONALITY", "A legal ring file."),
    ("RingJson", "FUNCTIONALITY", "A ring file is one JSON object."),
    ("RingLives", "FUNCTIONALITY", "Roots that contradict each other or themselves."),
    (
        "RingMember",
        "FUNCTIONALITY",
        "A member that is missing, of another type, out of range or not in the table.",
    ),
    ("RingTime", "FUNCTIONALITY", "A time in another form than the one there is."),
    ("RingWindow", "EDGE_CASE", "More than 1,024 epochs at a time."),
    ("RootState", "EDGE_CASE", "The states of roots, and the milliseconds at which they change."),
    ("Rotation", "FUNCTIONALITY", "The key that seals need not be the one that opened."),
    ("Salt", "AUTH_BYPASS", "Another salt is another message key, and stands in the AAD."),
    ("Saturation", "EDGE_CASE", "Arithmetic on times saturates at zero and at 2^64 - 1."),
    ("SecretLength", "EDGE_CASE", "Root secrets have 32 to 64 bytes, all of which count."),
    (
        "SeveralCookies",
        "FUNCTIONALITY",
        "Several cookies of one name: the newest of one session, none of several, and of what is refused the most \
         forgiving.",
    ),
    ("Settings", "FUNCTIONALITY", "Settings that contradict each other, the ring or the format."),
    (
        "Separator",
        "AUTH_BYPASS",
        "Application and name carry their lengths, or (\"ab\", \"c\") and (\"a\", \"bc\") would be one. \
         Elsewhere such fields ran together: CVE-2023-35941.",
    ),
    ("Size", "EDGE_CASE", "The limits of a token's text and record, each side of them."),
    ("Spliced", "AUTH_BYPASS", "Parts of two valid tokens in one."),
    (
        "SurroundingText",
        "FUNCTIONALITY",
        "One line feed may follow a root secret, and nothing else may surround it.",
    ),
    ("Tag", "AUTH_BYPASS", "A changed tag or mac."),
    ("TextLength", "EDGE_CASE", "Application id and cookie name have at most 65,535 bytes."),
    ("TimeOrder", "MISSING_STEP", "created <= renewed < expires, under a good tag."),
    ("Times", "EDGE_CASE", "Times of every magnitude."),
    ("Truncated", "AUTH_BYPASS", "Bytes or characters fewer than were sealed."),
    ("Ttl", "EDGE_CASE", "How long a session is asked to live, and how long it may."),
    ("TwoCookies", "FUNCTIONALITY", "A token that is too long for one cookie stands in two."),
    ("Unicode", "EDGE_CASE", "Text is UTF-8 and is never normalized."),
    ("User", "EDGE_CASE", "Anonymous, the empty user id, and the longest one."),
    ("UserNotUtf8", "MISSING_STEP", "A user id that is not UTF-8 (RFC 3629), under a good tag."),
    ("UserOverrun", "EDGE_CASE", "A length that reaches past the end of the record, under a good tag."),
    ("Version", "MISSING_STEP", "Another version than 1, also under a tag that covers it."),
];

/// The notes of the flags that a file uses, in the order of the alphabet.
pub(super) fn of<'a>(flags: impl Iterator<Item = &'a &'static str>) -> Json {
    let flags: BTreeSet<&'static str> = flags.copied().collect();
    Json::Object(flags.into_iter().map(note).collect::<Members>())
}

fn note(flag: &'static str) -> (&'static str, Json) {
    let known = NOTES.iter().find(|(known, ..)| *known == flag);
    let (_, bug_type, description) = known.unwrap_or_else(|| panic!("the flag {flag} is not explained"));
    (flag, Json::Object(members! { "bugType": *bug_type, "description": *description }))
}
