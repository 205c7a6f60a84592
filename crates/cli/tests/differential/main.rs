//! The command against two independent implementations of SPEC.md, in Python and in Node. The library is compared
//! with them in `tests/differential` of the repository, which says how a run is set and repeated.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../../../../tests/differential/case.rs"]
#[allow(dead_code, reason = "the library is asked more")]
mod case;
mod command;
#[path = "../../../../tests/differential/peer.rs"]
mod peer;
#[path = "../../../../tests/differential/setting.rs"]
#[allow(dead_code, reason = "the library is asked more")]
mod setting;

use peer::Peer;
use serde_json::json;
use setting::generator;

const IMPLEMENTATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../test-vectors/verify");

#[test]
#[ignore = "needs node, and python3 with cryptography: scripts/test installs them and runs it"]
fn the_command_line_and_the_other_implementations_open_each_others_tokens() {
    let (mut python, mut node) = (Peer::python(), Peer::node());
    let mut rng = generator();
    for _ in 0..60 {
        let case = command::case(&mut rng);
        let folder = tempfile::tempdir().unwrap();
        let ring = command::ring_file(folder.path(), &case);
        let sealed = command::seal(&ring, &case);
        for peer in [&mut python, &mut node] {
            let answer = peer.ask(&case.open_request(&sealed));
            let ok = answer.get("ok").unwrap_or_else(|| panic!("{answer} {case:?}"));
            assert_eq!(ok["user"], json!(case.user), "{case:?}");
            assert_eq!(ok["data"], json!(case.data), "{case:?}");
            let token = peer.ask(&case.seal_request());
            let opened = command::open(&ring, &case, token["token"].as_str().unwrap());
            assert_eq!(opened["data_json"], json!(case.data), "{case:?}");
            assert_eq!(opened["user_id"], json!(case.user), "{case:?}");
        }
    }
}
