//! What a handler does, as data.

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    /// Adds something to the data.
    Put,
    /// Adds something that an account switcher keeps.
    Carry,
    /// Puts in a text of so many characters.
    Blob(u16),
    /// Puts in the longest text that there is room for.
    Fill,
    /// Puts in a value that is hard to bring back.
    Value(u8),
    Clear,
    Flash,
    TakeFlashes,
    Csrf,
    Login(u8),
    /// Logs in and keeps what is to be carried over.
    Switch(u8),
    Logout,
    Invalidate,
    Everywhere,
    Others,
    Cycle,
    /// Asks for a TTL, in minutes.
    Ttl(u8),
    /// Waives a cookie that is left in place.
    Anyway,
    /// Lists the sessions of the user.
    List,
    /// Ends one of those that are listed.
    EndListed(u8),
    /// Tries to end a session of somebody else.
    EndForeign,
}

pub fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        20 => Just(Op::Put),
        20 => (0..3_u8).prop_map(Op::Login),
        8 => Just(Op::Logout),
        4 => Just(Op::Everywhere),
        8 => Just(Op::Others),
        5 => Just(Op::Cycle),
        8 => message(),
        4 => listed(),
        8 => data(),
        6 => setting(),
    ]
}

fn message() -> impl Strategy<Value = Op> {
    prop_oneof![Just(Op::Flash), Just(Op::TakeFlashes), Just(Op::Csrf)]
}

fn listed() -> impl Strategy<Value = Op> {
    prop_oneof![2 => Just(Op::List), 2 => (0..4_u8).prop_map(Op::EndListed), 1 => Just(Op::EndForeign)]
}

fn data() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => Just(Op::Carry),
        1 => Just(Op::Blob(0)),
        2 => (2500..5500_u16).prop_map(Op::Blob),
        1 => Just(Op::Fill),
        4 => any::<u8>().prop_map(Op::Value),
        1 => Just(Op::Clear),
    ]
}

fn setting() -> impl Strategy<Value = Op> {
    prop_oneof![
        2 => prop_oneof![Just(0), Just(1), Just(4), Just(20), Just(200)].prop_map(Op::Ttl),
        2 => Just(Op::Anyway),
        2 => (0..3_u8).prop_map(Op::Switch),
        1 => Just(Op::Invalidate),
    ]
}

pub fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = || op().boxed();
    prop_oneof![
        6 => Just(Vec::new()),
        8 => op().prop_map(|op| vec![op]),
        2 => (op(), op()).prop_map(|(one, other)| vec![one, other]),
        1 => (op(), op(), op()).prop_map(|(one, other, third)| vec![one, other, third]),
    ]
}
