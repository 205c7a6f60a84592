//! `seal`: one session from the command line, or one a line from standard input.

use std::borrow::Cow;
use std::io::{self, BufWriter, Write as _};

use sealed_session::{CreateOptions, SealedStore};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::args::SealArguments;
use crate::failure::Failure;
use crate::lines::{Line, Lines};
use crate::progress::Progress;
use crate::time;

/// The longest line that is read.
const MAX_LINE: usize = 1 << 20;

pub(crate) fn run(arguments: &SealArguments) -> Result<(), Failure> {
    let ring = arguments.store.load_ring()?;
    let max_ttl_ms = ring.max_ttl_s().saturating_mul(1000);
    let store = arguments.store.store(ring, arguments.padding)?;
    let default_ttl_ms = match arguments.ttl.map_or(0, time::as_ms) {
        0 => time::as_ms(time::DEFAULT_TTL),
        ms => ms,
    };
    let what = if arguments.ttl.is_some() { "--ttl" } else { "the default of 24h (--ttl sets another)" };
    check_ttl(default_ttl_ms, max_ttl_ms).map_err(|e| Failure::Other(format!("{what}: {e}")))?;
    let sealer =
        Sealer { store, associated_data: arguments.store.associated_data(), default_ttl_ms, max_ttl_ms };
    match &arguments.data {
        Some(data) => sealer.one(arguments.user.as_deref(), data),
        None => sealer.stream(),
    }
}

struct Sealer<'a> {
    store: SealedStore,
    associated_data: &'a [u8],
    default_ttl_ms: u64,
    max_ttl_ms: u64,
}

/// A line of input. Data is kept as its raw text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Session<'a> {
    #[serde(borrow, default)]
    user_id: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "present")]
    data: Option<&'a RawValue>,
    #[serde(default)]
    ttl_ms: u64,
}

impl Sealer<'_> {
    fn one(&self, user: Option<&str>, data: &str) -> Result<(), Failure> {
        // The contract takes empty data for `{}`; here it is what somebody typed, and no object.
        let data = if data.is_empty() { " " } else { data };
        let token = self.seal(user, data, 0).map_err(Failure::Other)?;
        Ok(writeln!(io::stdout(), "{token}")?)
    }

    fn stream(&self) -> Result<(), Failure> {
        let mut lines = Lines::of_stdin(MAX_LINE);
        let mut out = BufWriter::new(io::stdout().lock());
        let progress = Progress::new();
        loop {
            if lines.would_wait() {
                out.flush()?;
            }
            let sealed = match lines.next()? {
                None => break,
                Some(Line::TooLong) => Err(format!("it has more than {MAX_LINE} bytes")),
                Some(Line::Whole(line)) => self.seal_line(line),
            };
            match sealed {
                Ok(token) => writeln!(out, "{token}")?,
                Err(e) => {
                    out.flush()?;
                    return Err(Failure::Other(format!("line {}: {e}", lines.number)));
                }
            }
            progress.at(lines.number, lines.bytes);
        }
        Ok(out.flush()?)
    }

    fn seal_line(&self, line: &[u8]) -> Result<String, String> {
        let line =
            std::str::from_utf8(line).map_err(|e| format!("byte {} is not UTF-8", e.valid_up_to() + 1))?;
        // serde would also take a list for a struct.
        if !line.trim_ascii_start().starts_with('{') {
            return Err("a JSON object with user_id, data and ttl_ms is expected".into());
        }
        let session: Session = serde_json::from_str(line).map_err(|e| without_line(&e))?;
        self.seal(session.user_id.as_deref(), session.data.map_or("{}", RawValue::get), session.ttl_ms)
    }

    fn seal(&self, user_id: Option<&str>, data: &str, ttl_ms: u64) -> Result<String, String> {
        check_ttl(ttl_ms, self.max_ttl_ms).map_err(|e| format!("ttl_ms: {e}"))?;
        let options = CreateOptions {
            user_id: user_id.map(str::to_owned),
            data_json: data.to_owned(),
            ttl_ms: if ttl_ms == 0 { self.default_ttl_ms } else { ttl_ms },
        };
        let id = self.store.create_with(options, self.associated_data).map_err(|e| e.to_string())?;
        Ok(id.0)
    }
}

/// A store would cut it; somebody who asks a command for a longer life is told.
fn check_ttl(ttl_ms: u64, max_ttl_ms: u64) -> Result<(), String> {
    if ttl_ms <= max_ttl_ms {
        return Ok(());
    }
    Err(format!("{ttl_ms} ms is longer than the ring's max_ttl_s allows ({max_ttl_ms} ms)"))
}

/// A field that stands there, even as `null`: only one that is left out has its default.
fn present<'de, D: serde::Deserializer<'de>>(field: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(field).map(Some)
}

/// The reader counts lines of the one line that it sees, and quotes a value of a wrong type.
fn without_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let message = match text.split(" at line ").next().unwrap_or_default() {
        quoting if quoting.starts_with("invalid ") && error.is_data() => {
            "user_id is text or null, data is an object, and ttl_ms is a whole number of milliseconds"
        }
        message => message,
    };
    format!("column {}: {message}", error.column())
}
