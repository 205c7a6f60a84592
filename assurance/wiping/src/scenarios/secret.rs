//! Root secrets by themselves.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;

use sealed_session::{KeyRing, RootSecret};
use zeroize::Zeroizing;

use crate::needles;
use crate::secrets::root;

/// Where [`environment`] finds a root secret.
pub const VARIABLE: &str = "WIPING_ROOT_SECRET";

pub fn generate() {
    let secret = RootSecret::generate().expect("randomness");
    let text = secret.to_text();
    needles::add("text of a generated secret", &needles::masked(&text.as_bytes()["ssr1_".len()..]));
    let again: RootSecret = text.parse().expect("its own text");
    assert_eq!(again.id(), secret.id());
}

pub fn text() {
    for number in 1..=5 {
        let secret = root(number);
        let text = secret.to_text();
        let again = RootSecret::from_text(&text).expect("its own text");
        assert_eq!(again.id(), secret.id());
        assert_eq!(format!("{secret:?}"), "RootSecret([redacted])");
    }
}

pub fn refused() {
    for number in 1..=5 {
        let good = root(number).to_text();
        let good = good.as_str();
        let last = if good.ends_with('A') { "B" } else { "A" };
        for parts in [
            [&good[..good.len() - 1], last],
            [&good[..good.len() - 1], "="],
            [&good[..good.len() - 3], ""],
            [&good[1..], ""],
            [good, " "],
            [good, "\r\n"],
            ["\"", good],
        ] {
            let mut text = Zeroizing::new(String::with_capacity(256));
            parts.iter().for_each(|part| text.push_str(part));
            assert!(RootSecret::from_text(&text).is_err());
        }
    }
}

pub fn file() {
    let path = std::env::temp_dir().join(format!("wiping-{}.txt", std::process::id()));
    let mut file: File =
        OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path).expect("a new file");
    file.write_all(root(1).to_text().as_bytes()).expect("room on the disk");
    let read = RootSecret::from_file(&path);
    std::fs::remove_file(&path).expect("its own file");
    assert_eq!(read.expect("a private file").id(), root(1).id());
}

/// In a process whose variable is set.
pub fn environment() {
    let ring = KeyRing::from_env(VARIABLE).expect("a root secret");
    assert_eq!(ring.roots()[0].id(), RootSecret::from_env(VARIABLE).expect("a root secret").id());
}
