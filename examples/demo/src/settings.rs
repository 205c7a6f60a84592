//! What the demo is told on its command line.

use std::str::FromStr;
use std::time::Duration;

const USAGE: &str = "usage: demo [--port N] [--insecure] [--proof-ttl SECONDS]";

pub(crate) struct Settings {
    /// 0 is any that is free.
    pub(crate) port: u16,
    /// A cookie without `Secure`, for browsers that want https even from this machine.
    pub(crate) insecure: bool,
    /// How long a device's proof is good for.
    pub(crate) proof_ttl: Duration,
}

impl Settings {
    pub(crate) fn read(
        mut arguments: impl Iterator<Item = String>,
        port: Option<String>,
    ) -> Result<Self, String> {
        let port = port.map_or(Ok(3000), |port| number(&port, "port"))?;
        let mut settings = Self { port, insecure: false, proof_ttl: Duration::from_secs(600) };
        while let Some(option) = arguments.next() {
            let mut value = || arguments.next().ok_or(USAGE);
            match option.as_str() {
                "--port" => settings.port = number(&value()?, "port")?,
                "--insecure" => settings.insecure = true,
                "--proof-ttl" => {
                    settings.proof_ttl = Duration::from_secs(number(&value()?, "number of seconds")?);
                }
                _ => return Err(format!("unknown option {option}; {USAGE}")),
            }
        }
        Ok(settings)
    }
}

fn number<N: FromStr>(text: &str, what: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("{text} is no {what}; {USAGE}"))
}
