//! The conformance suite, run against backends of both families that are right, and against some that are
//! wrong on purpose: each of those must fail exactly the cases that its fault touches.
#![cfg(all(feature = "hazmat", feature = "conformance"))]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use sealed_session::conformance::{self, CaseResult, Family, Outcome, Report, Subject};
use sealed_session::hazmat::ManualClock;
use sealed_session::{Clock as _, CreateOptions, KeyRing, OpenedSession, RootSecret, SealedStore};
use sealed_session::{SessionError, SessionId, SessionPlugin, SessionRecord, SessionUid};
use serde::de::IgnoredAny;

const NOW: u64 = 1_795_000_000_000;
const MINUTE: u64 = 60_000;
const DEFAULT_TTL_MS: u64 = 20 * MINUTE;
const MAX_TTL_MS: u64 = 60 * MINUTE;
const MAX_LIFETIME_MS: u64 = 90 * MINUTE;

#[test]
fn the_sealed_store_passes_every_case() {
    let report = run(Family::Stateless, sealed_store);
    report.assert_passed();
    assert_eq!(report.not_run().count(), 0, "{report}");
}

#[test]
fn a_server_with_a_table_passes_every_case() {
    let report = run(Family::ServerBacked, Server::new);
    report.assert_passed();
    assert_eq!(report.not_run().count(), 0, "{report}");
}

#[test]
fn a_padded_store_with_the_default_limits_passes_every_case() {
    const DAY: u64 = 24 * 60 * MINUTE;
    let report = conformance::run(|| {
        let clock = ManualClock::at(NOW);
        let store = SealedStore::builder(ring()).padding(256).clock(clock.clone()).build().unwrap();
        Subject::new(store, Family::Stateless)
            .with_advance(move |ms| clock.advance(ms))
            .default_ttl_ms(DAY)
            .max_ttl_ms(30 * DAY)
            .max_lifetime_ms(30 * DAY)
    });
    report.assert_passed();
    assert_eq!(report.not_run().count(), 0, "{report}");
}

#[test]
fn a_stateless_store_that_says_it_revokes_must_do_so() {
    let clock = || ManualClock::at(NOW);
    let run = |make: &dyn Fn() -> Subject| conformance::run(|| make().with_revocation());
    run(&|| Subject::new(Revoking::new(clock()), Family::Stateless)).assert_passed();

    let report = run(&|| Subject::new(sealed_store(clock()), Family::Stateless));
    let deleted = "read_after_delete_is_not_found update_after_delete_is_not_found \
                   touch_after_delete_is_not_found delete_ends_every_id";
    assert_names("a store that only says so", report.failures(), deleted);
}

#[test]
fn without_a_way_to_move_the_clock_the_cases_about_time_do_not_run() {
    let store = || SealedStore::builder(ring()).build().unwrap();
    let report =
        conformance::run(|| Subject::new(store(), Family::Stateless).default_ttl_ms(24 * 60 * MINUTE));
    report.assert_passed();
    assert_names(
        "not run",
        report.not_run(),
        "create_cuts_a_ttl_above_the_maximum created_at_is_the_time_of_create \
         readable_one_ms_before_its_expiry not_found_at_its_expiry not_found_ever_after \
         a_ttl_of_1_ms_is_meant a_session_of_default_ttl_ends update_lasts_until_the_expiry \
         touch_lasts_until_the_expiry update_of_an_expired_id_is_not_found \
         touch_of_an_expired_id_is_not_found delete_of_an_expired_id_is_ok sessions_end_each_at_its_time \
         update_keeps_created_at update_keeps_the_expiry reading_does_not_extend touch_keeps_created_at \
         touch_extends touch_shortens touch_with_0_gives_the_default touch_cuts_a_ttl_above_the_maximum \
         touch_stops_at_the_maximum_lifetime update_after_touch_keeps_the_new_expiry",
    );
    let reason = |name| report.not_run().find(|outcome| outcome.name == name).unwrap().result.to_string();
    let clock = "not run: the subject does not tell how to move its clock on";
    assert_eq!(reason("not_found_at_its_expiry"), clock);
    let limit = "not run: the subject does not tell its maximum TTL";
    assert_eq!(reason("create_cuts_a_ttl_above_the_maximum"), limit);
}

#[test]
fn a_case_that_needs_longer_sessions_than_there_are_does_not_run() {
    let report = conformance::run(|| {
        let clock = ManualClock::at(NOW);
        let ttl = Duration::from_secs(30);
        let store = SealedStore::builder(ring()).default_ttl(ttl).max_ttl(ttl).clock(clock.clone());
        Subject::new(store.build().unwrap(), Family::Stateless)
            .with_advance(move |ms| clock.advance(ms))
            .max_ttl_ms(30_000)
    });
    report.assert_passed();
    let extends = report.not_run().find(|outcome| outcome.name == "touch_extends").unwrap();
    let reason = "this needs a session of 660000 ms, and the subject's live 30000 ms at most";
    assert_eq!(extends.result, CaseResult::NotRun(reason.to_owned()));
}

#[test]
fn each_wrong_backend_fails_exactly_the_cases_about_its_fault() {
    for wrong in wrong_backends() {
        let report = (wrong.run)();
        assert_names(wrong.fault, report.failures(), wrong.fails);
        assert_eq!(report.not_run().count(), 0, "{}", wrong.fault);
    }
}

#[test]
fn every_case_fails_for_some_wrong_backend() {
    let reports = [run(Family::Stateless, sealed_store), run(Family::ServerBacked, Server::new)];
    let all: BTreeSet<_> = reports.iter().flatten().map(|outcome| outcome.name).collect();
    let seen: BTreeSet<_> =
        wrong_backends().iter().flat_map(|wrong| wrong.fails.split_whitespace()).collect();
    assert_eq!(all.difference(&seen).collect::<Vec<_>>(), Vec::<&&str>::new());
}

#[test]
fn a_report_names_what_failed_and_goes_on_after_a_panic() {
    let report = run(Family::ServerBacked, |clock| Broken {
        read: |server: &Server, id| {
            let _ = id.as_str().split_at(1);
            server.read(id)
        },
        ..Broken::new(Server::new(clock))
    });
    let failed = report.failures().find(|outcome| outcome.name == "an_empty_id_is_refused").unwrap();
    assert!(failed.result.to_string().starts_with("FAILED: panicked: "), "{failed}");
    let later = report.outcomes().iter().skip_while(|outcome| *outcome != failed);
    assert!(later.map(|outcome| &outcome.result).any(|result| *result == CaseResult::Passed));

    let text = report.to_string();
    assert_eq!(text.lines().count(), report.outcomes().len() + 1);
    assert!(text.lines().next().unwrap().ends_with(" ... ok"), "{text}");
    assert!(text.ends_with(" failed, 0 not run"), "{text}");

    let panic = std::panic::catch_unwind(|| report.assert_passed()).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(
        report.failures().all(|o| message.contains(o.name) && message.contains(o.behaviour)),
        "{message}"
    );
}

#[test]
fn names_are_unique_and_behaviours_are_sentences() {
    for report in [run(Family::Stateless, sealed_store), run(Family::ServerBacked, Server::new)] {
        let names: BTreeSet<_> = report.outcomes().iter().map(|outcome| outcome.name).collect();
        assert_eq!(names.len(), report.outcomes().len());
        assert!(names.len() >= 30);
        assert!(report.outcomes().iter().all(|outcome| outcome.behaviour.ends_with('.')));
    }
}

/// A backend with one fault, and the cases that must fail for it.
struct Wrong {
    fault: &'static str,
    run: Box<dyn Fn() -> Report>,
    fails: &'static str,
}

type Fault<P> = fn(Broken<P>) -> Broken<P>;

fn server(fault: &'static str, with: Fault<Server>, fails: &'static str) -> Wrong {
    let make = move |clock| with(Broken::new(Server::new(clock)));
    Wrong { fault, run: Box::new(move || run(Family::ServerBacked, make)), fails }
}

fn token(fault: &'static str, with: Fault<SealedStore>, fails: &'static str) -> Wrong {
    let make = move |clock| with(Broken::new(sealed_store(clock)));
    Wrong { fault, run: Box::new(move || run(Family::Stateless, make)), fails }
}

fn wrong_backends() -> Vec<Wrong> {
    let groups = [wrong_families(), wrong_times(), wrong_data(), wrong_users(), wrong_ids(), wrong_deletes()];
    groups.into_iter().flatten().collect()
}

fn wrong_families() -> Vec<Wrong> {
    vec![
        Wrong {
            fault: "a server that says it is stateless",
            run: Box::new(|| run(Family::Stateless, Server::new)),
            fails: "update_gives_a_new_id touch_gives_a_new_id the_old_id_means_the_old_data \
             the_old_id_means_the_old_expiry an_old_id_can_be_changed_too an_empty_id_is_refused \
             a_garbage_id_is_refused an_id_of_a_megabyte_is_refused an_id_that_is_not_ascii_is_refused \
             an_id_with_control_characters_is_refused an_id_like_a_path_is_refused \
             a_tampered_id_is_refused an_id_in_another_case_is_refused a_truncated_id_is_refused \
             an_extended_id_is_refused update_refuses_a_tampered_id touch_refuses_a_tampered_id",
        },
        Wrong {
            fault: "a stateless store that says it has a server",
            run: Box::new(|| run(Family::ServerBacked, sealed_store)),
            fails: "the_old_data_is_gone the_old_expiry_is_gone read_after_delete_is_not_found \
             update_after_delete_is_not_found touch_after_delete_is_not_found delete_ends_every_id",
        },
    ]
}

fn wrong_times() -> Vec<Wrong> {
    vec![
        server(
            "sessions are read for a millisecond too long",
            |b| Broken { read: |s, id| s.live(id, s.now() - 1), ..b },
            "not_found_at_its_expiry",
        ),
        server(
            "sessions are over a millisecond too early",
            |b| Broken { read: |s, id| s.live(id, s.now() + 1), ..b },
            "readable_one_ms_before_its_expiry a_ttl_of_1_ms_is_meant",
        ),
        server(
            "update and touch are a millisecond late",
            |b| Broken {
                update: |s, id, data| s.update_at(id, data, s.now() - 1),
                touch: |s, id, ttl| {
                    s.touched(id, s.now() - 1, |r| r.expires_at_ms = s.expiry(r.created_at_ms, ttl))
                },
                ..b
            },
            "update_lasts_until_the_expiry touch_lasts_until_the_expiry",
        ),
        server(
            "nothing ever expires",
            |b| Broken {
                read: |s, id| s.live(id, 0),
                update: |s, id, data| s.update_at(id, data, 0),
                touch: |s, id, ttl| s.touched(id, 0, |r| r.expires_at_ms = s.expiry(r.created_at_ms, ttl)),
                ..b
            },
            "the_old_expiry_is_gone not_found_at_its_expiry not_found_ever_after a_ttl_of_1_ms_is_meant \
             a_session_of_default_ttl_ends update_lasts_until_the_expiry touch_lasts_until_the_expiry \
             update_of_an_expired_id_is_not_found touch_of_an_expired_id_is_not_found \
             sessions_end_each_at_its_time update_keeps_the_expiry reading_does_not_extend touch_extends \
             touch_shortens touch_stops_at_the_maximum_lifetime",
        ),
        server(
            "an expired session is an error of the backend",
            |b| Broken {
                delete: |s, id| match s.read(id) {
                    Err(SessionError::NotFound) if s.record(id).is_some() => Err(backend("expired")),
                    _ => s.delete(id),
                },
                ..b
            },
            "delete_of_an_expired_id_is_ok",
        ),
        server(
            "create forgets the TTL it was asked for",
            |b| Broken { create: |s, opts| s.create(CreateOptions { ttl_ms: 0, ..opts }), ..b },
            "expires_at_is_created_at_plus_ttl create_cuts_a_ttl_above_the_maximum \
             not_found_at_its_expiry not_found_ever_after a_ttl_of_1_ms_is_meant \
             update_lasts_until_the_expiry touch_lasts_until_the_expiry \
             update_of_an_expired_id_is_not_found touch_of_an_expired_id_is_not_found \
             sessions_end_each_at_its_time update_keeps_the_expiry reading_does_not_extend",
        ),
        server(
            "a TTL of 0 is a minute",
            |b| Broken {
                create: |s, opts| s.create(CreateOptions { ttl_ms: opts.ttl_ms.max(MINUTE), ..opts }),
                ..b
            },
            "a_ttl_of_0_is_the_default a_ttl_of_1_ms_is_meant touch_with_0_gives_the_default",
        ),
        server(
            "create does not cut a long TTL, and overflows",
            |b| Broken {
                create: |s, opts| {
                    let ttl = opts.ttl_ms;
                    let id = s.create(opts)?;
                    match ttl {
                        0 => Ok(id),
                        _ => s.change(&id, |r| r.expires_at_ms = r.created_at_ms.wrapping_add(ttl)),
                    }
                },
                ..b
            },
            "create_cuts_a_ttl_above_the_maximum the_longest_ttl_does_not_overflow",
        ),
        server(
            "times count in whole seconds",
            |b| Broken {
                create: |s, opts| s.created(opts, |r| r.created_at_ms -= r.created_at_ms % 1000),
                ..b
            },
            "created_at_is_the_time_of_create",
        ),
        server(
            "the sessions of all end with the first",
            |b| Broken {
                read: |s, id| match s.live(id, s.now()) {
                    Ok(record) if s.find(|other| other.expires_at_ms <= s.now()).is_none() => Ok(record),
                    _ => Err(SessionError::NotFound),
                },
                ..b
            },
            "sessions_end_each_at_its_time",
        ),
        server(
            "update resets the expiry",
            |b| Broken {
                update: |s, id, data| s.updated(id, data, |r| r.expires_at_ms = s.expiry(r.created_at_ms, 0)),
                ..b
            },
            "update_keeps_the_expiry update_after_touch_keeps_the_new_expiry",
        ),
        server(
            "update resets the time of creation",
            |b| Broken { update: |s, id, data| s.updated(id, data, |r| r.created_at_ms = s.now()), ..b },
            "update_keeps_created_at",
        ),
        server(
            "touch resets the time of creation",
            |b| Broken {
                touch: |s, id, ttl| {
                    s.touched(id, s.now(), |r| {
                        r.created_at_ms = s.now();
                        r.expires_at_ms = s.expiry(s.now(), ttl);
                    })
                },
                ..b
            },
            "touch_keeps_created_at touch_stops_at_the_maximum_lifetime",
        ),
        server(
            "touch does nothing",
            |b| Broken { touch: |s, id, _| s.live(id, s.now()).map(|record| record.id), ..b },
            "the_old_expiry_is_gone touch_extends touch_shortens touch_with_0_gives_the_default \
             touch_cuts_a_ttl_above_the_maximum touch_stops_at_the_maximum_lifetime \
             update_after_touch_keeps_the_new_expiry",
        ),
        server(
            "touch counts from the old expiry",
            |b| Broken {
                touch: |s, id, ttl| {
                    s.touched(id, s.now(), |r| r.expires_at_ms = r.expires_at_ms.saturating_add(ttl))
                },
                ..b
            },
            "the_old_expiry_is_gone touch_extends touch_shortens touch_with_0_gives_the_default \
             touch_cuts_a_ttl_above_the_maximum touch_stops_at_the_maximum_lifetime \
             update_after_touch_keeps_the_new_expiry",
        ),
        server(
            "touch never shortens",
            |b| Broken {
                touch: |s, id, ttl| {
                    let before = s.live(id, s.now())?.expires_at_ms;
                    s.change(id, |r| r.expires_at_ms = before.max(s.expiry(r.created_at_ms, ttl)))
                },
                ..b
            },
            "the_old_expiry_is_gone touch_shortens",
        ),
        server(
            "reading takes a millisecond away",
            |b| Broken {
                read: |s, id| {
                    s.live(id, s.now())?;
                    s.change(id, |r| r.expires_at_ms -= 1)?;
                    s.live(id, 0)
                },
                ..b
            },
            "a_refused_update_changes_nothing update_with_equal_data reading_changes_nothing \
             delete_of_an_unknown_id_is_ok delete_ends_one_session_only \
             delete_of_a_tampered_id_deletes_nothing expires_at_is_created_at_plus_ttl \
             a_ttl_of_0_is_the_default create_cuts_a_ttl_above_the_maximum \
             readable_one_ms_before_its_expiry a_ttl_of_1_ms_is_meant a_session_of_default_ttl_ends \
             update_lasts_until_the_expiry touch_lasts_until_the_expiry sessions_end_each_at_its_time \
             update_keeps_the_expiry reading_does_not_extend touch_extends touch_shortens \
             touch_cuts_a_ttl_above_the_maximum touch_stops_at_the_maximum_lifetime \
             update_after_touch_keeps_the_new_expiry update_refuses_a_tampered_id \
             touch_refuses_a_tampered_id",
        ),
        server(
            "reading extends",
            |b| Broken {
                read: |s, id| {
                    let ttl = |r: &SessionRecord| r.expires_at_ms - r.created_at_ms;
                    s.live(id, s.now())?;
                    s.change(id, |r| r.expires_at_ms = s.now() + ttl(r))?;
                    s.live(id, s.now())
                },
                ..b
            },
            "readable_one_ms_before_its_expiry a_session_of_default_ttl_ends \
             sessions_end_each_at_its_time update_keeps_the_expiry reading_does_not_extend touch_extends \
             touch_shortens touch_with_0_gives_the_default touch_cuts_a_ttl_above_the_maximum \
             touch_stops_at_the_maximum_lifetime update_after_touch_keeps_the_new_expiry",
        ),
    ]
}

fn wrong_data() -> Vec<Wrong> {
    vec![
        server(
            "data is parsed and written anew",
            |b| Broken {
                create: |s, opts| s.create(CreateOptions { data_json: rewritten(&opts.data_json)?, ..opts }),
                update: |s, id, data| s.update(id, &rewritten(data)?),
                ..b
            },
            "data_keeps_white_space data_keeps_the_order_of_members data_keeps_repeated_members \
             data_keeps_escapes data_keeps_numbers_as_written data_keeps_odd_members",
        ),
        server(
            "data is parsed to a depth of 50",
            |b| Broken {
                create: |s, opts| match opts.data_json.matches(['[', '{']).count() {
                    0..=50 => s.create(opts),
                    _ => Err(SessionError::Invalid("too deep".into())),
                },
                ..b
            },
            "data_keeps_a_hundred_levels",
        ),
        server(
            "data is stored in Latin-1",
            |b| Broken {
                create: |s, opts| s.create(CreateOptions { data_json: latin1(&opts.data_json), ..opts }),
                ..b
            },
            "data_keeps_text_of_any_script",
        ),
        server(
            "names of columns are taken out of the data",
            |b| Broken {
                create: |s, opts| {
                    let data_json = opts.data_json.replace(r#""user_id":"x","#, "");
                    s.create(CreateOptions { data_json, ..opts })
                },
                ..b
            },
            "data_keeps_odd_members",
        ),
        server(
            "data is cut at 255 bytes",
            |b| Broken { create: |s, opts| s.created(opts, |r| r.data_json.truncate(255)), ..b },
            "data_keeps_a_hundred_levels data_of_any_length_is_kept the_largest_data_is_kept \
             large_data_is_kept_or_refused",
        ),
        server(
            "data is cut at 64 KiB",
            |b| Broken {
                create: |s, opts| s.created(opts, |r| r.data_json.truncate(65_535)),
                update: |s, id, data| s.updated(id, data, |r| r.data_json.truncate(65_535)),
                ..b
            },
            "the_largest_data_is_kept large_data_is_kept_or_refused a_large_update_is_kept_or_refused",
        ),
        server(
            "data is not looked at",
            |b| Broken {
                create: |s, opts| {
                    let data = opts.data_json.clone();
                    let id = s.create(CreateOptions { data_json: String::new(), ..opts })?;
                    s.change(&id, |r| r.data_json = data)
                },
                update: |s, id, data| {
                    let id = s.update(id, "{}")?;
                    s.change(&id, |r| data.clone_into(&mut r.data_json))
                },
                ..b
            },
            "empty_data_is_an_empty_object an_empty_update_stores_an_empty_object \
             create_refuses_other_json create_refuses_truncated_data create_refuses_trailing_data \
             create_refuses_text_that_is_no_json create_refuses_white_space update_refuses_other_json \
             update_refuses_truncated_data update_refuses_trailing_data \
             update_refuses_text_that_is_no_json update_refuses_white_space",
        ),
        server(
            "update checks the data after it is stored",
            |b| Broken {
                update: |s, id, data| {
                    s.live(id, s.now())?;
                    s.change(id, |r| data.clone_into(&mut r.data_json))?;
                    s.update(id, data)
                },
                ..b
            },
            "a_refused_update_changes_nothing",
        ),
        server(
            "update merges",
            |b| Broken {
                update: |s, id, data| {
                    let old = s.live(id, s.now())?.data_json;
                    let id = s.update(id, data)?;
                    match data {
                        "{}" => s.change(&id, |r| r.data_json = old),
                        _ => Ok(id),
                    }
                },
                ..b
            },
            "update_replaces_the_data",
        ),
        server(
            "an update without a change is an error",
            |b| Broken {
                update: |s, id, data| match s.live(id, s.now())?.data_json == data {
                    true => Err(backend("nothing to do")),
                    false => s.update(id, data),
                },
                ..b
            },
            "update_with_equal_data",
        ),
    ]
}

fn wrong_users() -> Vec<Wrong> {
    vec![
        server(
            "create forgets who it is",
            |b| Broken { create: |s, opts| s.create(CreateOptions { user_id: None, ..opts }), ..b },
            "create_then_read an_empty_user_is_not_anonymous users_are_kept_byte_for_byte \
             users_of_any_length_are_kept the_longest_user_is_kept_or_refused a_longer_user_is_invalid \
             sessions_do_not_mix threads_share_a_backend the_largest_data_is_kept update_keeps_the_user \
             many_changes_in_a_row",
        ),
        server(
            "update drops the user",
            |b| Broken { update: |s, id, data| s.updated(id, data, |r| r.user_id = None), ..b },
            "an_empty_user_is_not_anonymous users_are_kept_byte_for_byte users_of_any_length_are_kept \
             sessions_do_not_mix threads_share_a_backend update_keeps_the_user update_with_equal_data \
             many_changes_in_a_row",
        ),
        server(
            "touch drops user and data",
            |b| Broken {
                touch: |s, id, ttl| {
                    let id = s.touch(id, ttl)?;
                    s.change(&id, |r| (r.user_id, r.data_json) = (None, "{}".into()))
                },
                ..b
            },
            "an_empty_user_is_not_anonymous users_are_kept_byte_for_byte users_of_any_length_are_kept \
             threads_share_a_backend touch_keeps_user_and_data many_changes_in_a_row",
        ),
        server(
            "the empty user is anonymous",
            |b| Broken {
                create: |s, opts| {
                    let user_id = opts.user_id.filter(|user| !user.is_empty());
                    s.create(CreateOptions { user_id, ..opts })
                },
                ..b
            },
            "an_empty_user_is_not_anonymous",
        ),
        server(
            "an anonymous session has the empty user",
            |b| Broken {
                create: |s, opts| {
                    s.create(CreateOptions { user_id: Some(opts.user_id.unwrap_or_default()), ..opts })
                },
                ..b
            },
            "a_session_may_be_anonymous",
        ),
        server(
            "users are trimmed",
            |b| Broken {
                create: |s, opts| {
                    let user_id = opts.user_id.map(|user| user.trim().to_owned());
                    s.create(CreateOptions { user_id, ..opts })
                },
                ..b
            },
            "users_are_kept_byte_for_byte",
        ),
        server(
            "users are cut at 255 bytes",
            |b| Broken {
                create: |s, opts| {
                    s.created(opts, |r| r.user_id.iter_mut().for_each(|user| user.truncate(255)))
                },
                ..b
            },
            "users_of_any_length_are_kept the_longest_user_is_kept_or_refused",
        ),
        server(
            "users may be of any length",
            |b| Broken {
                create: |s, opts| {
                    let user_id = opts.user_id.clone();
                    let id = s.create(CreateOptions { user_id: None, ..opts })?;
                    s.change(&id, |r| r.user_id = user_id)
                },
                ..b
            },
            "a_longer_user_is_invalid",
        ),
        server(
            "a user has one session at a time",
            |b| Broken {
                create: |s, opts| {
                    let same_user = |r: &SessionRecord| r.user_id.is_some() && r.user_id == opts.user_id;
                    s.find(same_user).map_or_else(|| s.create(opts.clone()), |record| Ok(record.id))
                },
                ..b
            },
            "equal_sessions_have_different_ids ids_lie_far_apart data_of_any_length_is_kept \
             the_largest_data_is_kept delete_ends_one_session_only expires_at_is_created_at_plus_ttl \
             created_at_is_the_time_of_create touch_lasts_until_the_expiry sessions_end_each_at_its_time \
             touch_cuts_a_ttl_above_the_maximum",
        ),
        server(
            "an update reaches every session",
            |b| Broken {
                update: |s, id, data| {
                    let id = s.update(id, data)?;
                    for record in s.sessions.lock().unwrap().values_mut() {
                        record.data_json = checked(data)?;
                    }
                    Ok(id)
                },
                ..b
            },
            "sessions_do_not_mix threads_share_a_backend",
        ),
        server("it has no name", |b| Broken { name: " ", ..b }, "the_name_is_not_empty"),
        server("it says that it is ill", |b| Broken { is_healthy: false, ..b }, "a_fresh_backend_is_healthy"),
        server(
            "it works on its own thread only",
            |b| Broken {
                create: |s, opts| match std::thread::current().id() == s.thread {
                    true => s.create(opts),
                    false => Err(backend("another thread")),
                },
                ..b
            },
            "threads_share_a_backend",
        ),
    ]
}

fn wrong_ids() -> Vec<Wrong> {
    vec![
        server(
            "ids are counted",
            |b| Broken {
                create: |s, opts| {
                    let id = s.create(opts)?;
                    let n = s.counter.fetch_add(1, Relaxed);
                    s.rename(&id, format!("session-{n:08}"))
                },
                ..b
            },
            "ids_lie_far_apart",
        ),
        server(
            "ids hold what a cookie does not",
            |b| Broken {
                create: |s, opts| {
                    let id = s.create(opts)?;
                    s.rename(&id, format!("id;{}", id.as_str()))
                },
                ..b
            },
            "an_id_is_a_cookie_value",
        ),
        server(
            "a record has an id of its own",
            |b| Broken {
                read: |s, id| {
                    s.read(id).map(|record| SessionRecord { id: SessionId::new("record-1"), ..record })
                },
                ..b
            },
            "a_record_carries_the_id_that_was_read",
        ),
        server(
            "ids are looked up without regard to case and spaces, as some databases do",
            |b| Broken { read: |s, id| s.read(&SessionId::new(id.as_str().trim().to_lowercase())), ..b },
            "a_tampered_id_is_refused an_id_in_another_case_is_refused an_extended_id_is_refused",
        ),
        server(
            "ids are looked up by their first half",
            |b| Broken {
                read: |s, id| s.by_prefix(id).and_then(|found| s.read(&found)),
                update: |s, id, data| s.by_prefix(id).and_then(|found| s.update(&found, data)),
                touch: |s, id, ttl| s.by_prefix(id).and_then(|found| s.touch(&found, ttl)),
                delete: |s, id| s.by_prefix(id).map_or(Ok(()), |found| s.delete(&found)),
                ..b
            },
            "delete_of_a_tampered_id_deletes_nothing a_tampered_id_is_refused a_truncated_id_is_refused \
             an_extended_id_is_refused update_refuses_a_tampered_id touch_refuses_a_tampered_id",
        ),
        server(
            "ids are cut within a character",
            |b| Broken {
                read: |s, id| {
                    let (_shard, _) = id.as_str().split_at(id.as_str().len().min(3));
                    s.read(id)
                },
                ..b
            },
            "an_id_that_is_not_ascii_is_refused",
        ),
        token(
            "anything else is an empty session",
            |b| Broken {
                read: |store, id| match store.read(id) {
                    Err(SessionError::Invalid(_)) => Ok(SessionRecord {
                        id: id.clone(),
                        user_id: None,
                        data_json: "{}".into(),
                        created_at_ms: NOW,
                        expires_at_ms: NOW + DEFAULT_TTL_MS,
                    }),
                    read => read,
                },
                ..b
            },
            "an_empty_id_is_refused a_garbage_id_is_refused an_id_of_a_megabyte_is_refused \
             an_id_that_is_not_ascii_is_refused an_id_with_control_characters_is_refused \
             an_id_like_a_path_is_refused a_tampered_id_is_refused an_id_in_another_case_is_refused \
             a_truncated_id_is_refused an_extended_id_is_refused",
        ),
        token(
            "the last character of an id is not authenticated",
            |b| Broken {
                create: |store, opts| Ok(longer(&store.create(opts)?)),
                read: |store, id| {
                    store.read(&shorter(id)).map(|record| SessionRecord { id: id.clone(), ..record })
                },
                update: |store, id, data| Ok(longer(&store.update(&shorter(id), data)?)),
                touch: |store, id, ttl| Ok(longer(&store.touch(&shorter(id), ttl)?)),
                ..b
            },
            "a_tampered_id_is_refused update_refuses_a_tampered_id touch_refuses_a_tampered_id",
        ),
        token(
            "ids are decoded leniently",
            |b| Broken {
                read: |store, id| {
                    let text = id.as_str().trim_matches(|c: char| c == '=' || c.is_whitespace());
                    store.read(&SessionId::new(text)).map(|record| SessionRecord { id: id.clone(), ..record })
                },
                ..b
            },
            "an_extended_id_is_refused",
        ),
        token(
            "a tampered id is not found",
            |b| Broken { read: |store, id| store.read(id).map_err(|_| SessionError::NotFound), ..b },
            "an_empty_id_is_refused a_garbage_id_is_refused an_id_of_a_megabyte_is_refused \
             an_id_that_is_not_ascii_is_refused an_id_with_control_characters_is_refused \
             an_id_like_a_path_is_refused a_tampered_id_is_refused an_id_in_another_case_is_refused \
             a_truncated_id_is_refused an_extended_id_is_refused",
        ),
        token(
            "a refusal tells the check",
            |b| Broken {
                read: |store, id| {
                    store.open(id).map(OpenedSession::into_record).map_err(|refused| {
                        match refused.is_not_found() {
                            true => SessionError::NotFound,
                            false => SessionError::Invalid(refused.reason().as_str().into()),
                        }
                    })
                },
                ..b
            },
            "all_refused_ids_get_one_message",
        ),
    ]
}

fn wrong_deletes() -> Vec<Wrong> {
    vec![
        server(
            "delete does nothing",
            |b| Broken { delete: |_, _| Ok(()), ..b },
            "read_after_delete_is_not_found update_after_delete_is_not_found \
             touch_after_delete_is_not_found delete_ends_every_id",
        ),
        server(
            "delete of what is not there is an error",
            |b| Broken {
                delete: |s, id| {
                    s.live(id, 0)?;
                    s.delete(id)
                },
                ..b
            },
            "delete_of_an_unknown_id_is_ok delete_is_ok_twice delete_of_a_tampered_id_deletes_nothing \
             delete_of_an_expired_id_is_ok",
        ),
        server(
            "delete logs the user out everywhere",
            |b| Broken {
                delete: |s, id| {
                    if let Some(SessionRecord { user_id, .. }) = s.record(id) {
                        s.sessions.lock().unwrap().retain(|_, record| record.user_id != user_id);
                    }
                    Ok(())
                },
                ..b
            },
            "delete_ends_one_session_only",
        ),
        server(
            "update and touch make what is not there",
            |b| Broken {
                update: |s, id, data| s.update(&s.revived(id)?, data),
                touch: |s, id, ttl| s.touch(&s.revived(id)?, ttl),
                ..b
            },
            "update_after_delete_is_not_found touch_after_delete_is_not_found \
             update_lasts_until_the_expiry touch_lasts_until_the_expiry \
             update_of_an_expired_id_is_not_found touch_of_an_expired_id_is_not_found \
             an_empty_id_is_refused a_garbage_id_is_refused an_id_of_a_megabyte_is_refused \
             an_id_that_is_not_ascii_is_refused an_id_with_control_characters_is_refused \
             an_id_like_a_path_is_refused update_refuses_a_tampered_id touch_refuses_a_tampered_id",
        ),
    ]
}

/// A backend in which some operations are replaced.
struct Broken<P> {
    inner: P,
    name: &'static str,
    is_healthy: bool,
    create: fn(&P, CreateOptions) -> Result<SessionId, SessionError>,
    read: fn(&P, &SessionId) -> Result<SessionRecord, SessionError>,
    update: fn(&P, &SessionId, &str) -> Result<SessionId, SessionError>,
    touch: fn(&P, &SessionId, u64) -> Result<SessionId, SessionError>,
    delete: fn(&P, &SessionId) -> Result<(), SessionError>,
}

impl<P: SessionPlugin> Broken<P> {
    /// Broken nowhere yet.
    fn new(inner: P) -> Self {
        Self {
            inner,
            name: "broken",
            is_healthy: true,
            create: P::create,
            read: P::read,
            update: P::update,
            touch: P::touch,
            delete: P::delete,
        }
    }
}

impl<P: SessionPlugin> SessionPlugin for Broken<P> {
    fn name(&self) -> &str {
        self.name
    }

    fn create(&self, opts: CreateOptions) -> Result<SessionId, SessionError> {
        (self.create)(&self.inner, opts)
    }

    fn read(&self, id: &SessionId) -> Result<SessionRecord, SessionError> {
        (self.read)(&self.inner, id)
    }

    fn update(&self, id: &SessionId, data_json: &str) -> Result<SessionId, SessionError> {
        (self.update)(&self.inner, id, data_json)
    }

    fn touch(&self, id: &SessionId, ttl_ms: u64) -> Result<SessionId, SessionError> {
        (self.touch)(&self.inner, id, ttl_ms)
    }

    fn delete(&self, id: &SessionId) -> Result<(), SessionError> {
        (self.delete)(&self.inner, id)
    }

    fn is_healthy(&self) -> bool {
        self.is_healthy
    }
}

/// A sealed store with a list of the sessions that were deleted.
struct Revoking {
    store: SealedStore,
    deleted: Mutex<HashSet<SessionUid>>,
}

impl Revoking {
    fn new(clock: ManualClock) -> Self {
        Self { store: sealed_store(clock), deleted: Mutex::default() }
    }
}

impl SessionPlugin for Revoking {
    fn name(&self) -> &str {
        "revoking"
    }

    fn create(&self, opts: CreateOptions) -> Result<SessionId, SessionError> {
        self.store.create(opts)
    }

    fn read(&self, id: &SessionId) -> Result<SessionRecord, SessionError> {
        let session = self.store.open(id)?;
        let deleted = self.deleted.lock().unwrap().contains(&session.uid());
        if deleted { Err(SessionError::NotFound) } else { Ok(session.into_record()) }
    }

    fn update(&self, id: &SessionId, data_json: &str) -> Result<SessionId, SessionError> {
        self.read(id)?;
        self.store.update(id, data_json)
    }

    fn touch(&self, id: &SessionId, ttl_ms: u64) -> Result<SessionId, SessionError> {
        self.read(id)?;
        self.store.touch(id, ttl_ms)
    }

    fn delete(&self, id: &SessionId) -> Result<(), SessionError> {
        if let Ok(session) = self.store.open(id) {
            self.deleted.lock().unwrap().insert(session.uid());
        }
        Ok(())
    }
}

/// A server that keeps its sessions in a table, as one with a database does.
struct Server {
    clock: ManualClock,
    thread: std::thread::ThreadId,
    counter: AtomicUsize,
    sessions: Mutex<HashMap<String, SessionRecord>>,
}

impl SessionPlugin for Server {
    fn name(&self) -> &str {
        "table"
    }

    fn create(&self, opts: CreateOptions) -> Result<SessionId, SessionError> {
        if opts.user_id.as_ref().is_some_and(|user| user.len() > 65_534) {
            return Err(SessionError::Invalid("the user id is too long".into()));
        }
        let record = SessionRecord {
            id: random_id(),
            user_id: opts.user_id,
            data_json: checked(&opts.data_json)?,
            created_at_ms: self.now(),
            expires_at_ms: self.expiry(self.now(), opts.ttl_ms),
        };
        let id = record.id.clone();
        self.sessions.lock().unwrap().insert(id.0.clone(), record);
        Ok(id)
    }

    fn read(&self, id: &SessionId) -> Result<SessionRecord, SessionError> {
        self.live(id, self.now())
    }

    fn update(&self, id: &SessionId, data_json: &str) -> Result<SessionId, SessionError> {
        self.update_at(id, data_json, self.now())
    }

    fn touch(&self, id: &SessionId, ttl_ms: u64) -> Result<SessionId, SessionError> {
        self.touched(id, self.now(), |record| {
            record.expires_at_ms = self.expiry(record.created_at_ms, ttl_ms);
        })
    }

    fn delete(&self, id: &SessionId) -> Result<(), SessionError> {
        self.sessions.lock().unwrap().remove(id.as_str());
        Ok(())
    }
}

/// What the server is made of, and what the faults reach for.
impl Server {
    fn new(clock: ManualClock) -> Self {
        Self {
            clock,
            thread: std::thread::current().id(),
            counter: AtomicUsize::new(1),
            sessions: Mutex::default(),
        }
    }

    fn now(&self) -> u64 {
        self.clock.now_ms()
    }

    fn expiry(&self, created_at_ms: u64, ttl_ms: u64) -> u64 {
        let ttl = if ttl_ms == 0 { DEFAULT_TTL_MS } else { ttl_ms.min(MAX_TTL_MS) };
        (self.now() + ttl).min(created_at_ms + MAX_LIFETIME_MS)
    }

    fn live(&self, id: &SessionId, now: u64) -> Result<SessionRecord, SessionError> {
        self.record(id).filter(|record| now < record.expires_at_ms).ok_or(SessionError::NotFound)
    }

    fn update_at(&self, id: &SessionId, data_json: &str, now: u64) -> Result<SessionId, SessionError> {
        self.live(id, now)?;
        let data = checked(data_json)?;
        self.change(id, |record| record.data_json = data)
    }

    fn change(
        &self,
        id: &SessionId,
        change: impl FnOnce(&mut SessionRecord),
    ) -> Result<SessionId, SessionError> {
        let mut sessions = self.sessions.lock().unwrap();
        sessions.get_mut(id.as_str()).map(change).ok_or(SessionError::NotFound)?;
        Ok(id.clone())
    }

    fn created(
        &self,
        opts: CreateOptions,
        change: impl FnOnce(&mut SessionRecord),
    ) -> Result<SessionId, SessionError> {
        self.change(&self.create(opts)?, change)
    }

    fn updated(
        &self,
        id: &SessionId,
        data_json: &str,
        change: impl FnOnce(&mut SessionRecord),
    ) -> Result<SessionId, SessionError> {
        self.change(&self.update(id, data_json)?, change)
    }

    fn touched(
        &self,
        id: &SessionId,
        now: u64,
        change: impl FnOnce(&mut SessionRecord),
    ) -> Result<SessionId, SessionError> {
        self.live(id, now)?;
        self.change(id, change)
    }

    fn record(&self, id: &SessionId) -> Option<SessionRecord> {
        self.sessions.lock().unwrap().get(id.as_str()).cloned()
    }

    fn find(&self, wanted: impl Fn(&SessionRecord) -> bool) -> Option<SessionRecord> {
        self.sessions.lock().unwrap().values().find(|record| wanted(record)).cloned()
    }

    fn rename(&self, id: &SessionId, new: String) -> Result<SessionId, SessionError> {
        let mut sessions = self.sessions.lock().unwrap();
        let record = sessions.remove(id.as_str()).ok_or(SessionError::NotFound)?;
        let id = SessionId(new.clone());
        sessions.insert(new, SessionRecord { id: id.clone(), ..record });
        Ok(id)
    }

    fn by_prefix(&self, id: &SessionId) -> Result<SessionId, SessionError> {
        let half = id.as_str().get(..16).ok_or(SessionError::NotFound)?;
        let found = self.find(|record| record.id.as_str().starts_with(half));
        found.map(|record| record.id).ok_or(SessionError::NotFound)
    }

    fn revived(&self, id: &SessionId) -> Result<SessionId, SessionError> {
        match self.live(id, self.now()) {
            Ok(record) => Ok(record.id),
            Err(_) => self.rename(&self.create(CreateOptions::default())?, id.0.clone()),
        }
    }
}

/// The data as it is stored.
fn checked(data_json: &str) -> Result<String, SessionError> {
    let data = if data_json.is_empty() { "{}" } else { data_json };
    match serde_json::from_str::<HashMap<String, IgnoredAny>>(data) {
        Ok(_) => Ok(data.to_owned()),
        Err(_) => Err(SessionError::Invalid("the data is no JSON object".into())),
    }
}

fn rewritten(data_json: &str) -> Result<String, SessionError> {
    let data = checked(data_json)?;
    let value: serde_json::Value = serde_json::from_str(&data).map_err(|e| backend(&e.to_string()))?;
    Ok(value.to_string())
}

fn latin1(text: &str) -> String {
    text.chars().map(|c| if u32::from(c) < 256 { c } else { '?' }).collect()
}

fn longer(id: &SessionId) -> SessionId {
    SessionId(format!("{}A", id.as_str()))
}

fn shorter(id: &SessionId) -> SessionId {
    let mut text = id.0.clone();
    text.pop();
    SessionId(text)
}

fn random_id() -> SessionId {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).unwrap();
    SessionId(bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    }))
}

fn backend(message: &str) -> SessionError {
    SessionError::Backend(message.to_owned())
}

fn ring() -> KeyRing {
    KeyRing::single(RootSecret::generate().unwrap())
}

fn sealed_store(clock: ManualClock) -> SealedStore {
    SealedStore::builder(ring())
        .default_ttl(Duration::from_millis(DEFAULT_TTL_MS))
        .max_ttl(Duration::from_millis(MAX_TTL_MS))
        .max_lifetime(Duration::from_millis(MAX_LIFETIME_MS))
        .clock(clock)
        .build()
        .unwrap()
}

/// A run with all that the suite can be told.
fn run<P: SessionPlugin + 'static>(family: Family, make: impl Fn(ManualClock) -> P) -> Report {
    conformance::run(|| {
        let clock = ManualClock::at(NOW);
        Subject::new(make(clock.clone()), family)
            .with_advance(move |ms| clock.advance(ms))
            .default_ttl_ms(DEFAULT_TTL_MS)
            .max_ttl_ms(MAX_TTL_MS)
            .max_lifetime_ms(MAX_LIFETIME_MS)
    })
}

fn assert_names<'a>(what: &str, outcomes: impl Iterator<Item = &'a Outcome>, expected: &str) {
    let outcomes: Vec<_> = outcomes.collect();
    let names: BTreeSet<_> = outcomes.iter().map(|outcome| outcome.name).collect();
    let lines: Vec<_> = outcomes.iter().map(|outcome| format!("\n{outcome}")).collect();
    assert_eq!(names, expected.split_whitespace().collect(), "{what}:{}", lines.concat());
}
