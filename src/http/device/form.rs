//! Names in the list of revocations that no session has.

use sha2::{Digest as _, Sha256};

use crate::dbsc::Binding;
use crate::uid::SessionUid;

/// What stands in the list of revocations for the ordinary cookies of a session, when it has moved to a bound one:
/// the session goes on under its uid, which its CSRF tokens and its row in a registry know.
pub(in crate::http) fn unbound_form(uid: SessionUid) -> SessionUid {
    form_of(b"sealed-session/v1 unbound form", uid.as_bytes())
}

/// What stands there for a device whose session has ended: its uid may be another by then than at the registration.
pub(in crate::http) fn left_form(binding: &Binding) -> SessionUid {
    form_of(b"sealed-session/v1 left device", binding.as_bytes())
}

/// A digest, and no derivation of a key: nobody keeps these names secret, they are only looked for in a list. Neither
/// label begins the other, and what follows each is of one length, so no two are digests of the same octets.
fn form_of(label: &[u8], of: &[u8]) -> SessionUid {
    let digest = Sha256::new().chain_update(label).chain_update(of);
    let mut form = [0; SessionUid::LEN];
    form.iter_mut().zip(digest.finalize()).for_each(|(octet, from)| *octet = from);
    SessionUid::from_bytes(form)
}
