//! How a command ends when it does not succeed.

use std::io::{self, Write as _};
use std::process::ExitCode;

use sealed_session::{KeyError, SealError};

/// Each kind has an exit code of its own.
pub(crate) enum Failure {
    /// The command line contradicts itself: 2.
    Usage(String),
    /// A token was refused: 3.
    Invalid(String),
    /// A session is over: 4.
    NotFound(String),
    /// Anything else: 1.
    Other(String),
    /// What clap says of the arguments, or the help that was asked for.
    Arguments(Box<clap::Error>),
    /// Whoever read the output has gone; there is nobody to tell, and nothing is wrong: 0.
    ClosedPipe,
}

impl Failure {
    /// Says on standard error what went wrong and gives the exit code.
    pub(crate) fn report(self) -> ExitCode {
        let (code, message) = match self {
            Self::ClosedPipe => return ExitCode::SUCCESS,
            Self::Arguments(error) => return report_arguments(&error),
            Self::Other(message) => (1, message),
            Self::Usage(message) => (2, message),
            Self::Invalid(message) => (3, message),
            Self::NotFound(message) => (4, message),
        };
        if !message.is_empty() {
            // When standard error is closed too, the exit code still tells.
            let _ = writeln!(io::stderr(), "sealed-session: {}", without_secrets(&message));
        }
        ExitCode::from(code)
    }
}

/// clap quotes what it does not understand, and that may be a secret in the wrong place.
fn report_arguments(error: &clap::Error) -> ExitCode {
    let text = error.to_string();
    let shown = without_secrets(&text);
    let _ = if shown == text { error.print() } else { write!(io::stderr(), "{shown}") };
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(1))
}

/// The text with everything cut out that looks like a root secret. The bare prefix may stay.
fn without_secrets(text: &str) -> String {
    let mut pieces = text.split("ssr1_");
    let mut shown = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let rest = piece.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        shown.push_str("ssr1_");
        if rest.len() < piece.len() {
            shown.push_str("[redacted]");
        }
        shown.push_str(rest);
    }
    shown
}

impl From<clap::Error> for Failure {
    fn from(error: clap::Error) -> Self {
        Self::Arguments(Box::new(error))
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Self::Other(error.to_string())
    }
}

impl From<SealError> for Failure {
    fn from(error: SealError) -> Self {
        Self::Other(error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::ClosedPipe,
            _ => Self::Other(format!("standard input or output: {error}")),
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::from(io::Error::from(error))
    }
}
