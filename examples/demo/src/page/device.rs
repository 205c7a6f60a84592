//! The part of the page that tells whether the session is bound to the device.

use super::{TimeLeft, at_clock, moment};
use crate::binding::Asked;
use crate::html::{escape, fill};

const DEVICE: &str = include_str!("device.html");
const STATE: &str = include_str!("device_state.html");
const PROOF: &str = include_str!("proof.html");
const ASKED: &str = include_str!("asked.html");

/// How the browser reaches this server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// With cookies that are good for no more than local development.
    Insecure,
    Http,
    Https,
}

/// What there is to tell of a request's device.
pub(crate) struct Device {
    pub(crate) way: Way,
    pub(crate) has_user: bool,
    pub(crate) is_bound: bool,
    pub(crate) proof_until_ms: Option<u64>,
    /// The names of the cookies that take part, and how long they are in this request.
    pub(crate) cookies: Vec<(String, Option<usize>)>,
    pub(crate) asked: Vec<Asked>,
}

impl Device {
    pub(crate) fn section(&self, csrf: &str) -> String {
        // Elsewhere there is nothing that changes by itself.
        let live = if self.way == Way::Https { " data-live" } else { "" };
        fill(DEVICE, &[("live", live), ("state", &self.state()), ("csrf", csrf)])
    }

    /// What the page's script asks for anew.
    pub(crate) fn state(&self) -> String {
        let proof = self.proof_until_ms.filter(|_| self.is_bound).map(proof).unwrap_or_default();
        let cookies: String = self.cookies.iter().map(cookie).collect();
        let values =
            [("words", self.words()), ("proof", &proof), ("cookies", &cookies), ("asked", &self.asked())];
        fill(STATE, &values)
    }

    fn words(&self) -> &'static str {
        match self.way {
            _ if self.is_bound => {
                "<b>Bound.</b> Without a proof of this device the session is worth nothing."
            }
            Way::Insecure => {
                "<b>Not bound.</b> With <code>--insecure</code> the demo binds no session to a device."
            }
            Way::Http => {
                "<b>Not bound.</b> Browsers bind sessions over https only, and this page came over http."
            }
            Way::Https if self.has_user => {
                "<b>Not bound.</b> This browser has registered no key; one that binds does so right after the login."
            }
            Way::Https => "<b>Not bound.</b> At the login this browser is asked for a key of its device.",
        }
    }

    fn asked(&self) -> String {
        let rows: String = match self.asked.as_slice() {
            _ if self.way != Way::Https => return String::new(),
            [] => r#"<tr><td colspan="3">Nothing yet.</td></tr>"#.to_owned(),
            asked => asked.iter().map(row).collect(),
        };
        fill(ASKED, &[("rows", &rows)])
    }
}

fn proof(until_ms: u64) -> String {
    let TimeLeft { seconds, words } = TimeLeft::until(until_ms);
    let (seconds, until) = (seconds.to_string(), moment(until_ms));
    fill(
        PROOF,
        &[
            ("left_s", &seconds),
            ("left", &words),
            ("at", &until.to_string()),
            ("at_clock", &at_clock(until, "%H:%M:%S UTC")),
        ],
    )
}

fn cookie((name, chars): &(String, Option<usize>)) -> String {
    let octets = chars.map_or("not sent".to_owned(), |chars| (name.len() + chars).to_string());
    format!(r#"<tr><th scope="row"><code>{}</code></th><td>{octets}</td></tr>"#, escape(name))
}

fn row(Asked { at_ms, path, status }: &Asked) -> String {
    let at = moment(*at_ms);
    let meaning = match status {
        200 => "proof given",
        401 => "refused",
        403 => "sign this first",
        503 => "not now",
        _ => "no such request",
    };
    format!(
        r#"<tr><td><time datetime="{at}">{}</time></td><td><code>{}</code></td><td>{status}, {meaning}</td></tr>"#,
        at_clock(at, "%H:%M:%S"),
        escape(path).replacen("/dbsc/", "/dbsc/<wbr>", 1)
    )
}
