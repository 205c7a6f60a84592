//! How servers are set up: what all of a world have in common, and what each has for itself.

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use crate::device::{Binds, binds};
use crate::jar::{Form, form};
use crate::script::SECOND;

/// What all servers of a world have in common. Another name, tenant or size of the cookie logs everybody out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct House {
    /// Two hosts are two tenants, each with users of its own.
    pub tenants: bool,
    /// There is a registry, with so many sessions for each user at most; 0 for any number.
    pub registry: Option<u8>,
    /// A defence against forged requests is around the application, and asks for tokens or not.
    pub csrf: Option<bool>,
    /// Tokens may be cut over two cookies.
    pub chunked: bool,
    pub padding: u16,
    /// Nothing for the default.
    pub user_id_room: Option<u8>,
    /// For how long the cookie of a session that was just revoked stays; nothing for the default.
    pub just_revoked_s: Option<u16>,
    /// Sessions are bound to devices.
    pub binds: Option<Binds>,
    /// Servers have no list of revocations.
    pub listless: bool,
    /// Clocks may be wrong by minutes where they are wrong by seconds otherwise.
    pub wild_clocks: bool,
    /// How the session's cookie is made, and how it was before.
    pub form: Form,
    pub formerly: Option<Form>,
    /// A layer over another cookie is around the application, or between two over the session's.
    pub other: bool,
}

impl House {
    /// By how much the clock of a server is wrong from the beginning.
    pub fn first_skew_ms(self, seed: u64, server: usize) -> i64 {
        let of_server = seed.to_le_bytes()[server % 8] as i8;
        if self.wild_clocks { self.skew_ms(of_server % 26) } else { 0 }
    }

    /// By how much a clock is wrong.
    pub fn skew_ms(self, by: i8) -> i64 {
        i64::from(by) * if self.wild_clocks { 60_000 } else { 1_000 }
    }

    /// What is partitioned is for pages of other sites.
    pub fn settings(self, settings: Settings) -> Settings {
        match self.form {
            Form::Partitioned => Settings { same_site: SameSite::None, ..settings },
            _ => settings,
        }
    }

    pub fn just_revoked_ms(self) -> u64 {
        self.just_revoked_s.map_or(60, u64::from) * SECOND
    }
}

/// What a server has for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    pub same_site: SameSite,
    /// The browser is to forget the cookie when it closes.
    pub browser_session: bool,
    /// Every client gets a session.
    pub always: bool,
    pub saves_on_server_error: bool,
    pub late_after_s: u16,
    pub renewal: Renewal,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            same_site: SameSite::Lax,
            browser_session: false,
            always: false,
            saves_on_server_error: false,
            late_after_s: 60,
            renewal: Renewal::Default,
        }
    }
}

impl Settings {
    pub fn late_ms(self) -> u64 {
        u64::from(self.late_after_s) * SECOND
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum SameSite {
    Strict,
    #[default]
    Lax,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Renewal {
    /// When less than 80 % of the TTL are left.
    #[default]
    Default,
    Never,
    /// With every answer.
    Always,
    BelowHalf,
    /// At most once in so many minutes.
    Every(u8),
}

pub fn house() -> impl Strategy<Value = House> {
    let registry = prop_oneof![2 => Just(None), 1 => Just(Some(0)), 1 => (1..4_u8).prop_map(Some)];
    let padding = prop_oneof![3 => Just(0), 1 => Just(64), 1 => Just(1000)];
    let room = prop_oneof![4 => Just(None), 1 => Just(Some(3))];
    let just_revoked =
        prop_oneof![4 => Just(None), 1 => Just(Some(0)), 1 => Just(Some(10)), 1 => Just(Some(300))];
    let csrf = prop_oneof![2 => Just(None), 2 => Just(Some(false)), 1 => Just(Some(true))];
    let devices = (prop::option::weighted(0.5, binds()), prop::bool::weighted(0.15));
    let wild = (prop::bool::weighted(0.15), form(), prop::bool::weighted(0.15));
    let tenants = prop::bool::weighted(0.4);
    let sizes = (prop::bool::weighted(0.3), padding, room);
    (tenants, registry, csrf, sizes, just_revoked, devices, wild).prop_map(
        |(tenants, registry, csrf, sizes, just_revoked_s, (binds, listless), (wild_clocks, form, other))| {
            let (chunked, padding, user_id_room) = sizes;
            House {
                tenants,
                registry: registry.filter(|_| !listless),
                csrf,
                chunked,
                padding,
                user_id_room,
                just_revoked_s,
                // Devices are bound under the prefix alone.
                form: if binds.is_some() { Form::Host } else { form },
                formerly: None,
                other,
                binds,
                listless,
                wild_clocks,
            }
        },
    )
}

pub fn settings() -> impl Strategy<Value = Settings> {
    let same_site =
        prop_oneof![4 => Just(SameSite::Lax), 1 => Just(SameSite::Strict), 1 => Just(SameSite::None)];
    let late = prop_oneof![5 => Just(60), 1 => Just(5), 1 => Just(120)];
    let renewal = prop_oneof![
        6 => Just(Renewal::Default),
        1 => Just(Renewal::Never),
        1 => Just(Renewal::Always),
        1 => Just(Renewal::BelowHalf),
        1 => Just(Renewal::Every(2)),
    ];
    let rare = || prop::bool::weighted(0.12);
    let own = (same_site, rare(), rare(), rare(), late, renewal).prop_map(
        |(same_site, browser_session, always, saves_on_server_error, late_after_s, renewal)| Settings {
            same_site,
            browser_session,
            always,
            saves_on_server_error,
            late_after_s,
            renewal,
        },
    );
    prop_oneof![1 => Just(Settings::default()), 2 => own]
}
