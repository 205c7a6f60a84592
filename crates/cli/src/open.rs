//! `open` and `inspect`: a token from the command line, or one a line from standard input.

use std::ffi::OsStr;
use std::io::{self, BufWriter, Write};

use sealed_session::{OpenError, OpenedSession, SealedStore, SessionId, TokenInfo};
use serde::Serialize;

use crate::args::OpenArguments;
use crate::failure::Failure;
use crate::lines::{Line, Lines};
use crate::progress::Progress;

/// Longer lines are no tokens (an opener looks at 8192 characters at most) and are not kept in memory.
const MAX_LINE: usize = 1 << 14;

/// A signature of actix-session stands before the token, in base64 with its `=`.
const SIGNATURE_CHARS: usize = 44;

pub(crate) fn run(arguments: &OpenArguments) -> Result<(), Failure> {
    let store = arguments.store.store(arguments.store.load_ring()?, 0)?;
    let open = |token: &str| open_one(&store, token, arguments.store.associated_data());
    answer(arguments.token.as_deref(), arguments.explain, open)
}

pub(crate) fn inspect(token: Option<&OsStr>) -> Result<(), Failure> {
    answer(token, false, |token| TokenInfo::of(token).map(Visible::from))
}

#[derive(Serialize)]
struct Session {
    uid: String,
    user_id: Option<String>,
    data_json: String,
    created_at_ms: u64,
    renewed_at_ms: u64,
    expires_at_ms: u64,
    key_id: String,
    key_state: &'static str,
}

#[derive(Serialize)]
struct Visible {
    version: u8,
    key_id: String,
    salt: String,
    tag: String,
    token_chars: usize,
    record_bytes: usize,
}

#[derive(Serialize)]
struct Refusal {
    error: &'static str,
    line: u64,
}

fn open_one(store: &SealedStore, token: &str, associated_data: &[u8]) -> Result<Session, OpenError> {
    let opened = store.open_with(&SessionId::new(token), associated_data)?;
    let (uid, renewed_at_ms) = (opened.uid().to_string(), opened.renewed_at_ms());
    let (key_id, key_state) = (opened.key_id().to_string(), opened.key_state().as_str());
    let record = OpenedSession::into_record(opened);
    Ok(Session {
        uid,
        user_id: record.user_id,
        data_json: record.data_json,
        created_at_ms: record.created_at_ms,
        renewed_at_ms,
        expires_at_ms: record.expires_at_ms,
        key_id,
        key_state,
    })
}

impl From<TokenInfo> for Visible {
    fn from(info: TokenInfo) -> Self {
        let hex = |bytes: &[u8]| bytes.iter().map(|octet| format!("{octet:02x}")).collect();
        Self {
            version: info.version,
            key_id: info.key_id.to_string(),
            salt: hex(&info.salt),
            tag: hex(&info.tag),
            token_chars: info.chars,
            record_bytes: info.record_len,
        }
    }
}

/// Answers for the one token, or for each line of standard input.
fn answer<T: Serialize>(
    token: Option<&OsStr>,
    explain: bool,
    open: impl Fn(&str) -> Result<T, OpenError>,
) -> Result<(), Failure> {
    let Some(token) = token else { return stream(explain, open) };
    // Text that is not UTF-8 is no base64url either; the empty text is refused like it.
    let token = token.to_str().unwrap_or_default();
    match open(token) {
        Ok(answer) => {
            let mut out = io::stdout().lock();
            serde_json::to_writer(&mut out, &answer)?;
            Ok(writeln!(out)?)
        }
        Err(e) => {
            let message = if explain { because(&e) } else { e.to_string() };
            Err(refused(&e, hint(token).map_or(message.clone(), |hint| format!("{message}\nhint: {hint}"))))
        }
    }
}

fn stream<T: Serialize>(explain: bool, open: impl Fn(&str) -> Result<T, OpenError>) -> Result<(), Failure> {
    let mut lines = Lines::of_stdin(MAX_LINE);
    let mut out = BufWriter::new(io::stdout().lock());
    let progress = Progress::new();
    let mut worst = None;
    loop {
        if lines.would_wait() {
            out.flush()?;
        }
        // As with one token: what is too long or is not text is refused like the empty text.
        let token = match lines.next()? {
            None => break,
            Some(Line::TooLong) => "",
            Some(Line::Whole(line)) => std::str::from_utf8(line).unwrap_or_default(),
        };
        match open(token) {
            Ok(answer) => serde_json::to_writer(&mut out, &answer)?,
            Err(e) => {
                let hint = hint(token).filter(|_| explain);
                refuse_line(&mut out, &e, lines.number, explain)?;
                if let Some(hint) = hint {
                    let _ = writeln!(io::stderr(), "sealed-session: line {}: hint: {hint}", lines.number);
                }
                worst = Some(worst.filter(|worst: &OpenError| !worst.is_not_found()).unwrap_or(e));
            }
        }
        out.write_all(b"\n")?;
        progress.at(lines.number, lines.bytes);
    }
    out.flush()?;
    worst.map_or(Ok(()), |e| Err(refused(&e, String::new())))
}

fn refuse_line(out: &mut impl Write, e: &OpenError, line: u64, explain: bool) -> Result<(), Failure> {
    if explain {
        let _ = writeln!(io::stderr(), "sealed-session: line {line}: {}", because(e));
    }
    let error = if e.is_not_found() { "not_found" } else { "invalid" };
    Ok(serde_json::to_writer(out, &Refusal { error, line })?)
}

/// What to do about a text that is refused, where it shows how it came about. No token has any of these characters.
fn hint(text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    let is_header = ["set-cookie:", "cookie:"].iter().any(|name| lower.trim_start().starts_with(name));
    let is_quote = |c: char| matches!(c, '"' | '\'' | '`');
    let is_blank = |c: char| c.is_whitespace() || c == '\u{feff}';
    match () {
        () if is_header || text.contains(';') => {
            Some("it looks like a header: give the cookie's value, which stands between = and the next ;")
        }
        () if text.find('=') == Some(SIGNATURE_CHARS - 1) => Some(
            "it looks like a signed cookie of actix-session: the token begins after 44 characters, at the =",
        ),
        () if text.trim_end_matches('=').contains('=') => {
            Some("it looks like a whole cookie, name=value: give the value, which stands behind the =")
        }
        () if text.starts_with(is_quote) || text.ends_with(is_quote) => {
            Some("quotes stand around it: leave them out")
        }
        () if text.starts_with(is_blank) || text.ends_with(is_blank) => {
            Some("white space stands around it: leave it out")
        }
        () if text.contains('%') => Some("it has %, so it looks percent-encoded: decode it"),
        () if text.starts_with("2.") => Some(
            "it looks like the first of two cookies: leave out the 2. and add the value of the second, NAME.1",
        ),
        () => None,
    }
}

fn because(e: &OpenError) -> String {
    format!("{e} (check: {})", e.reason().as_str())
}

fn refused(e: &OpenError, message: String) -> Failure {
    if e.is_not_found() { Failure::NotFound(message) } else { Failure::Invalid(message) }
}
