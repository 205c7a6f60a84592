//! Root secrets: their length, their text form, and where they are read from.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy.toml allows them in tests, but not in the helpers beside them"
)]

mod common;

use std::collections::HashSet;
use std::process::Command;

use sealed_session::{KeyRing, RootId, RootSecret};

use common::secret;

fn error(text: &str) -> String {
    RootSecret::from_text(text).expect_err(text).to_string()
}

#[test]
fn a_root_secret_has_32_to_64_bytes() {
    for len in 32..=64 {
        assert!(RootSecret::from_bytes(&vec![7; len]).is_ok(), "{len}");
    }
    for len in [0, 1, 16, 31, 65, 128, 4_096] {
        let error = RootSecret::from_bytes(&vec![7; len]).unwrap_err().to_string();
        assert_eq!(error, format!("a root secret has 32 to 64 bytes, and this one has {len}"));
    }
    assert_eq!((RootSecret::MIN_LEN, RootSecret::MAX_LEN), (32, 64));
}

#[test]
fn every_byte_of_a_root_secret_counts() {
    // Also its last ones, and how many of them are zero.
    let bytes: Vec<u8> = (1..65).collect();
    let mut ids: HashSet<RootId> =
        (32..=64).map(|len| RootSecret::from_bytes(&bytes[..len]).unwrap().id()).collect();
    ids.extend((32..=64).map(|len| RootSecret::from_bytes(&vec![0; len]).unwrap().id()));
    for at in 0..64 {
        let mut changed = bytes.clone();
        changed[at] ^= 0x80;
        ids.insert(RootSecret::from_bytes(&changed).unwrap().id());
    }
    assert_eq!(ids.len(), 33 + 33 + 64);
}

#[test]
fn generated_secrets_are_different_and_have_32_bytes() {
    let ids: HashSet<RootId> = (0..100).map(|_| RootSecret::generate().unwrap().id()).collect();
    assert_eq!(ids.len(), 100);
    assert_eq!(RootSecret::generate().unwrap().to_text().len(), 53);
}

#[test]
fn every_length_has_a_text_form_of_53_to_96_characters() {
    for len in 32..=64 {
        let secret = RootSecret::from_bytes(&vec![len as u8; len]).unwrap();
        let text = secret.to_text();
        assert_eq!(text.len(), 5 + ((len + 4) * 4).div_ceil(3));
        let decoded = common::decode(text.strip_prefix("ssr1_").unwrap()).unwrap();
        assert_eq!(decoded[..len], vec![len as u8; len]);
        for text in [text.to_string(), format!("{}\n", *text)] {
            assert_eq!(RootSecret::from_text(&text).unwrap().id(), secret.id());
            assert_eq!(text.parse::<RootSecret>().unwrap().id(), secret.id());
        }
    }
}

#[test]
fn each_kind_of_bad_text_has_its_own_error() {
    let good = secret(1).to_text();
    for (text, expected) in [
        ("", "there is nothing"),
        ("\n", "there is nothing"),
        (" \t ", "there is nothing"),
        (&format!("{}\n{}", *good, *good), "there are 2 words"),
        (&format!("ROOT {}", *good), "there are 2 words"),
        (&format!("{}\n\n", *good), "surrounded by white space"),
        (&format!("{}\r\n", *good), "surrounded by white space"),
        (&format!("\n{}", *good), "surrounded by white space"),
        (&format!("{}\u{a0}", *good), "surrounded by white space"),
        (&good.to_uppercase(), "does not begin with ssr1_"),
        (&good.replacen("ssr1_", "", 1), "does not begin with ssr1_"),
        (&good.replacen("ssr1_", "ssr2_", 1), "does not begin with ssr1_"),
        (&format!("\u{feff}{}", *good), "does not begin with ssr1_"),
        (&format!("{}=", *good), "character 54 of a root secret is not base64url"),
        (&good.replacen("ssr1_A", "ssr1_/", 1), "character 6 of a root secret is not base64url"),
        (&good.replacen("ssr1_A", "ssr1_é", 1), "character 6 of a root secret is not base64url"),
        ("ssr1_", "cut short"),
        (&good[..52], "cut short"),
        (&format!("ssr1_{}", "A".repeat(91)), "checksum is wrong"),
        (&format!("ssr1_{}", "A".repeat(92)), "too long"),
        (&format!("ssr1_{}", "A".repeat(1 << 20)), "too long"),
    ] {
        assert!(error(text).contains(expected), "{expected}: {}", error(text));
    }
}

#[test]
fn every_change_of_a_character_is_noticed_and_none_is_quoted() {
    let good = secret(1).to_text();
    for at in 0..good.len() {
        for other in common::ALPHABET.iter().map(|&octet| char::from(octet).to_string()) {
            let changed = format!("{}{other}{}", &good[..at], &good[at + 1..]);
            if changed != *good {
                assert!(!error(&changed).contains(&good[10..20]), "character {at}");
            }
        }
    }
}

#[test]
fn every_truncation_is_noticed() {
    let good = secret(1).to_text();
    for len in 0..good.len() {
        assert!(RootSecret::from_text(&good[..len]).is_err(), "{len} characters");
        assert!(RootSecret::from_text(&good[len + 1..]).is_err(), "without {len} characters");
    }
}

#[test]
fn debug_shows_nothing_of_a_secret() {
    assert_eq!(format!("{:?}", secret(1)), "RootSecret([redacted])");
    assert_eq!(format!("{:#?}", Some(secret(1))), "Some(\n    RootSecret([redacted]),\n)");
}

#[test]
fn root_ids_are_read_as_they_are_shown() {
    let id = secret(1).id();
    assert_eq!(id.to_string().len(), 16);
    assert_eq!(id.to_string().parse::<RootId>(), Ok(id));
    assert_eq!(id.to_string().to_uppercase().parse::<RootId>(), Ok(id));
    assert_eq!(format!("{id:?}"), format!("RootId({id})"));
    for bad in [
        "",
        "0",
        "0123456789abcde",
        "0123456789abcdef0",
        "0123456789abcdeg",
        "+123456789abcdef",
        "é23456789abcdef",
    ] {
        assert!(bad.parse::<RootId>().unwrap_err().to_string().contains("16 hexadecimal digits"), "{bad}");
    }
}

#[cfg(unix)]
mod files {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    use super::*;

    fn written(text: &str, mode: u32) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root-secret");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        (folder, path)
    }

    fn refused(text: &str, mode: u32) -> String {
        let (_folder, path) = written(text, mode);
        let message = RootSecret::from_file(&path).unwrap_err().to_string();
        assert!(message.starts_with(&path.display().to_string()), "{message}");
        assert!(!message.contains(&secret(1).to_text()[10..20]), "{message}");
        message
    }

    #[test]
    fn a_private_file_holds_one_secret() {
        for (text, mode) in [("", 0o600), ("\n", 0o400), ("", 0o440), ("\n", 0o640)] {
            let (_folder, path) = written(&format!("{}{text}", *secret(1).to_text()), mode);
            assert_eq!(RootSecret::from_file(&path).unwrap().id(), secret(1).id());
        }
    }

    #[test]
    fn a_file_that_others_may_use_is_refused() {
        for mode in [0o601, 0o602, 0o604, 0o644, 0o666, 0o777, 0o444] {
            let message = refused(&secret(1).to_text(), mode);
            assert!(
                message.contains(&format!("mode {mode:04o}")) && message.contains("chmod 600"),
                "{message}"
            );
        }
    }

    #[test]
    fn a_file_of_anything_else_is_refused() {
        let text = secret(1).to_text();
        for (text, expected) in [
            (String::new(), "there is nothing"),
            (format!("{}\n{}\n", *text, *text), "there are 2 words"),
            (format!("{}\n", &text[..40]), "cut short"),
            ("x".repeat(4_096), "does not begin with ssr1_"),
            ("x".repeat(4_097), "is larger than 4096 bytes"),
        ] {
            assert!(refused(&text, 0o600).contains(expected), "{expected}");
        }
    }

    #[test]
    fn no_file_a_folder_and_a_device_are_clear_errors() {
        let folder = tempfile::tempdir().unwrap();
        let message = |path: PathBuf| RootSecret::from_file(path).unwrap_err().to_string();
        assert!(message(folder.path().join("none")).contains("cannot be read"));
        assert!(message(folder.path().to_owned()).contains("is a folder, and a file is expected"));
        assert!(message("/dev/zero".into()).contains("is not a regular file"));
    }
}

#[test]
fn a_variable_without_a_root_secret_is_named_and_not_quoted() {
    // Cargo sets these for its tests.
    for (variable, value) in
        [("CARGO_PKG_NAME", "sealed-session"), ("CARGO_PKG_LICENSE", "MIT OR Apache-2.0")]
    {
        assert_eq!(std::env::var(variable).unwrap(), value);
        let ring = KeyRing::from_env(variable).unwrap_err();
        assert_eq!(RootSecret::from_env(variable).unwrap_err(), ring);
        assert!(ring.to_string().starts_with(&format!("the environment variable {variable}: ")), "{ring}");
        assert!(!ring.to_string().contains("Apache"), "{ring}");
    }
    for unset in ["SEALED_SESSION_TEST_UNSET", "", "A=B", "A\0B"] {
        assert!(KeyRing::from_env(unset).unwrap_err().to_string().contains("is not set"), "{unset:?}");
    }
}

#[test]
fn a_variable_with_one_root_secret_is_a_ring() {
    // A process cannot set its own environment without unsafe code, so this test runs itself again.
    const VARIABLE: &str = "SEALED_SESSION_TEST_SECRET";
    if std::env::var_os(VARIABLE).is_some() {
        assert_eq!(RootSecret::from_env(VARIABLE).unwrap().id(), secret(1).id());
        let ring = KeyRing::from_env(VARIABLE).unwrap();
        assert_eq!((ring.roots().len(), ring.roots()[0].id()), (1, secret(1).id()));
        return;
    }
    let run = |value: &str| {
        let name = "a_variable_with_one_root_secret_is_a_ring";
        let mut again = Command::new(std::env::current_exe().unwrap());
        let output = again.args(["--exact", name]).env(VARIABLE, value).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(run(&secret(1).to_text()).contains("test result: ok. 1 passed"));
    assert!(run(&format!("{}\n", *secret(1).to_text())).contains("test result: ok. 1 passed"));
    assert!(run(&secret(2).to_text()).contains("test result: FAILED. 0 passed; 1 failed"));
}
