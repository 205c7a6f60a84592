//! Key rings: in memory, as JSON, and as files.

use std::time::Duration;

use sealed_session::{KeyRing, Root, RootSecret};
use zeroize::Zeroizing;

use crate::secrets::{APP, COOKIE, DAY_MS, NOW, root};

/// A ring of all five roots, one of them rotating.
pub fn five() -> KeyRing {
    let daily = Root::new(root(5)).rotating_every(Duration::from_secs(86_400)).expect("whole seconds");
    let mut roots: Vec<Root> =
        (1..5).map(|number| Root::new(root(number)).activating_at(u64::from(number))).collect();
    roots.push(daily.activating_at(NOW));
    KeyRing::new(roots).expect("five different roots")
}

pub fn edit() {
    let mut ring = KeyRing::single(root(1));
    for number in 2..=5 {
        let added = Root::new(root(number)).activating_at(NOW + u64::from(number));
        ring.add(added, NOW).expect("another root");
    }
    let first = ring.roots()[0].id();
    ring.revoke(first, NOW + 10, false).expect("others seal");
    let third = ring.roots()[2].id();
    ring.revoke(third, NOW + 10, false).expect("others seal");
    assert_eq!(ring.prune(NOW + 10).removed.len(), 2);
    let ring = ring.with_max_ttl(Duration::from_secs(3_600)).expect("an hour");
    assert_eq!(ring.roots().len(), 3);
}

pub fn refused() {
    assert!(KeyRing::new(vec![Root::new(root(1)), Root::new(root(1)).activating_at(1)]).is_err());
    assert!(KeyRing::new(vec![Root::new(root(1)), Root::new(root(2))]).is_err());
    let mut ring = KeyRing::single(root(1));
    assert!(ring.add(Root::new(root(1)).activating_at(1), NOW).is_err());
    assert!(Root::new(root(2)).rotating_every(Duration::from_millis(1)).is_err());
    assert!(ring.with_max_ttl(Duration::ZERO).is_err());
}

pub fn json() {
    let ring = five();
    let text = ring.to_json().expect("times before the year 9999");
    let again = KeyRing::from_json(&text).expect("its own text");
    assert_eq!(again.roots().len(), 5);
}

/// Keys of a ring file with one mistake each; `$` stands for a secret.
const MISTAKES: [&str; 10] = [
    r#""secret":"$","period_s":-1,"activate_at":"1970-01-01T00:00:00Z","retire_at":null,"revoked":false"#,
    r#""secret":"$x","period_s":0,"activate_at":"1970-01-01T00:00:00Z","retire_at":null,"revoked":false"#,
    r#""secret":"x$","period_s":0,"activate_at":"1970-01-01T00:00:00Z","retire_at":null,"revoked":false"#,
    r#""secret":"$\n","period_s":0,"activate_at":"1970-01-01T00:00:00Z","retire_at":null,"revoked":false"#,
    r#""secret":["$"],"period_s":0,"activate_at":"1970-01-01T00:00:00Z","retire_at":null,"revoked":false"#,
    r#""secret":"$","period_s":"$","activate_at":"1970-01-01T00:00:00Z","retire_at":null,"revoked":false"#,
    r#""secret":"$","period_s":0,"activate_at":"$","retire_at":null,"revoked":false"#,
    r#""secret":"$","period_s":0,"activate_at":"1970-01-01T00:00:00Z","retire_at":"$","revoked":false"#,
    r#""$":1,"period_s":0,"activate_at":"1970-01-01T00:00:00Z","retire_at":null,"revoked":false"#,
    r#""secret":"$","period_s":0"#,
];

pub fn refused_json() {
    for mistake in MISTAKES {
        refuse_json(&[r#"{"format":"sealed-session-ring/1","keys":[{"#, mistake, "}]}"]);
    }
    refuse_json(&[r#"{"format":"$","keys":[]}"#]);
    refuse_json(&[r#"{"format":"sealed-session-ring/1","keys":[],"$":1}"#]);
    refuse_json(&[r#"{"format":"sealed-session-ring/1","keys":"$"}"#]);
    refuse_json(&["$"]);
}

fn refuse_json(parts: &[&str]) {
    let secret = root(1).to_text();
    // Large enough for all of it, so that this text is not what is found.
    let mut text = Zeroizing::new(String::with_capacity(1_024));
    for (at, piece) in parts.iter().flat_map(|part| part.split('$').enumerate()) {
        text.push_str(if at > 0 { &secret } else { "" });
        text.push_str(piece);
    }
    assert!(KeyRing::from_json(&text).is_err());
}

pub fn file() {
    let path = std::env::temp_dir().join(format!("wiping-{}.json", std::process::id()));
    five().save_new(&path).expect("a new file");
    let mut ring = KeyRing::load(&path).expect("its own file");
    ring.prune(NOW + 400 * DAY_MS);
    ring.save(&path).expect("its own file");
    let again = KeyRing::load(&path);
    std::fs::remove_file(&path).expect("its own file");
    assert_eq!(again.expect("its own file").roots().len(), ring.roots().len());
}

pub fn keys() {
    let keys = five().keys_at(APP, COOKIE, NOW, 60_000).expect("short names");
    assert!(keys.len() > 30);
    drop(RootSecret::generate().expect("randomness"));
}
