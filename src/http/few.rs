//! A list that seldom has more than one item.

/// The first item is in the list itself, so that a request pays no allocation for a list of one.
#[cfg(feature = "tower")]
pub(super) type Few<T> = smallvec::SmallVec<[T; 1]>;
/// Without the layer for servers, a dependency less.
#[cfg(not(feature = "tower"))]
pub(super) type Few<T> = Vec<T>;
