//! Operations on sessions, under given randomness: what they seal, and what they refuse.

mod case;
mod depth;
mod done;
mod login;
mod refused;
mod settings;
mod two_faults;

use super::file::{self, File};

pub(crate) fn file() -> File {
    let mut vectors = done::vectors();
    vectors.extend(refused::vectors());
    vectors.extend(settings::vectors());
    vectors.extend(two_faults::vectors());
    let header = [
        "Operations on a session (SPEC.md, section 14), with what a sealer must check (section 9) and the \
         size limits (section 11).",
        "OperationDone: at `now`, a sealer with this ring file and these settings is asked for `op`: create, \
         update, touch, reseal, cycle, login or delete. It draws `uid`, where the operation needs a new one, \
         and `salt`. It seals `record`, as `sealed`; delete seals nothing.",
        "OperationRefused: it fails with `outcome`, because of `check` (section 14). With `repair` it does \
         not fail. `transient` is true where a host should leave the cookie in place (section 12.1).",
        "OperationOrder: two things are wrong, and the token is judged first: as OperationRefused, but with `repair` it \
         still fails, as `then` says.",
        "`max_token_chars` is the most characters of a token; null stands for what the cookie's name \
         leaves of 4096 bytes.",
    ];
    file::build("operations.json", &header, vectors)
}
