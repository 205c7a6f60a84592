use std::collections::{BTreeSet, HashSet};

use sealed_session::{KeyRing, RootSecret};

fn main() {
    let (one, other) = (RootSecret::generate().unwrap(), RootSecret::generate().unwrap());
    let _ = one == other; //~ E0369
    let _ = one < other; //~ E0369
    let _ = HashSet::from([one.id()]);
    let _ = HashSet::<RootSecret>::new().contains(&one); //~ E0599
    let _ = BTreeSet::<RootSecret>::new().contains(&one); //~ E0277
    let _ = KeyRing::single(one) == KeyRing::single(other); //~ E0369
}
