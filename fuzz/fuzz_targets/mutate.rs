//! A valid token opens to what was sealed. With any change (to its bytes, its text, its associated data, or
//! the cookie, application and ring that it is opened for) it never opens, unless its text is again that of
//! one of the two tokens that were sealed.

#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use sealed_session::hazmat::{self, Context, Fields, ManualClock};
use sealed_session::{KeyRing, OpenedSession, Reason, Root, RootSecret, SealedStore, SessionId, SessionUid};
use sealed_session_fuzz::base64url;

const DAY_S: u64 = 86_400;

#[derive(Arbitrary, Debug)]
struct Input {
    times: Times,
    sealed: [Sealed; 2],
    changes: Vec<Change>,
    elsewhere: u8,
}

#[derive(Arbitrary, Debug)]
struct Times {
    created: u64,
    renewed_after: u32,
    expires_after: u32,
}

/// All of a token but its times, which both tokens share.
#[derive(Arbitrary, Debug)]
struct Sealed {
    daily: bool,
    salt: [u8; 24],
    uid: [u8; 16],
    user: Option<String>,
    data: String,
    padding: u8,
    associated_data: Vec<u8>,
}

#[derive(Arbitrary, Debug)]
enum Change {
    // Of the bytes; each leaves a text that does not decode as it is.
    Flip {
        bit: u16,
    },
    Set {
        at: u16,
        to: u8,
    },
    Insert {
        at: u16,
        byte: u8,
    },
    Remove {
        at: u16,
    },
    Truncate {
        len: u16,
    },
    Extend(Vec<u8>),
    Swap {
        at: u16,
        with: u16,
    },
    Zero {
        from: u16,
        len: u16,
    },
    /// The front of this token and the end of the other.
    Splice {
        keep: u16,
        from: u16,
    },
    /// One field of the other token.
    Field(Field),
    // Of the text.
    Char {
        at: u16,
        to: Letter,
    },
    InsertChar {
        at: u16,
        with: Letter,
    },
    RemoveChar {
        at: u16,
    },
    Prepend(Letter),
    Append(Letter),
    Repeat,
    /// The same bytes as a lenient decoder reads them: other bits at the end, another alphabet, padding.
    TrailingBits(u8),
    OtherAlphabet,
    Padded,
    Case {
        at: u16,
    },
    // Of what it is opened under.
    AssociatedData(Vec<u8>),
    OtherAssociatedData,
    /// The first bytes of the associated data at the end of the token, or the other way round.
    Boundary {
        by: u8,
    },
}

#[derive(Arbitrary, Debug, Clone, Copy)]
enum Letter {
    Any(char),
    /// One that a lenient decoder might skip or take for another.
    Odd(u8),
}

const ODD: [char; 16] =
    ['\n', '\r', ' ', '\t', '=', '+', '/', '-', '_', '.', ',', '%', '"', '\0', 'é', '\u{feff}'];

#[derive(Arbitrary, Debug, Clone, Copy)]
enum Field {
    Version,
    KeyId,
    Salt,
    Header,
    Ciphertext,
    Tag,
}

/// A token and the associated data that goes with it.
#[derive(Debug, Clone, PartialEq)]
struct Token {
    text: String,
    associated_data: Vec<u8>,
}

const HOME: (&str, &str) = ("shop", "sid");
/// Where a token does not belong. Two fields that ran together would make the first two home.
const ELSEWHERE: [(&str, &str); 5] =
    [("shops", "id"), ("sho", "psid"), ("shop", "__Host-sid"), ("", "sid"), ("sid", "shop")];

struct Stores {
    clock: ManualClock,
    home: SealedStore,
    elsewhere: Vec<SealedStore>,
}

/// The ring's longest life of a token, which is the stores' maximum TTL.
const MAX_TTL_MS: u64 = 30 * 24 * 60 * 60 * 1000;

static STORES: LazyLock<Stores> = LazyLock::new(|| {
    let clock = ManualClock::at(0);
    let store = |first, (app, name): (&str, &str)| {
        let builder = SealedStore::builder(ring(first)).app_id(app).cookie_name(name).clock(clock.clone());
        builder.max_lifetime(Duration::MAX).build().unwrap()
    };
    let mut elsewhere: Vec<SealedStore> = ELSEWHERE.into_iter().map(|place| store(1, place)).collect();
    elsewhere.push(store(3, HOME));
    Stores { home: store(1, HOME), elsewhere, clock }
});

/// A fixed root and a daily one.
fn ring(first: u8) -> KeyRing {
    let daily = Root::new(secret(first + 1)).rotating_every(Duration::from_secs(DAY_S)).unwrap();
    KeyRing::new(vec![Root::new(secret(first)), daily.activating_at(1)]).unwrap()
}

fn secret(number: u8) -> RootSecret {
    RootSecret::from_bytes(&[number; 32]).unwrap()
}

fuzz_target!(|input: Input| {
    let [first, second] = &input.sealed;
    let (first_token, second_token) = (first.token(&input.times), second.token(&input.times));
    STORES.clock.set(input.times.renewed());
    for (sealed, token) in [(first, &first_token), (second, &second_token)] {
        sealed.check(&input.times, open(&STORES.home, token));
        let store = &STORES.elsewhere[usize::from(input.elsewhere) % STORES.elsewhere.len()];
        assert_eq!(open(store, token), Err(refusal(token, Reason::UnknownKey)), "{token:?} elsewhere");
    }
    let mut token = first_token.clone();
    for change in input.changes.iter().take(8) {
        token = change.apply(token, &second_token);
        let opened = open(&STORES.home, &token);
        if token == first_token {
            first.check(&input.times, opened);
        } else if token == second_token {
            second.check(&input.times, opened);
        } else {
            assert!(opened.is_err(), "{change:?} opens");
            assert_ne!(opened, Err(Reason::Expired));
        }
    }
});

/// A token that is too long for every opener is that before it is anything else.
fn refusal(token: &Token, reason: Reason) -> Reason {
    if token.text.len() > 8192 { Reason::Length } else { reason }
}

fn open(store: &SealedStore, token: &Token) -> Result<OpenedSession, Reason> {
    let id = SessionId::new(token.text.as_str());
    store.open_with(&id, &token.associated_data).map_err(|error| error.reason())
}

impl Times {
    fn created(&self) -> u64 {
        self.created % (1 << 60)
    }

    fn renewed(&self) -> u64 {
        self.created() + u64::from(self.renewed_after)
    }

    fn expires(&self) -> u64 {
        self.renewed() + 1 + u64::from(self.expires_after)
    }

    /// When the session is over: a maximum TTL after its renewal at the latest.
    fn ends(&self) -> u64 {
        self.expires().min(self.renewed() + MAX_TTL_MS)
    }
}

impl Sealed {
    fn token(&self, times: &Times) -> Token {
        let (number, period_s) = if self.daily { (2, DAY_S) } else { (1, 0) };
        let epoch = (times.renewed() / 1000).checked_div(period_s).unwrap_or(0);
        let context = Context { app_id: HOME.0, cookie_name: HOME.1, period_s, epoch };
        let record = self.fields(times).encode(self.padding.into());
        let text =
            hazmat::seal_plaintext(&secret(number), &context, &self.salt, &self.associated_data, &record);
        Token { text: text.unwrap(), associated_data: self.associated_data.clone() }
    }

    fn fields(&self, times: &Times) -> Fields<'_> {
        Fields {
            created_at_ms: times.created(),
            renewed_at_ms: times.renewed(),
            expires_at_ms: times.expires(),
            uid: SessionUid::from_bytes(self.uid),
            user_id: self.user.as_deref(),
            data: &self.data,
        }
    }

    /// What was sealed is what was opened.
    fn check(&self, times: &Times, opened: Result<OpenedSession, Reason>) {
        let session = match opened {
            Err(Reason::Length) => {
                return assert!(self.data.len() + self.user.iter().map(String::len).sum::<usize>() > 5_000);
            }
            opened => opened.expect("a valid token opens"),
        };
        assert_eq!((session.uid().as_bytes(), session.renewed_at_ms()), (&self.uid, times.renewed()));
        let record = session.record();
        assert_eq!((record.created_at_ms, record.expires_at_ms), (times.created(), times.ends()));
        assert_eq!((&record.user_id, &record.data_json), (&self.user, &self.data));
    }
}

impl Change {
    fn apply(&self, mut token: Token, other: &Token) -> Token {
        match self {
            Self::AssociatedData(bytes) => token.associated_data.clone_from(bytes),
            Self::OtherAssociatedData => token.associated_data.clone_from(&other.associated_data),
            Self::Boundary { by } => return shift(token, (*by).into()),
            _ => token.text = self.changed(&token.text, &other.text),
        }
        token
    }

    /// A change of the bytes if it is one and there are bytes, of the text otherwise.
    fn changed(&self, text: &str, other: &str) -> String {
        if let (Some(mut bytes), Some(other)) = (base64url::decode(text), base64url::decode(other))
            && self.of_bytes(&mut bytes, &other)
        {
            return hazmat::encode_token(&bytes);
        }
        self.of_text(text)
    }

    /// Changes the bytes, or says that it is not for bytes.
    fn of_bytes(&self, bytes: &mut Vec<u8>, other: &[u8]) -> bool {
        let len = bytes.len();
        let place = |at: &u16| usize::from(*at) % len.max(1);
        match self {
            Self::Truncate { len } => bytes.truncate((*len).into()),
            Self::Extend(more) => bytes.extend(more),
            Self::Splice { keep, from } => {
                bytes.truncate((*keep).into());
                bytes.extend(other.iter().skip((*from).into()));
            }
            Self::Insert { at, byte } => bytes.insert(usize::from(*at) % (len + 1), *byte),
            Self::Flip { bit } if len > 0 => bytes[usize::from(*bit) / 8 % len] ^= 1 << (bit % 8),
            Self::Set { at, to } if len > 0 => bytes[place(at)] = *to,
            Self::Remove { at } if len > 0 => drop(bytes.remove(place(at))),
            Self::Swap { at, with } if len > 0 => bytes.swap(place(at), place(with)),
            Self::Zero { from, len } => {
                bytes.iter_mut().skip((*from).into()).take((*len).into()).for_each(|byte| *byte = 0);
            }
            Self::Field(field) => field.copy(bytes, other),
            _ => return false,
        }
        true
    }

    fn of_text(&self, text: &str) -> String {
        let mut chars: Vec<char> = text.chars().collect();
        let len = chars.len();
        match self {
            Self::Char { at, to } if len > 0 => chars[usize::from(*at) % len] = to.char(),
            Self::InsertChar { at, with } => chars.insert(usize::from(*at) % (len + 1), with.char()),
            Self::RemoveChar { at } if len > 0 => drop(chars.remove(usize::from(*at) % len)),
            Self::Prepend(with) => chars.insert(0, with.char()),
            Self::Append(with) => chars.push(with.char()),
            Self::Repeat => chars.extend_from_within(..),
            Self::TrailingBits(bits) => respell_last(&mut chars, *bits),
            Self::OtherAlphabet => return text.replace('-', "+").replace('_', "/"),
            Self::Padded => chars.extend(std::iter::repeat_n('=', (4 - len % 4) % 4)),
            Self::Case { at } if len > 0 => swap_case(&mut chars[usize::from(*at) % len]),
            _ => {}
        }
        chars.into_iter().collect()
    }
}

impl Letter {
    fn char(self) -> char {
        match self {
            Self::Any(letter) => letter,
            Self::Odd(at) => ODD[usize::from(at) % ODD.len()],
        }
    }
}

impl Field {
    fn copy(self, bytes: &mut Vec<u8>, other: &[u8]) {
        if bytes.len() < 57 || other.len() < 57 {
            return;
        }
        let (end, other_end) = (bytes.len() - 16, other.len() - 16);
        match self {
            Self::Version => bytes[0] = other[0],
            Self::KeyId => bytes[1..17].copy_from_slice(&other[1..17]),
            Self::Salt => bytes[17..41].copy_from_slice(&other[17..41]),
            Self::Header => bytes[..41].copy_from_slice(&other[..41]),
            Self::Ciphertext => drop(bytes.splice(41..end, other[41..other_end].iter().copied())),
            Self::Tag => bytes[end..].copy_from_slice(&other[other_end..]),
        }
    }
}

/// Moves bytes between the front of the associated data and the front of the ciphertext, which are neighbours
/// in what the AEAD authenticates.
fn shift(mut token: Token, by: usize) -> Token {
    let Some(mut bytes) = base64url::decode(&token.text).filter(|bytes| bytes.len() > 57) else {
        return token;
    };
    if by.is_multiple_of(2) {
        let by = token.associated_data.len().min(by / 2);
        bytes.splice(41..41, token.associated_data.drain(..by));
    } else {
        let by = (bytes.len() - 57).min(by / 2);
        token.associated_data.splice(0..0, bytes.drain(41..41 + by));
    }
    token.text = hazmat::encode_token(&bytes);
    token
}

/// Another character at the end, with the same bits where a lenient decoder looks.
fn respell_last(chars: &mut [char], bits: u8) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let unused = match chars.len() % 4 {
        2 => 0x0F,
        3 => 0x03,
        _ => return,
    };
    let Some(last) = chars.last_mut() else { return };
    if let Some(value) = ALPHABET.iter().position(|&letter| char::from(letter) == *last) {
        *last = char::from(ALPHABET[value & !unused | usize::from(bits) & unused]);
    }
}

fn swap_case(letter: &mut char) {
    *letter =
        if letter.is_ascii_lowercase() { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() };
}
