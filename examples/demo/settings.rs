//! What the demo is told on its command line.

const USAGE: &str = "usage: demo [--port N] [--insecure]";

pub(crate) struct Settings {
    /// 0 is any that is free.
    pub(crate) port: u16,
    /// A cookie without `Secure`, for browsers that want https even from this machine.
    pub(crate) insecure: bool,
}

impl Settings {
    pub(crate) fn read(
        mut arguments: impl Iterator<Item = String>,
        port: Option<String>,
    ) -> Result<Self, String> {
        let port = port.map_or(Ok(3000), |port| number(&port))?;
        let mut settings = Self { port, insecure: false };
        while let Some(option) = arguments.next() {
            match option.as_str() {
                "--port" => settings.port = number(&arguments.next().ok_or(USAGE)?)?,
                "--insecure" => settings.insecure = true,
                _ => return Err(format!("unknown option {option}; {USAGE}")),
            }
        }
        Ok(settings)
    }
}

fn number(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| format!("{text} is no port; {USAGE}"))
}
