//! What is written, and that it reads as what it was.

use std::time::Duration;

use sealed_session::{KeyRing, Root};

use crate::common::{NOW, ring, root, secret};
use crate::{error, lines};

fn fields(root: &Root) -> impl PartialEq + std::fmt::Debug + use<> {
    let times = (root.created_at_ms(), root.activate_at_ms(), root.retire_at_ms());
    (root.id(), root.period_s(), times, root.is_revoked())
}

#[test]
fn a_ring_is_written_as_the_spec_shows() {
    let daily = root(2).rotating_every(Duration::from_secs(86_400)).unwrap();
    let roots =
        vec![root(1).retiring_at(NOW + 1), daily.created_at(NOW).activating_at(NOW + 600_000).revoked()];
    let expected = r#"{
  "format": "sealed-session-ring/1",
  "max_ttl_s": 2592000,
  "keys": [
    {
      "secret": "ssr1_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQF8WxC1",
      "period_s": 0,
      "activate_at": "1970-01-01T00:00:00Z",
      "retire_at": "2026-11-18T11:06:40.001Z",
      "revoked": false
    },
    {
      "secret": "SECRET_2",
      "period_s": 86400,
      "created_at": "2026-11-18T11:06:40Z",
      "activate_at": "2026-11-18T11:16:40Z",
      "retire_at": null,
      "revoked": true
    }
  ]
}
"#;
    let expected = expected.replace("SECRET_2", &secret(2).to_text());
    assert_eq!(*ring(roots).to_json().unwrap(), expected);
}

#[test]
fn a_ring_reads_as_what_was_written() {
    let hourly = root(3).rotating_every(Duration::from_secs(3_600)).unwrap();
    let roots = vec![
        root(1),
        root(2).created_at(0).activating_at(1).retiring_at(2),
        hourly.created_at(NOW).activating_at(NOW + 1).retiring_at(NOW + 999),
        root(4).activating_at(253_402_207_199_999).retiring_at(253_402_207_200_000).revoked(),
    ];
    let ring = ring(roots).with_max_ttl(Duration::from_secs(7_200)).unwrap();
    let again = KeyRing::from_json(&ring.to_json().unwrap()).unwrap();
    assert_eq!(again.max_ttl_s(), 7_200);
    let (before, after): (Vec<_>, Vec<_>) =
        (ring.roots().iter().map(fields).collect(), again.roots().iter().map(fields).collect());
    assert_eq!(before, after);
    assert_eq!(*again.to_json().unwrap(), *ring.to_json().unwrap());
}

#[test]
fn secrets_of_every_length_survive() {
    for len in 32..=64 {
        let secret = sealed_session::RootSecret::from_bytes(&vec![len; len.into()]).unwrap();
        let id = secret.id();
        let again = KeyRing::from_json(&KeyRing::single(secret).to_json().unwrap()).unwrap();
        assert_eq!(again.roots()[0].id(), id);
    }
}

#[test]
fn an_empty_ring_is_a_ring() {
    let again = KeyRing::from_json(&ring(vec![]).to_json().unwrap()).unwrap();
    assert!(again.roots().is_empty());
}

#[test]
fn a_file_that_a_person_wrote_is_read() {
    let ring = KeyRing::from_json(&lines()).unwrap();
    let [first, second] = ring.roots() else { panic!("two keys") };
    assert_eq!((first.id(), second.id()), (secret(1).id(), secret(2).id()));
    assert_eq!((first.period_s(), second.period_s()), (0, 86_400));
    assert_eq!(first.created_at_ms(), Some(1_795_132_800_000));
    assert_eq!((first.activate_at_ms(), second.activate_at_ms()), (0, 1_795_133_400_000));
    assert_eq!((first.retire_at_ms(), second.retire_at_ms()), (Some(1_797_811_800_000), None));
    assert_eq!((first.is_revoked(), second.is_revoked()), (false, true));
}

#[test]
fn fields_stand_in_any_order_and_on_one_line() {
    let text = format!(
        "{{\"keys\":[{{\"revoked\":false,\"retire_at\":null,\"activate_at\":\"1970-01-01T00:00:00Z\",\
         \"period_s\":0,\"secret\":\"{}\"}}],\"format\":\"sealed-session-ring/1\"}}",
        *secret(1).to_text()
    );
    let ring = KeyRing::from_json(&text).unwrap();
    assert_eq!(ring.max_ttl_s(), 2_592_000, "30 days if left out");
    assert_eq!(ring.roots()[0].created_at_ms(), None, "unknown if left out");
}

#[test]
fn windows_line_ends_and_missing_newlines_are_read() {
    assert!(KeyRing::from_json(&lines().replace('\n', "\r\n")).is_ok());
    assert!(KeyRing::from_json(lines().trim_end()).is_ok());
}

#[test]
fn a_file_cut_anywhere_is_an_error() {
    let text = lines();
    for len in 0..text.trim_end().len() {
        assert!(KeyRing::from_json(&text[..len]).is_err(), "{len} bytes");
    }
    assert!(KeyRing::from_json(text.trim_end()).is_ok());
}

#[test]
fn a_file_with_any_byte_changed_is_an_error_or_a_ring() {
    let text = lines();
    let mut refused = 0;
    for at in 0..text.len() {
        for other in ["", "\"", "}", "x", "\0", "é"] {
            let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            refused += usize::from(KeyRing::from_json(&changed).is_err());
        }
    }
    assert!(refused > 4 * text.len(), "white space may change, and little else: {refused}");
}

#[test]
fn what_stands_after_the_ring_is_an_error() {
    for garbage in ["x", "{}", "null", ",", "]", "}", "\0"] {
        let message = error(&format!("{}{garbage}", lines()));
        assert!(message.contains("trailing characters"), "{message}");
        assert!(message.starts_with("line 23, "), "{message}");
    }
}

#[test]
fn times_too_late_for_a_file_are_not_written() {
    let late = 253_402_207_200_000;
    for root in [root(1).activating_at(late + 1), root(1).created_at(u64::MAX), root(1).retiring_at(late + 1)]
    {
        let error = ring(vec![root]).to_json().unwrap_err();
        assert!(error.to_string().contains("later than a ring file can hold (year 9999)"), "{error}");
    }
    assert!(ring(vec![root(1).activating_at(late)]).to_json().is_ok());
}
