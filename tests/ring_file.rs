//! The ring file: its text, and the file that holds it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy.toml allows them in tests, but not in the helpers beside them"
)]

mod common;

#[cfg(unix)]
#[path = "ring_file/folders.rs"]
mod folders;
#[cfg(unix)]
#[path = "ring_file/modes.rs"]
mod modes;
#[path = "ring_file/places.rs"]
mod places;
#[path = "ring_file/save.rs"]
mod save;
#[path = "ring_file/secrecy.rs"]
mod secrecy;
#[path = "ring_file/text.rs"]
mod text;
#[path = "ring_file/times.rs"]
mod times;

use sealed_session::KeyRing;

use common::secret;

fn error(text: &str) -> String {
    KeyRing::from_json(text).expect_err(text).to_string()
}

/// A ring file with one line for each field of its two keys.
fn lines() -> String {
    let [first, second] = [1, 2].map(|number| secret(number).to_text());
    format!(
        r#"{{
  "format": "sealed-session-ring/1",
  "max_ttl_s": 2592000,
  "keys": [
    {{
      "secret": "{}",
      "period_s": 0,
      "created_at": "2026-11-20T00:00:00Z",
      "activate_at": "1970-01-01T00:00:00Z",
      "retire_at": "2026-12-21T00:10:00Z",
      "revoked": false
    }},
    {{
      "secret": "{}",
      "period_s": 86400,
      "created_at": "2026-11-20T00:00:00Z",
      "activate_at": "2026-11-20T00:10:00Z",
      "retire_at": null,
      "revoked": true
    }}
  ]
}}
"#,
        *first, *second
    )
}

/// What the error names when line `line` (from 1) reads `instead`.
fn error_of(line: usize, instead: &str) -> String {
    let lines = lines();
    let changed: Vec<&str> =
        (1..).zip(lines.lines()).map(|(at, text)| if at == line { instead } else { text }).collect();
    error(&changed.join("\n"))
}
