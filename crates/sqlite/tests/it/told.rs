//! What is news to a node.

use std::collections::BTreeMap;

use sealed_session::revocation::backend::Target;
use sealed_session::revocation::{Backend, Revocation};

/// What a node has been told: of each thing the last.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told(BTreeMap<Target, Revocation>);

impl Told {
    pub(crate) fn of(revocations: &[Revocation]) -> Self {
        Self(revocations.iter().map(|revocation| (revocation.target(), revocation.clone())).collect())
    }

    pub(crate) fn by(node: &mut impl Backend) -> Self {
        Self::of(&node.news().unwrap().revocations)
    }

    pub(crate) fn has(&self, revocation: &Revocation) -> bool {
        self.0.get(&revocation.target()) == Some(revocation)
    }

    /// Whether it has been told of what this one speaks of.
    pub(crate) fn knows(&self, of: &Revocation) -> bool {
        self.0.contains_key(&of.target())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
