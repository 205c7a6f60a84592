//! Tokens that are refused, each by one check and for one reason.

mod envelope;
mod foreign;
mod keys;
mod record;
mod splice;
mod text;
mod times;

use super::file::{self, File};
use super::refusal::Refusal;

pub(crate) fn file() -> File {
    let refusals = [
        text::all(),
        envelope::all(),
        splice::all(),
        foreign::all(),
        keys::all(),
        record::all(),
        times::all(),
    ];
    let header = [
        "Tokens that are refused, one failure each (SPEC.md, section 10).",
        "SealedSessionOpenRefused: at `now`, a server with this ring file, application id, cookie name, \
         leeway, maximum lifetime and maximum TTL refuses `token` with the associated data `ad`. `check` is the \
         check that refuses it and `outcome` what a client is told; `transient` is true where a host should leave \
         the cookie in place (section 12.1), and is left out elsewhere.",
        "`repair` holds the one member that is wrong as it should be, be it the test's or its group's. With \
         it, the token opens: nothing else is wrong with it.",
        "`record`, where it is given, is the plaintext under the token's tag: such a token is authentic.",
    ];
    let vectors = refusals.into_iter().flatten().map(Refusal::into_vector).collect();
    file::build("open_invalid.json", &header, vectors)
}
