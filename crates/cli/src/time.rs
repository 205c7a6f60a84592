//! Durations as people write them, and times as they read them.

use std::time::Duration;

use jiff::Timestamp;

/// How long a session lives when nothing is said.
pub(crate) const DEFAULT_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// A duration such as `90s`, `1h` or `30d`, of whole milliseconds.
pub(crate) fn milliseconds(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|e| format!("{e} (examples: 90s, 1h, 30d)"))?;
    if duration.subsec_nanos() % 1_000_000 != 0 {
        return Err("a whole number of milliseconds is needed (examples: 90s, 1h, 30d)".into());
    }
    if u64::try_from(duration.as_millis()).is_err() {
        return Err("that is more than 584 million years".into());
    }
    Ok(duration)
}

/// A duration of whole seconds.
pub(crate) fn whole_seconds(text: &str) -> Result<Duration, String> {
    let duration = milliseconds(text)?;
    if duration.subsec_nanos() != 0 {
        return Err("a whole number of seconds is needed (examples: 90m, 12h, 7d)".into());
    }
    Ok(duration)
}

/// A duration of whole seconds, one or more.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    whole_seconds(text).and_then(|duration| {
        if duration.is_zero() {
            Err("a second or more is needed (examples: 12h, 7d)".into())
        } else {
            Ok(duration)
        }
    })
}

/// A duration in milliseconds; the parsers above have bounded it.
pub(crate) fn as_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A time in milliseconds since 1970, as people read it.
pub(crate) fn show(ms: u64) -> String {
    let time = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    time.map_or_else(|| format!("{ms} ms after 1970"), |time| time.to_string())
}

/// A duration in seconds, as people read it.
pub(crate) fn show_seconds(seconds: u64) -> String {
    humantime::format_duration(Duration::from_secs(seconds)).to_string()
}
