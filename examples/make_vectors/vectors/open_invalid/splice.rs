//! Parts of two valid tokens in one.

use std::ops::Range;

use super::super::refusal::Refusal;
use super::super::scene::{Scene, decode, root, salt, scene};

const HEADER: Range<usize> = 0..41;
const KEY_ID: Range<usize> = 1..17;
const SALT: Range<usize> = 17..41;

pub(super) fn all() -> Vec<Refusal> {
    let (this, other) = (scene(), scene().with(|s| s.user = Some("admin-7".into())));
    let len = decode(&this.token(&[0; 24])).len();
    let (ciphertext, tag) = (41..len - 16, len - 16..len);
    let spliced = |what: &str, parts: &[Range<usize>]| {
        let comment = format!("{what} of another token of the same key");
        spliced(&comment, &this, &other, parts)
    };
    let mut all = vec![
        spliced("the salt", &[SALT]),
        spliced("the header", &[HEADER]),
        spliced("the ciphertext", std::slice::from_ref(&ciphertext)),
        spliced("the tag", std::slice::from_ref(&tag)),
        spliced("ciphertext and tag", &[ciphertext.clone(), tag.clone()]),
        spliced("salt and ciphertext", &[SALT, ciphertext.clone()]),
        spliced("salt and tag", &[SALT, tag.clone()]),
        spliced("the second half", std::slice::from_ref(&(len / 2..len))),
        spliced("the first block of the ciphertext", std::slice::from_ref(&(41..105))),
    ];
    all.extend(of_two_keys());
    all
}

/// A token with parts of another one of the same length.
fn spliced(comment: &str, this: &Scene, other: &Scene, parts: &[Range<usize>]) -> Refusal {
    let other = decode(&other.token(&salt("the other token")));
    Refusal::altered((comment, "Spliced", "aead"), this, |octets| {
        for part in parts {
            octets[part.clone()].copy_from_slice(&other[part.clone()]);
        }
    })
}

/// Both keys are in the ring, so the lookup finds the one that the header names.
fn of_two_keys() -> Vec<Refusal> {
    let this = scene().with(|s| {
        s.roots.push(root(2));
        s.roots[1].activate_at_ms = 1;
    });
    let other = this.with(|s| s.sealing = 1);
    vec![
        spliced("the key id of a token of another key of the ring", &this, &other, &[KEY_ID]),
        spliced("the header of a token of another key of the ring", &this, &other, &[HEADER]),
        spliced("the salt of a token of another key of the ring", &this, &other, &[SALT]),
    ]
}
