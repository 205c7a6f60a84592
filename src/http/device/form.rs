//! Names in the list of revocations that no session has.

use sha2::{Digest as _, Sha256};

use crate::dbsc::Binding;
use crate::revocation::{ALLOWS, BackendError, Change, Pending, Recorder, Revocation};
use crate::store::SealedStore;
use crate::uid::SessionUid;

/// What stands in the list of revocations for the ordinary cookies of a session, once its browser has brought the bound
/// one:
/// the session goes on under its uid, which its CSRF tokens and its row in a registry know.
pub(super) fn unbound_form(uid: SessionUid) -> SessionUid {
    form_of(b"sealed-session/v1 unbound form", uid.as_bytes())
}

/// What stands there for the device that such a session has moved to: a request of its browser may still bring the
/// ordinary cookie, and is no copy's.
pub(super) fn moved_form(binding: &Binding) -> SessionUid {
    form_of(b"sealed-session/v1 moved device", binding.as_bytes())
}

/// What stands there for a device whose session has ended: its uid may be another by then than at the registration.
pub(super) fn left_form(binding: &Binding) -> SessionUid {
    form_of(b"sealed-session/v1 left device", binding.as_bytes())
}

/// What stands there for a session that has left its device and goes on, for as long as its ordinary cookie counts:
/// however long ago its login was. Its name says that it allows something, so that nobody prolongs it.
fn given_form(uid: SessionUid) -> SessionUid {
    let mut form = *form_of(b"sealed-session/v1 given form", uid.as_bytes()).as_bytes();
    form.iter_mut().zip(ALLOWS).for_each(|(octet, mark)| *octet = mark);
    SessionUid::from_bytes(form)
}

/// Writes down that a session has left its device; and under which uid it goes on without one, and until when, where
/// that is limited.
pub(super) fn leave_device(
    store: &SealedStore,
    left: Option<&Binding>,
    goes_on: Option<(SessionUid, u64)>,
) -> Pending<()> {
    let (now_ms, left) = (store.now_ms(), left.map(left_form));
    store.record(move |recorder| {
        let until_ms = recorder.retention().of_anything(now_ms);
        let left = left.map(|left| revoked(left, until_ms));
        let goes_on = goes_on.map(|(uid, until_ms)| revoked(given_form(uid), until_ms));
        recorder.record(&left.into_iter().chain(goes_on).collect::<Vec<_>>())
    })
}

/// Whether the ordinary cookie of a session that has left its device still counts.
pub(super) fn is_given(store: &SealedStore, uid: SessionUid, head_ms: u64) -> bool {
    given_until(store, uid).is_some_and(|until_ms| head_ms < until_ms)
}

/// Until when it does.
pub(super) fn given_until(store: &SealedStore, uid: SessionUid) -> Option<u64> {
    store.revocations()?.revoked_until(given_form(uid))
}

/// Revokes such names for as long as any server that shares the list opens a session or an identifier that there is by
/// now.
pub(super) fn record_forms(
    recorder: &mut Recorder<'_>,
    forms: &[SessionUid],
    now_ms: u64,
) -> Result<(), BackendError> {
    let until_ms = recorder.retention().of_anything(now_ms);
    recorder.record(&forms.iter().map(|form| revoked(*form, until_ms)).collect::<Vec<_>>())
}

fn revoked(uid: SessionUid, until_ms: u64) -> Change {
    Change::Revoke(Revocation::Session { uid, until_ms })
}

/// Whether such a name is in the list. A session that was created then is not revoked with all others.
pub(super) fn is_known(store: &SealedStore, form: SessionUid, created_at_ms: u64) -> bool {
    known_since(store, form, created_at_ms).is_some()
}

/// Since when.
pub(super) fn known_since(store: &SealedStore, form: SessionUid, created_at_ms: u64) -> Option<u64> {
    store.revocations()?.revoked_since(&store.who(None, form, created_at_ms))
}

/// A digest, and no derivation of a key: nobody keeps these names secret, they are only looked for in a list. No label
/// begins another, and what follows each is of one length, so no two are digests of the same octets.
fn form_of(label: &[u8], of: &[u8]) -> SessionUid {
    let digest = Sha256::new().chain_update(label).chain_update(of);
    let mut form = [0; SessionUid::LEN];
    form.iter_mut().zip(digest.finalize()).for_each(|(octet, from)| *octet = from);
    SessionUid::from_bytes(form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_name_of_what_allows_something_says_so() {
        let uid = SessionUid::from_bytes([7; SessionUid::LEN]);
        assert!(given_form(uid).as_bytes().starts_with(&ALLOWS));
        assert!(!unbound_form(uid).as_bytes().starts_with(&ALLOWS));
        assert_ne!(given_form(uid), given_form(SessionUid::from_bytes([8; SessionUid::LEN])));
    }

    /// docs/device-bound-spec.md, section 10.11, for the identifier of section 10.4.
    #[test]
    fn names_are_the_known_answers() {
        let document = include_str!("../../../docs/device-bound-spec.md");
        let (_, answer) = document.split_once("### 10.4 Identifier").unwrap();
        let (_, identifier) = answer.split_once("\ntoken          ").unwrap();
        let binding = Binding::of(identifier.lines().next().unwrap());
        let uid = SessionUid::from_bytes(std::array::from_fn(|at| u8::try_from(at).unwrap()));
        for (name, form) in [
            ("moved device", moved_form(&binding)),
            ("unbound form", unbound_form(uid)),
            ("left device ", left_form(&binding)),
            ("given form  ", given_form(uid)),
        ] {
            assert!(document.contains(&format!("\n{name}   {form}\n")), "{name}: {form}");
        }
    }
}
