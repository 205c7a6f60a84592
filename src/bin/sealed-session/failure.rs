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
    /// Whoever read the output has gone; there is nobody to tell, and nothing is wrong: 0.
    ClosedPipe,
}

impl Failure {
    /// Says on standard error what went wrong and gives the exit code.
    pub(crate) fn report(self) -> ExitCode {
        let (code, message) = match self {
            Self::ClosedPipe => return ExitCode::SUCCESS,
            Self::Other(message) => (1, message),
            Self::Usage(message) => (2, message),
            Self::Invalid(message) => (3, message),
            Self::NotFound(message) => (4, message),
        };
        if !message.is_empty() {
            // When standard error is closed too, the exit code still tells.
            let _ = writeln!(io::stderr(), "sealed-session: {message}");
        }
        ExitCode::from(code)
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
            _ => Self::Other(error.to_string()),
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::from(io::Error::from(error))
    }
}
