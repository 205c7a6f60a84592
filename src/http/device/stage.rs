//! The two ways in which a bound session is sealed.

use crate::dbsc::Binding;

/// How far a session has come on its way to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its device has registered, and the answer may be lost: it opens beside the ordinary session only.
    Pending,
    /// The browser is known to have had it: it opens by itself.
    Settled,
}

impl Stage {
    /// What a session is sealed with.
    pub(super) fn associated_data(self, binding: &Binding, of_application: &[u8]) -> Vec<u8> {
        match self {
            Self::Pending => binding.pending_associated_data(of_application),
            Self::Settled => binding.associated_data(of_application),
        }
    }
}
