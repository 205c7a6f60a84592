//! What a response carries of a session: `Set-Cookie`, and what keeps caches from giving it to others.

use http::header::{CACHE_CONTROL, Entry, InvalidHeaderValue, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::cookie::{CookiePolicy, as_bytes};
use super::session::Session;
use super::settle::{Settling, settle};
use super::state::{Lost, Outcome};
use crate::telemetry::web;

/// The response to a request whose session could not be saved must not say that all is well.
pub(super) struct NotSaved;

/// Decides what the response carries, once, and ends all changes. What is still to be recorded is on its way.
pub(super) fn finish(
    session: &Session,
    status: StatusCode,
    headers: &mut HeaderMap,
) -> Result<Option<Settling>, NotSaved> {
    let mut progress = session.progress();
    let is_over = std::mem::replace(&mut progress.sent, true);
    let rules = &session.config().rules;
    let eager = rules.open_unread || rules.creation == super::Creation::Always;
    if progress.opened.is_none() && (is_over || !eager) {
        return Ok(None);
    }
    let opened = session.opened(&mut progress);
    let jar = session.jar(&opened.state);
    let is_server_error = status.is_server_error();
    let outcome =
        opened.state.finish(jar.store, rules, is_server_error, session.may_renew(), &jar.associated_data);
    let ends = matches!(outcome, Ok(Outcome::Remove));
    let mut settling = outcome.as_ref().ok().and_then(|outcome| settle(session, &mut opened.state, outcome));
    let has_second = opened.has_second_of_jar();
    #[cfg(feature = "dbsc")]
    let beside = session.config().device.as_ref().map(|device| device.beside(opened, outcome.as_ref().ok()));
    drop(progress);
    answers_depend_on_the_cookie(headers);
    let of_handler = if ends { headers.get_all(SET_COOKIE).iter().count() } else { 0 };
    let sends = send(jar.cookies, outcome, has_second, headers)?;
    #[cfg(feature = "dbsc")]
    let sends = match beside {
        Some(beside) => sends | beside.send(session.config(), headers).map_err(|error| not_saved(&error))?,
        None => sends,
    };
    if sends {
        keep_out_of_caches(headers);
    }
    if let (Some(settling), true) = (&mut settling, ends) {
        settling.endings.extend(headers.get_all(SET_COOKIE).iter().skip(of_handler).cloned());
    }
    Ok(settling)
}

/// Whether that takes a cookie.
fn send(
    cookies: &CookiePolicy,
    outcome: Result<Outcome, Lost>,
    has_second: bool,
    headers: &mut HeaderMap,
) -> Result<bool, NotSaved> {
    let values = match outcome {
        Ok(Outcome::Nothing) => return Ok(false),
        Ok(Outcome::Remove) => as_bytes(cookies.removals(has_second)),
        Ok(Outcome::Set { token, expires_at_ms, now_ms }) => {
            cookies.values_of(token, expires_at_ms, now_ms, has_second).map_err(|error| not_saved(&error))?
        }
        Err(Lost { error, change: true }) => return Err(not_saved(&error)),
        Err(Lost { error, change: false }) => {
            web::not_extended(&error);
            return Ok(false);
        }
    };
    for value in values {
        set_cookie(value, headers).map_err(|error| not_saved(&error))?;
    }
    Ok(true)
}

pub(super) fn set_cookie(
    value: impl Into<Vec<u8>>,
    headers: &mut HeaderMap,
) -> Result<(), InvalidHeaderValue> {
    let mut value = HeaderValue::try_from(value.into())?;
    value.set_sensitive(true);
    headers.append(SET_COOKIE, value);
    Ok(())
}

/// A cache must not answer others with what it was told for this session.
fn answers_depend_on_the_cookie(headers: &mut HeaderMap) {
    let named = |value: &HeaderValue| {
        value.as_bytes().split(|&octet| octet == b',').any(|name| {
            let name = name.trim_ascii();
            name == b"*" || name.eq_ignore_ascii_case(b"cookie")
        })
    };
    let cookie = const { HeaderValue::from_static("Cookie") };
    match headers.entry(VARY) {
        Entry::Vacant(vary) => drop(vary.insert(cookie)),
        Entry::Occupied(mut vary) => {
            if !vary.iter().any(named) {
                vary.append(cookie);
            }
        }
    }
}

/// What the handler says of caches counts; if it lets shared ones store a cookie, operators hear of it.
pub(super) fn keep_out_of_caches(headers: &mut HeaderMap) {
    let cache_control = match headers.entry(CACHE_CONTROL) {
        Entry::Vacant(cache_control) => {
            cache_control.insert(const { HeaderValue::from_static("no-store") });
            return;
        }
        Entry::Occupied(cache_control) => cache_control,
    };
    let said = |directives: &[&str]| {
        cache_control.iter().filter_map(|value| value.to_str().ok()).any(|value| {
            value
                .split(',')
                .map(|directive| directive.split('=').next().unwrap_or_default().trim())
                .any(|name| directives.iter().any(|directive| name.eq_ignore_ascii_case(directive)))
        })
    };
    if said(&["public", "s-maxage"]) && !said(&["no-store", "private"]) {
        web::may_be_cached();
    }
}

fn not_saved(error: &dyn std::error::Error) -> NotSaved {
    web::not_saved(error);
    NotSaved
}
