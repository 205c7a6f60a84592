//! How times are written: RFC 3339, in UTC, to the millisecond.

use sealed_session::KeyRing;

use crate::common::secret;

/// The activation time of a ring file that says so, in milliseconds since 1970.
fn read(time: &str) -> Result<u64, String> {
    let text = format!(
        r#"{{"format":"sealed-session-ring/1","keys":[{{"secret":"{}","period_s":0,"created_at":"{time}",
             "activate_at":"{time}","retire_at":null,"revoked":false}}]}}"#,
        *secret(1).to_text()
    );
    let ring = KeyRing::from_json(&text).map_err(|e| e.to_string())?;
    assert_eq!(ring.roots()[0].created_at_ms(), Some(ring.roots()[0].activate_at_ms()));
    Ok(ring.roots()[0].activate_at_ms())
}

#[test]
fn times_are_read_to_the_millisecond() {
    for (time, ms) in [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.001Z", 1),
        ("1970-01-01T00:00:01Z", 1_000),
        ("2026-11-20T00:10:00Z", 1_795_133_400_000),
        ("2026-11-20T00:10:00.000Z", 1_795_133_400_000),
        ("2026-11-20T00:10:00.5Z", 1_795_133_400_500),
        ("2026-11-20T00:10:00.05Z", 1_795_133_400_050),
        ("2026-11-20T00:10:00.123Z", 1_795_133_400_123),
        ("2000-02-29T12:34:56Z", 951_827_696_000),
        ("2024-02-29T23:59:59.999Z", 1_709_251_199_999),
        ("9999-12-30T22:00:00Z", 253_402_207_200_000),
    ] {
        assert_eq!(read(time), Ok(ms), "{time}");
    }
}

#[test]
fn times_before_1970_are_refused() {
    for time in [
        "1969-12-31T23:59:59.999Z",
        "1969-12-31T23:59:59Z",
        "1900-01-01T00:00:00Z",
        "-000001-01-01T00:00:00Z",
    ] {
        assert!(read(time).unwrap_err().contains("1970 or later"), "{time}");
    }
}

#[test]
fn times_finer_than_a_millisecond_are_refused() {
    for time in ["2026-11-20T00:10:00.0001Z", "2026-11-20T00:10:00.123456Z", "2026-11-20T00:10:00.000000001Z"]
    {
        assert!(read(time).unwrap_err().contains("to the millisecond"), "{time}");
    }
}

#[test]
fn only_utc_is_read() {
    for zone in ["", "+00:00", "-00:00", "+01:00", "z", "Z[UTC]", "[Europe/Berlin]", " Z", " UTC", "+00:00Z"]
    {
        assert!(read(&format!("2026-11-20T00:10:00{zone}")).is_err(), "{zone}");
    }
}

#[test]
fn times_of_another_shape_or_of_no_day_are_refused() {
    for time in [
        "",
        "Z",
        "2026-11-20",
        "2026-11-20Z",
        "2026-11-20T00:10Z",
        "2026-11-20 00:10:00Z",
        "2026-11-20t00:10:00Z",
        "20261120T001000Z",
        "2026-11-20T001000.00000Z",
        "2026-11-20T00:10:00,5Z",
        "2026-11-20T00:10:00.123000000Z",
        "2026-11-20T00:10:00.Z",
        "2026-11-20T00:10:60Z",
        // Later than the ring file's last time, so that it could not be written again.
        "9999-12-30T22:00:00.001Z",
        "9999-12-31T00:00:00Z",
        " 2026-11-20T00:10:00Z",
        "2026-11-20T00:10:00Z ",
        "2026-11-31T00:10:00Z",
        "2025-02-29T00:10:00Z",
        "2026-13-01T00:10:00Z",
        "2026-00-01T00:10:00Z",
        "2026-11-20T24:00:00Z",
        "2026-11-20T00:60:00Z",
        "2026-11-20T00:10:61Z",
        "2026-11-20T00:10:00.Z",
        "10000-01-01T00:00:00Z",
        "1795133400",
        "1795133400000",
        "é026-11-20T00:10:00Z",
        "2026-11-2éT00:10:00Z",
    ] {
        assert!(read(time).is_err(), "{time}");
    }
}
