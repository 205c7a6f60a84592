//! Where browsers register a device, and where they refresh its proof.

use http::header::{CONTENT_TYPE, InvalidHeaderValue, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use serde::Serialize;

use super::Device;
use super::opening::{Awaited, Tells, tells};
use crate::dbsc::{Binding, DbscError, DbscReason, DeviceBinding, Proven, Refresh, Registration, unquoted};
use crate::error::Reason;
use crate::http::caches;
use crate::http::carrier::Opened;
use crate::http::cookie::Values;
use crate::http::handle::Session;
use crate::http::presented::Found;
use crate::http::reply::set_cookie;
use crate::store::parts::Parts;

const RESPONSE: &str = "secure-session-response";
const SESSION_ID: &str = "sec-secure-session-id";
const CHALLENGE: &str = "secure-session-challenge";

/// The requests that the layer answers itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    Register,
    Refresh,
}

/// Why there is no good answer.
enum Refusal {
    /// It is no request of this protocol.
    Senseless,
    /// It may be answered in a moment: the browser goes on with what it has.
    Transient,
    /// The device's session is over.
    Ends,
}

impl From<DbscError> for Refusal {
    fn from(error: DbscError) -> Self {
        if error.is_transient() { Self::Transient } else { Self::Ends }
    }
}

/// A text that cannot stand in a header.
impl From<InvalidHeaderValue> for Refusal {
    fn from(_: InvalidHeaderValue) -> Self {
        Self::Ends
    }
}

impl Device {
    /// Whether the layer answers this request itself.
    pub(super) fn endpoint<B>(&self, request: &Request<B>) -> Option<Endpoint> {
        match request.uri().path() {
            _ if request.method() != Method::POST => None,
            path if path == self.refresh_path => Some(Endpoint::Refresh),
            path if path == self.register_path => Some(Endpoint::Register),
            _ => None,
        }
    }
}

/// The answer to a registration, as the protocol has it.
#[derive(Serialize)]
struct Instructions<'a> {
    session_identifier: &'a str,
    refresh_url: &'a str,
    scope: Scope,
    credentials: [Credential<'a>; 1],
    /// Any site may lead here: whoever follows a link from elsewhere would otherwise arrive before the refresh.
    allowed_refresh_initiators: [&'static str; 1],
}

#[derive(Serialize)]
struct Scope {
    include_site: bool,
}

#[derive(Serialize)]
struct Credential<'a> {
    r#type: &'static str,
    name: &'a str,
    /// As the cookie has them, or the browser takes it for another and refreshes with every request.
    attributes: &'a str,
}

impl Session {
    pub(super) fn register_device<R: Default + From<String>>(
        &self,
        device: &Device,
        headers: &HeaderMap,
    ) -> Response<R> {
        self.registered(device, headers).unwrap_or_else(|refusal| refused(&refusal))
    }

    pub(super) fn refresh_device<R: Default>(&self, device: &Device, headers: &HeaderMap) -> Response<R> {
        // Of the session itself nothing changes, and none begins.
        self.progress().sent = true;
        self.refreshed(device, headers).unwrap_or_else(|refusal| {
            let mut response = refused(&refusal);
            if matches!(refusal, Refusal::Ends) {
                self.remove_what_is_over(device, headers, response.headers_mut());
            }
            response
        })
    }

    /// The browser gets a bound cookie that is pending, and the ordinary session goes on: this answer may be lost, and
    /// come again for another key.
    fn registered<R: From<String>>(
        &self,
        device: &Device,
        headers: &HeaderMap,
    ) -> Result<Response<R>, Refusal> {
        let proof = text(headers, RESPONSE)?.ok_or(Refusal::Senseless)?;
        // It says nothing here, but no header of the protocol comes twice.
        text(headers, SESSION_ID)?;
        let mut progress = self.progress();
        let Opened { state, brought, .. } = self.opened(&mut progress);
        let may_register = state.came() && !brought.came_bound;
        let (Some(uid), Some(user_id), true) = (state.uid(), state.user_id(), may_register) else {
            return Err(DbscError::ends(DbscReason::NoSession).into());
        };
        let binding = self.binding_of(device);
        #[cfg(feature = "revocation")]
        let before_ms = binding.bound_store().now_ms();
        let registration = binding.register_at_once(proof, uid, Some(user_id))?;
        // A refusal up to here leaves the login as it is.
        let instructions = device.instructions(&registration)?;
        #[cfg(feature = "revocation")]
        if let Some(begun) = binding.begin(user_id, registration.uid, before_ms) {
            state.begins(begun);
        }
        state.device.bind(registration.binding);
        state.require_sealing();
        Ok(instructions)
    }

    fn refreshed<R: Default>(&self, device: &Device, headers: &HeaderMap) -> Result<Response<R>, Refusal> {
        let sent = text(headers, SESSION_ID)?.ok_or(Refusal::Senseless)?;
        let proof = text(headers, RESPONSE)?;
        let identifier = unquoted(sent);
        if self.is_told_of_end(device, &Binding::of(identifier)) {
            return Err(DbscError::ends(DbscReason::NoSession).into());
        }
        match self.binding_of(device).refresh(sent, proof)? {
            Refresh::Challenge(challenge) => {
                let mut response = empty(StatusCode::FORBIDDEN);
                challenge_of(identifier, &challenge, response.headers_mut())?;
                Ok(response)
            }
            Refresh::Proven(proven) => match self.refusal_of(device, &proven) {
                None => device.proof(identifier, &proven),
                Some(refusal) => Err(refusal),
            },
        }
    }

    /// Why a device gets no proof that has signed for one: by what has become of its session.
    fn refusal_of(&self, device: &Device, proven: &Proven) -> Option<Refusal> {
        let ends = || Some(DbscError::ends(DbscReason::NoSession).into());
        if device.is_left(&proven.binding, proven.registered_at_ms) {
            return ends();
        }
        let bound =
            device.choose_bound(&self.presented_as(&device.bound_cookies), &proven.binding, self.request()).0;
        let pending = match &bound {
            Found::Session(_) | Found::Unclear => Found::Nothing,
            Found::Nothing | Found::Refused(_) => self.pending_of(device, &proven.binding),
        };
        match (pending, bound) {
            (Found::Session(parts), _) => match device.awaited(parts.uid, proven.binding, self.request()) {
                Awaited::Comes(..) => None,
                Awaited::MayCome | Awaited::Unclear => Some(Refusal::Transient),
                Awaited::Over => ends(),
            },
            // No cookies come with a refresh on the way from another site, however same-origin it calls itself; and
            // cookies that disagree tell of no end.
            (Found::Unclear, _)
            | (Found::Nothing, Found::Nothing)
            | (_, Found::Session(_) | Found::Unclear) => None,
            (_, Found::Refused(error)) | (Found::Refused(error), Found::Nothing) => match () {
                // Perhaps its uid has just been replaced by another, and the browser has that cookie by now.
                () if error.reason() == Reason::Revoked => None,
                () if error.keeps_cookie() => Some(Refusal::Transient),
                () => ends(),
            },
        }
    }

    /// Whether all that a refresh brings tells of a session's end, and nothing of one that is on its way to this device.
    fn is_told_of_end(&self, device: &Device, binding: &Binding) -> bool {
        tells(&self.presented_as(&device.bound_cookies)) == Tells::End
            && matches!(self.pending_of(device, binding), Found::Nothing | Found::Refused(_))
    }

    /// The session that is on its way to a device.
    fn pending_of(&self, device: &Device, binding: &Binding) -> Found<Parts> {
        device.choose_pending(&self.presented_as(&device.pending_cookies), binding, self.request())
    }

    /// An identifier is of a user, and of which is for the request's scope to say.
    fn binding_of(&self, device: &Device) -> DeviceBinding {
        #[cfg(feature = "revocation")]
        return device.binding.in_scope(self.sealed_store().scope_name());
        #[cfg(not(feature = "revocation"))]
        device.binding.clone()
    }

    /// A bound session that cannot be refreshed any more is of no use to the browser. Only if it is the one that the
    /// refresh was for: after another login, the browser goes on refreshing for the session before.
    fn remove_what_is_over(&self, device: &Device, headers: &HeaderMap, answer: &mut HeaderMap) {
        let Ok(Some(sent)) = text(headers, SESSION_ID) else { return };
        let binding = Binding::of(unquoted(sent));
        let [bound, pending] =
            [&device.bound_cookies, &device.pending_cookies].map(|cookies| self.presented_as(cookies));
        let is_bound = is_its_own(device.choose_bound(&bound, &binding, self.request()).0);
        let is_pending = is_its_own(device.choose_pending(&pending, &binding, self.request()));
        let mut values = Values::default();
        if is_bound {
            values.extend(device.bound_cookies.removals(bound.has_second()));
        }
        if is_pending {
            values.extend(device.pending_cookies.removals(pending.has_second()));
        }
        // Beside another bound session it may be the proof of that one.
        if is_bound || (is_pending && tells(&bound) != Tells::Session) {
            values.extend(device.proof_cookies.removals(false));
        }
        // Values of our own making stand in any header.
        for value in values.into_iter().filter_map(|value| set_cookie(value).ok()) {
            answer.append(SET_COOKIE, value);
        }
    }
}

/// Whether a session that was looked for is of the device that it was looked for, or was.
fn is_its_own(found: Found<Parts>) -> bool {
    match found {
        Found::Session(_) => true,
        Found::Refused(error) => error.is_not_found(),
        Found::Nothing | Found::Unclear => false,
    }
}

impl Device {
    fn instructions<R: From<String>>(&self, registration: &Registration) -> Result<Response<R>, Refusal> {
        let instructions = Instructions {
            session_identifier: &registration.identifier,
            refresh_url: &self.refresh_path,
            scope: Scope { include_site: false },
            credentials: [Credential {
                r#type: "cookie",
                name: self.proof_cookies.name(),
                attributes: self.proof_cookies.attributes(),
            }],
            allowed_refresh_initiators: ["*"],
        };
        let json = serde_json::to_string(&instructions).map_err(|_| Refusal::Ends)?;
        let mut response = Response::new(R::from(json));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.give_proof(&registration.proof, registration.proof_expires_at_ms, headers)?;
        challenge_of(&registration.identifier, &registration.challenge, headers)?;
        Ok(response)
    }

    fn proof<R: Default>(&self, identifier: &str, proven: &Proven) -> Result<Response<R>, Refusal> {
        let mut response = empty(StatusCode::OK);
        let headers = response.headers_mut();
        self.give_proof(&proven.proof, proven.proof_expires_at_ms, headers)?;
        challenge_of(identifier, &proven.challenge, headers)?;
        Ok(response)
    }

    fn give_proof(
        &self,
        proof: &crate::session::SessionId,
        expires_at_ms: u64,
        headers: &mut HeaderMap,
    ) -> Result<(), Refusal> {
        let now_ms = self.bound_store().now_ms();
        let leeway_ms = self.bound_store().policy().leeway_ms;
        let life_ms = expires_at_ms.saturating_sub(now_ms);
        let until_ms = expires_at_ms.saturating_sub(ahead_of_expiry(life_ms, leeway_ms));
        let values = self.proof_cookies.values(proof, until_ms, now_ms, false).map_err(|_| Refusal::Ends)?;
        for value in values {
            headers.append(SET_COOKIE, set_cookie(value)?);
        }
        Ok(())
    }
}

/// How long before the end of its life the browser is to drop a proof, in milliseconds: it counts from when it got the
/// cookie, in whole seconds, and would send one that is over until then; and the clock of the server that it sends it to
/// may be ahead.
fn ahead_of_expiry(life_ms: u64, leeway_ms: u64) -> u64 {
    (life_ms / 10).clamp(1_000, 30_000).max(leeway_ms.min(life_ms / 5))
}

/// A header's value as text, in quotes if it came so: the core takes them off, once. No browser sends a header of this
/// protocol twice or what is no text, and which of two is meant is not for a server to guess.
fn text<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(|text| Some(text.trim())).map_err(|_| Refusal::Senseless),
        (Some(_), Some(_)) => Err(Refusal::Senseless),
    }
}

fn challenge_of(identifier: &str, challenge: &str, headers: &mut HeaderMap) -> Result<(), Refusal> {
    let mut value = HeaderValue::try_from(format!("\"{challenge}\";id=\"{identifier}\""))?;
    value.set_sensitive(true);
    headers.insert(CHALLENGE, value);
    Ok(())
}

fn refused<R: Default>(refusal: &Refusal) -> Response<R> {
    empty(match refusal {
        Refusal::Senseless => StatusCode::BAD_REQUEST,
        Refusal::Transient => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::Ends => StatusCode::UNAUTHORIZED,
    })
}

fn empty<R: Default>(status: StatusCode) -> Response<R> {
    let mut response = Response::new(R::default());
    *response.status_mut() = status;
    caches::keep_out(response.headers_mut());
    response
}
