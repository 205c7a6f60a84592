//! Which traits the types have that hold secrets or opened sessions.

use std::borrow::Borrow;
use std::fmt::{Binary, Display, LowerHex, UpperHex};
use std::hash::Hash;
use std::ops::Deref;
use std::str::FromStr;

use sealed_session::{KeyRing, OpenedSession, Root, RootSecret, SealedStore, SealedStoreBuilder, SessionId};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Whether a type has a trait. The compiler takes the constant of the type itself if there is one, and there
/// is one only if the type has the trait; otherwise it takes the constant of `Otherwise`.
macro_rules! has {
    ($type:ty: $($bound:tt)+) => {{
        #[allow(dead_code, reason = "only its constants are asked for")]
        struct Probe<T: ?Sized>(std::marker::PhantomData<T>);
        #[allow(dead_code, reason = "one of the two constants is never used")]
        trait Otherwise {
            const HAS: bool = false;
        }
        impl<T: ?Sized> Otherwise for Probe<T> {}
        #[allow(dead_code, reason = "one of the two constants is never used")]
        impl<T: ?Sized + $($bound)+> Probe<T> {
            const HAS: bool = true;
        }
        <Probe<$type>>::HAS
    }};
}

/// The names of those traits out of a list that a type has.
macro_rules! traits_of {
    ($type:ty: $([$($bound:tt)+])+) => {{
        let all = [$((stringify!($($bound)+), has!($type: $($bound)+))),+];
        // How the compiler writes out the spaces within a bound is its own affair.
        all.iter().filter(|(_, has)| *has).map(|(name, _)| name.replace(' ', "")).collect::<Vec<_>>()
    }};
}

/// Everything by which a secret could be copied, shown, compared or taken apart.
macro_rules! revealing_traits_of {
    ($type:ty) => {
        traits_of!($type:
            [Clone] [Copy] [ToOwned] [Default]
            [Display] [ToString] [LowerHex] [UpperHex] [Binary] [Serialize] [DeserializeOwned]
            [Hash] [PartialEq] [PartialOrd] [Ord]
            [AsRef<[u8]>] [AsRef<str>] [AsMut<[u8]>] [Borrow<[u8]>] [Deref] [IntoIterator]
            [Into<Vec<u8>>] [Into<String>] [Into<[u8; 32]>] [TryInto<[u8; 32]>])
    };
}

#[test]
fn types_that_hold_secrets_reveal_nothing() {
    assert_eq!(revealing_traits_of!(RootSecret), [""; 0]);
    assert_eq!(revealing_traits_of!(Root), [""; 0]);
    assert_eq!(revealing_traits_of!(KeyRing), [""; 0]);
    assert_eq!(revealing_traits_of!(SealedStoreBuilder), [""; 0]);
    // A store is shared by cloning it; what it holds is not copied.
    assert_eq!(revealing_traits_of!(SealedStore), ["Clone", "ToOwned"]);
}

#[cfg(feature = "hazmat")]
#[test]
fn keys_laid_open_are_not_copied_or_printed_by_accident() {
    assert_eq!(revealing_traits_of!(sealed_session::hazmat::Derived), [""; 0]);
}

#[test]
fn an_opened_session_comes_from_nothing_but_opening() {
    assert_eq!(
        traits_of!(OpenedSession:
            [Default] [DeserializeOwned] [FromStr] [From<SessionId>] [From<String>] [From<Vec<u8>>]
            [for<'a> From<&'a SessionId>] [for<'a> From<&'a str>] [for<'a> From<&'a [u8]>]
            [TryFrom<SessionId>] [TryFrom<String>] [for<'a> TryFrom<&'a str>]),
        [""; 0]
    );
}

/// Types that have the traits are seen to have them: all of the list together.
#[test]
fn the_question_can_be_answered_with_yes() {
    let mut seen = revealing_traits_of!(u8);
    seen.extend(revealing_traits_of!(String));
    seen.extend(revealing_traits_of!(Vec<u8>));
    seen.extend(revealing_traits_of!([u8; 32]));
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 25, "{seen:?}");
    assert!(has!(String: for<'a> From<&'a str>) && has!(u8: FromStr) && has!(SessionId: Clone));
    assert!(!has!(String: Copy) && !has!(u8: Deref));
}
