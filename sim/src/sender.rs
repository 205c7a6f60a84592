//! Where a request comes from, as far as it says: what a defence against forged requests goes by.

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sender {
    pub act: Act,
    pub origin: Origin,
    pub token: Proof,
}

/// What it is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Act {
    #[default]
    Get,
    Head,
    Post,
    Delete,
    /// A WebSocket by HTTP/1.1.
    Upgrade,
    /// One by HTTP/2.
    Connect,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Origin {
    #[default]
    Absent,
    Own,
    OwnPort,
    /// Of pages that do not tell.
    Null,
    Http,
    OtherPort,
    Sibling,
    Other,
    Trusted,
    TrustedByHttp,
}

impl Origin {
    pub fn text(self, host: &str) -> Option<String> {
        Some(match self {
            Self::Absent => return None,
            Self::Own => format!("https://{host}"),
            Self::OwnPort => format!("https://{host}:443"),
            Self::Null => "null".to_owned(),
            Self::Http => format!("http://{host}"),
            Self::OtherPort => format!("https://{host}:8443"),
            Self::Sibling => format!("https://evil.{host}"),
            Self::Other => "https://evil.example".to_owned(),
            Self::Trusted => TRUSTED.to_owned(),
            Self::TrustedByHttp => TRUSTED.replace("https", "http"),
        })
    }
}

/// The origin that the application trusts.
pub const TRUSTED: &str = "https://partner.example";

/// The token of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Proof {
    #[default]
    Nothing,
    InHeader,
    InForm,
    /// That of another session.
    OfAnother,
    Garbage,
}

pub fn sender() -> impl Strategy<Value = Sender> {
    let act = prop_oneof![
        4 => Just(Act::Get),
        1 => Just(Act::Head),
        6 => Just(Act::Post),
        1 => Just(Act::Delete),
        2 => Just(Act::Upgrade),
        1 => Just(Act::Connect),
    ];
    let origin = prop_oneof![
        4 => Just(Origin::Absent),
        4 => Just(Origin::Own),
        1 => Just(Origin::OwnPort),
        2 => Just(Origin::Null),
        1 => Just(Origin::Http),
        1 => Just(Origin::OtherPort),
        1 => Just(Origin::Sibling),
        1 => Just(Origin::Other),
        1 => Just(Origin::Trusted),
        1 => Just(Origin::TrustedByHttp),
    ];
    let token = prop_oneof![
        4 => Just(Proof::Nothing),
        3 => Just(Proof::InHeader),
        2 => Just(Proof::InForm),
        1 => Just(Proof::OfAnother),
        1 => Just(Proof::Garbage),
    ];
    let own = (act, origin, token).prop_map(|(act, origin, token)| Sender { act, origin, token });
    prop_oneof![2 => Just(Sender::default()), 1 => own]
}
