//! Anything as what a device signs: it registers, or refreshes, if and only if a second reading of the document says so,
//! and is refused by the check that it names.
//!
//! Nobody guesses a signature, so most inputs are a header, a payload and changes of the signature, with 0xFF between
//! them, and the target signs; in them `@K`, `@X`, `@Y`, `@R`, `@F` and `@G` stand for the key, its coordinates, both
//! challenges and a good JWT. The first octet chooses: bit 0 a refresh, bit 1 a text as it is.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use sealed_session::dbsc::{Binding, DbscError, DeviceBinding, Refresh};
use sealed_session::hazmat::{ManualClock, Provider};
use sealed_session::{KeyRing, RootSecret, SealedStore, SessionUid};
use sealed_session_fuzz::jwt::{self, Key, Oracle, Purpose};
use sealed_session_fuzz::{NOW, text};

const LOGIN: SessionUid = SessionUid::from_bytes([7; 16]);

/// A server, and a device that has registered with it.
struct Known {
    devices: DeviceBinding,
    browser: SigningKey,
    key: Key,
    jwk: [String; 3],
    offered: String,
    identifier: String,
    proof: String,
    challenge: String,
    /// What registers, and what refreshes.
    good: [String; 2],
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let ring = KeyRing::single(RootSecret::from_bytes(&[7; 32]).unwrap());
    let store = SealedStore::builder(ring).clock(ManualClock::at(NOW)).build().unwrap();
    let devices = DeviceBinding::builder(&store).build().unwrap();
    let browser = SigningKey::from_slice(&[1; 32]).unwrap();
    let point = browser.verifying_key().to_sec1_point(false);
    let key: Key = (point.as_bytes()[1..33].try_into().unwrap(), point.as_bytes()[33..].try_into().unwrap());
    let (x, y) = (encode(&key.0), encode(&key.1));
    let jwk = [format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#), x, y];
    let offered = devices.offer(LOGIN).unwrap();
    let header = format!(r#"{{"alg":"ES256","jwk":{},"typ":"dbsc+jwt"}}"#, jwk[0]);
    let payload = |challenge: &str| format!(r#"{{"jti":"{challenge}"}}"#);
    let registers = signed(&browser, header.as_bytes(), payload(&offered).as_bytes()).concat();
    let made = devices.register(&registers, LOGIN, None).unwrap();
    let refreshes =
        signed(&browser, br#"{"alg":"ES256","typ":"dbsc+jwt"}"#, payload(&made.challenge).as_bytes());
    let good = [registers, refreshes.concat()];
    let (identifier, proof, challenge) = (made.identifier, made.proof.as_str().to_owned(), made.challenge);
    Known { devices, browser, key, jwk, offered, identifier, proof, challenge, good }
});

fn encode(octets: &[u8]) -> String {
    // Of the crate, but only to write: what it reads is judged by the second reading.
    sealed_session::hazmat::encode_token(octets)
}

/// What is signed with a dot, and the signature.
fn signed(browser: &SigningKey, header: &[u8], payload: &[u8]) -> [String; 2] {
    let signed = format!("{}.{}", encode(header), encode(payload));
    let signature: Signature = browser.sign(signed.as_bytes());
    [signed + ".", encode(&signature.to_bytes())]
}

fuzz_target!(|data: &[u8]| {
    let Some((&kind, rest)) = data.split_first() else { return };
    let purpose = if kind & 1 == 0 { Purpose::Registration } else { Purpose::Refresh };
    if kind & 2 == 0 {
        check_signed(purpose, rest);
    } else {
        let text = text(rest).replace("@G", &KNOWN.good[usize::from(kind & 1)]);
        check(
            purpose,
            &text,
            &Signed(KNOWN.good.iter().map(|good| good.rsplit_once('.').unwrap()).collect()),
        );
        check_other_texts(&text);
    }
});

fn check_signed(purpose: Purpose, rest: &[u8]) {
    let mut parts = rest.splitn(3, |octet| *octet == 0xFF);
    let [header, payload] = [(); 2].map(|()| filled_in(parts.next().unwrap_or_default()));
    let [signed, signature] = signed(&KNOWN.browser, &header, &payload);
    let mut octets = sealed_session_fuzz::base64url::decode(&signature).unwrap();
    for change in parts.next().unwrap_or_default().chunks_exact(2).take(64) {
        octets[usize::from(change[0]) % 64] ^= change[1];
    }
    let oracle = Signed(vec![(signed.strip_suffix('.').unwrap(), &signature)]);
    check(purpose, &format!("{signed}{}", encode(&octets)), &oracle);
}

fn filled_in(part: &[u8]) -> Vec<u8> {
    let [jwk, x, y] = KNOWN.jwk.each_ref();
    let texts = [("@K", jwk), ("@X", x), ("@Y", y), ("@R", &KNOWN.offered), ("@F", &KNOWN.challenge)];
    let Ok(text) = std::str::from_utf8(part) else { return part.to_vec() };
    texts.iter().fold(text.to_owned(), |text, (mark, value)| text.replace(mark, value)).into_bytes()
}

/// All that the key of the device has signed. Who finds another signature of it has broken ECDSA.
struct Signed<'a>(Vec<(&'a str, &'a str)>);

impl Oracle for Signed<'_> {
    fn is_on_curve(&self, (x, y): &Key) -> bool {
        Provider::RustCrypto.is_on_p256(x, y)
    }

    fn has_signed(&self, key: Option<&Key>, signed: &str, signature: &[u8; 64]) -> bool {
        let signature = encode(signature);
        *key.unwrap_or(&KNOWN.key) == KNOWN.key && self.0.contains(&(signed, &signature))
    }
}

fn check(purpose: Purpose, text: &str, oracle: &Signed<'_>) {
    let Known { devices, offered, challenge, identifier, .. } = &*KNOWN;
    let (mine, other) = match purpose {
        Purpose::Registration => (offered, challenge),
        Purpose::Refresh => (challenge, offered),
    };
    let expected = match jwt::read(text, purpose, oracle) {
        Ok(jti) if jti == *mine => Ok(()),
        Ok(jti) if jti == *other => Err("challenge_kind"),
        Ok(_) => Err("challenge"),
        Err(check) => Err(check),
    };
    let got = match purpose {
        Purpose::Registration => devices.register(text, LOGIN, None).map(|_| ()),
        Purpose::Refresh => devices.refresh(identifier, Some(text)).map(|refresh| match refresh {
            Refresh::Proven(proven) => assert_eq!(proven.binding, Binding::of(identifier)),
            Refresh::Challenge(_) => panic!("nothing is over"),
        }),
    };
    assert_eq!(got.map_err(reason), expected, "{text}");
}

fn reason(error: DbscError) -> &'static str {
    assert!(!error.is_transient());
    error.reason().as_str()
}

/// Nothing else passes for an identifier or a proof.
fn check_other_texts(text: &str) {
    let Known { devices, identifier, proof, .. } = &*KNOWN;
    let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    assert_eq!(devices.refresh(text, None).is_ok(), bare == identifier);
    assert_eq!(devices.open_proof(text).is_ok(), text == proof);
}
