//! What a session layer must do before its speed means anything.

use sealed_session_peers::web::{NONE, SIZES, sites};

#[test]
fn every_layer_keeps_a_session_and_refuses_a_changed_cookie() {
    for site in sites().iter().filter(|site| site.name != NONE) {
        SIZES.into_iter().for_each(|size| site.check(size));
    }
}

#[test]
fn the_application_without_sessions_answers_what_the_others_answer() {
    let sites = sites();
    for path in ["/unread", "/read", "/update"] {
        let of = |at: usize| {
            let site = &sites[at];
            let response = site.answer(path, Some(&site.cookie(512)));
            (response.status(), response.headers().get("content-length").cloned())
        };
        (1..sites.len()).for_each(|at| assert_eq!(of(at), of(0), "{}, {path}", sites[at].name));
    }
}
