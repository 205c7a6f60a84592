//! Ring files and their times, written and read without the crate.

use serde_json::{Value, json};

use super::{DAY, HOUR};

/// A fixed root that has sealed since 1970, as a ring file writes it.
pub(crate) fn root(secret: &str) -> Value {
    let activate_at = "1970-01-01T00:00:00Z";
    json!({
        "secret": secret, "period_s": 0, "activate_at": activate_at, "retire_at": null, "revoked": false,
    })
}

/// The text of a ring file, written without the crate.
pub(crate) fn ring(max_ttl_s: u64, roots: &[Value]) -> String {
    json!({ "format": "sealed-session-ring/1", "max_ttl_s": max_ttl_s, "keys": roots }).to_string()
}

/// Milliseconds since 1970 of a time such as `2026-11-18T11:06:40.5Z`.
pub(crate) fn ms(time: &Value) -> u64 {
    let text = time.as_str().expect("a time").strip_suffix('Z').expect("in UTC");
    let (date, time) = text.split_once('T').unwrap();
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let fraction: u64 = format!("{fraction:0<3}").parse().unwrap();
    let ([year, month, day], [hour, minute, second]) = (numbers(date, '-'), numbers(time, ':'));
    days(year, month, day) * DAY + hour * HOUR + minute * 60_000 + second * 1000 + fraction
}

fn numbers(text: &str, between: char) -> [u64; 3] {
    let numbers: Vec<u64> = text.split(between).map(|number| number.parse().unwrap()).collect();
    numbers.try_into().expect("three numbers")
}

/// Days since 1970. March is the first month here, so that a leap day is the last of its year.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = if month < 3 { year - 1 } else { year };
    let months_since_march = (month + 9) % 12;
    let before = 365 * year + year / 4 - year / 100 + year / 400;
    before + (153 * months_since_march + 2) / 5 + day - 719_469
}
