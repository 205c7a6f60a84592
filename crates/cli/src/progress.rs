//! A progress bar on standard error while lines stream through, when somebody is there to see it.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// So many lines go by between two looks at the bar: it must not slow the stream down.
const EVERY: u64 = 256;

/// Drawn only if standard error is a terminal, and neither input nor output would get mixed up with it there.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(crate) fn new() -> Self {
        if io::stdin().is_terminal() || io::stdout().is_terminal() {
            return Self { bar: ProgressBar::hidden() };
        }
        // indicatif draws on standard error, and only on a terminal.
        let (bar, template) = match stdin_len() {
            Some(len) => (ProgressBar::new(len), "{wide_bar} {percent}% {msg} lines, {eta} left"),
            None => (ProgressBar::new_spinner(), "{spinner} {msg} lines, {bytes}, {bytes_per_sec}"),
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar }
    }

    /// So many lines and bytes have been read.
    pub(crate) fn at(&self, lines: u64, bytes: u64) {
        if lines.is_multiple_of(EVERY) && !self.bar.is_hidden() {
            self.bar.set_position(bytes);
            self.bar.set_message(lines.to_string());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// The length of standard input, if it is a file.
#[cfg(unix)]
fn stdin_len() -> Option<u64> {
    use std::os::fd::AsFd as _;
    let file = std::fs::File::from(io::stdin().as_fd().try_clone_to_owned().ok()?);
    let metadata = file.metadata().ok()?;
    metadata.is_file().then_some(metadata.len())
}

#[cfg(not(unix))]
fn stdin_len() -> Option<u64> {
    None
}
