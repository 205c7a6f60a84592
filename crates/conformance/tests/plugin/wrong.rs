//! Backends that are wrong on purpose, each with one fault, and the cases that must fail for it.

use crate::*;

mod data;
mod deletes;
mod families;
mod ids;
mod times;
mod users;

/// A backend with one fault, and the cases that must fail for it.
pub(crate) struct Wrong {
    pub(crate) fault: &'static str,
    pub(crate) run: Box<dyn Fn() -> Report>,
    pub(crate) fails: &'static str,
}

pub(crate) type Fault<P> = fn(Broken<P>) -> Broken<P>;

pub(crate) fn server(fault: &'static str, with: Fault<Server>, fails: &'static str) -> Wrong {
    let make = move |clock| with(Broken::new(Server::new(clock)));
    Wrong { fault, run: Box::new(move || run(Family::ServerBacked, make)), fails }
}

pub(crate) fn token(fault: &'static str, with: Fault<SealedStore>, fails: &'static str) -> Wrong {
    let make = move |clock| with(Broken::new(sealed_store(clock)));
    Wrong { fault, run: Box::new(move || run(Family::Stateless, make)), fails }
}

pub(crate) fn wrong_backends() -> Vec<Wrong> {
    let groups =
        [families::wrong(), times::wrong(), data::wrong(), users::wrong(), ids::wrong(), deletes::wrong()];
    groups.into_iter().flatten().collect()
}
