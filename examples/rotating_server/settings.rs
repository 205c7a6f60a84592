//! What the server is told on its command line.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use sealed_session::WatchOptions;

const USAGE: &str = "usage: rotating_server RING [--app ID] [--cookie NAME] [--port N] [--poll-ms N] \
                     [--polling-only] [--clock-offset SECONDS]";

pub(crate) struct Settings {
    pub(crate) ring: PathBuf,
    pub(crate) app: String,
    pub(crate) cookie: String,
    /// 0 is any that is free.
    pub(crate) port: u16,
    pub(crate) clock_offset_s: i32,
    poll_ms: u64,
    polling_only: bool,
}

impl Settings {
    pub(crate) fn from_arguments(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let ring = arguments.next().filter(|ring| !ring.starts_with('-')).ok_or(USAGE)?.into();
        let (app, cookie) = (String::new(), "__Host-session".to_owned());
        let mut settings =
            Self { ring, app, cookie, port: 0, clock_offset_s: 0, poll_ms: 1000, polling_only: false };
        while let Some(option) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{option} needs a value; {USAGE}"));
            match option.as_str() {
                "--app" => settings.app = value()?,
                "--cookie" => settings.cookie = value()?,
                "--port" => settings.port = number(&value()?)?,
                "--poll-ms" => settings.poll_ms = number(&value()?)?,
                "--polling-only" => settings.polling_only = true,
                "--clock-offset" => settings.clock_offset_s = number(&value()?)?,
                _ => return Err(format!("unknown option {option}; {USAGE}")),
            }
        }
        Ok(settings)
    }

    /// How the ring file is followed; what happens to it is told on standard error.
    pub(crate) fn watching(&self) -> WatchOptions {
        let options = WatchOptions::default()
            .poll_every(Duration::from_millis(self.poll_ms))
            .on_event(|event| eprintln!("ring: {event}"));
        if self.polling_only { options.polling_only() } else { options }
    }
}

fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text} is no number that is allowed here; {USAGE}"))
}
