//! All AEAD providers agree on every input: the same ciphertext and tag, the same refusals, and the same
//! plaintext when they accept. What was changed in any place is refused by all of them.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use sealed_session::hazmat::Provider;

const MAX_LEN: usize = 9_000;

#[derive(Arbitrary, Debug)]
struct Input {
    key: [u8; 32],
    nonce: [u8; 12],
    aad: Pattern,
    text: Pattern,
    changes: Vec<Change>,
}

/// Bytes over and over, up to a length: long texts from short inputs.
#[derive(Arbitrary, Debug)]
struct Pattern {
    len: u16,
    bytes: Vec<u8>,
}

#[derive(Arbitrary, Debug)]
enum Change {
    Key {
        bit: u8,
    },
    Nonce {
        bit: u8,
    },
    Aad {
        bit: u16,
    },
    AadLen {
        len: u16,
    },
    Text {
        bit: u16,
    },
    TextLen {
        len: u16,
    },
    Tag {
        bit: u8,
    },
    WholeTag([u8; 16]),
    /// The boundary between associated data and text, which no length separates in memory.
    Boundary {
        by: u8,
    },
}

/// A message as it is sent, with what opens it.
#[derive(Clone, PartialEq)]
struct Message {
    key: [u8; 32],
    nonce: [u8; 12],
    aad: Vec<u8>,
    text: Vec<u8>,
    tag: [u8; 16],
}

fuzz_target!(|input: Input| {
    let plain = Message {
        key: input.key,
        nonce: input.nonce,
        aad: input.aad.fill(),
        text: input.text.fill(),
        tag: [0; 16],
    };
    let sealed = seal(&plain);
    assert_eq!(open(&sealed).as_ref(), Some(&plain.text));
    for change in input.changes.iter().take(8) {
        let changed = change.apply(&sealed);
        assert_eq!(open(&changed).is_some(), changed == sealed, "{change:?}");
    }
});

impl Pattern {
    fn fill(&self) -> Vec<u8> {
        let zero = [0];
        let bytes = if self.bytes.is_empty() { &zero } else { self.bytes.as_slice() };
        bytes.iter().copied().cycle().take(usize::from(self.len) % (MAX_LEN + 1)).collect()
    }
}

/// What every provider seals.
fn seal(plain: &Message) -> Message {
    let sealed = Provider::ALL.iter().map(|provider| {
        let mut text = plain.text.clone();
        let tag = provider.seal(&plain.key, &plain.nonce, &plain.aad, &mut text).expect("it is not long");
        (text, tag)
    });
    let (text, tag) = agreed(sealed);
    Message { text, tag, ..plain.clone() }
}

/// What every provider opens, if it does.
fn open(sealed: &Message) -> Option<Vec<u8>> {
    agreed(Provider::ALL.iter().map(|provider| {
        let mut text = sealed.text.clone();
        let opened = provider.open(&sealed.key, &sealed.nonce, &sealed.aad, &mut text, &sealed.tag);
        opened.then_some(text)
    }))
}

fn agreed<T: PartialEq>(mut answers: impl Iterator<Item = T>) -> T {
    let first = answers.next().expect("there is a provider");
    assert!(answers.all(|other| other == first), "the providers do not agree");
    first
}

impl Change {
    fn apply(&self, sealed: &Message) -> Message {
        let mut to = sealed.clone();
        match *self {
            Self::Key { bit } => flip(&mut to.key, bit.into()),
            Self::Nonce { bit } => flip(&mut to.nonce, bit.into()),
            Self::Aad { bit } => flip(&mut to.aad, bit),
            Self::AadLen { len } => to.aad.resize(usize::from(len) % (MAX_LEN + 1), 0),
            Self::Text { bit } => flip(&mut to.text, bit),
            Self::TextLen { len } => to.text.resize(usize::from(len) % (MAX_LEN + 1), 0),
            Self::Tag { bit } => flip(&mut to.tag, bit.into()),
            Self::WholeTag(tag) => to.tag = tag,
            Self::Boundary { by } => {
                let moved = to.text.drain(..to.text.len().min(by.into()));
                to.aad.extend(moved);
            }
        }
        to
    }
}

fn flip(bytes: &mut [u8], bit: u16) {
    if !bytes.is_empty() {
        let at = usize::from(bit) / 8 % bytes.len();
        bytes[at] ^= 1 << (bit % 8);
    }
}
