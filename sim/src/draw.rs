//! How a script is drawn from a seed.

use proptest::prelude::*;

use crate::backend::Way;
use crate::cache::words;
use crate::device::fates;
use crate::jar::other_form;
use crate::op::{Op, ops};
use crate::ring::garbage;
use crate::row::{lie, row};
use crate::script::{
    Action, Ask, Client, HostForm, LONGEST_LIFETIME_MIN, MINUTE, Outcome, Policy, SECOND, Script, Site, Step,
};
use crate::sender::sender;
use crate::settings::{house, settings};
use crate::theme::theme;

fn client() -> impl Strategy<Value = Client> {
    prop_oneof![6 => (0..3_u8).prop_map(Client::Browser), 1 => Just(Client::Thief)]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        12 => Just(Outcome::Ok),
        1 => Just(Outcome::NotFound),
        1 => Just(Outcome::ServerError),
        1 => Just(Outcome::TimeOut),
        1 => Just(Outcome::Panic),
        1 => Just(Outcome::Dropped),
    ]
}

fn delay() -> impl Strategy<Value = u64> {
    prop_oneof![6 => Just(0), 2 => 1..2 * SECOND, 1 => 1..3 * MINUTE]
}

fn host_form() -> impl Strategy<Value = HostForm> {
    prop_oneof![
        8 => Just(HostForm::Target),
        8 => Just(HostForm::Header),
        2 => Just(HostForm::Both),
        2 => Just(HostForm::UpperCase),
        2 => Just(HostForm::TrailingDot),
        2 => Just(HostForm::DefaultPort),
        1 => Just(HostForm::Missing),
        1 => Just(HostForm::Twice),
        1 => Just(HostForm::Contradicted),
    ]
}

fn afterwards() -> impl Strategy<Value = Vec<Op>> {
    prop_oneof![9 => Just(Vec::new()), 1 => ops()]
}

fn ask() -> impl Strategy<Value = Ask> {
    let site = prop_oneof![8 => Just(Site::Same), 1 => Just(Site::Link), 1 => Just(Site::Post), 1 => Just(Site::Frame), 1 => Just(Site::Sibling), 2 => Just(Site::Unsaid)];
    let what = (
        ops(),
        delay(),
        ops(),
        outcome(),
        delay(),
        (words(), 0..3_u8, sender(), prop::bool::weighted(0.15)),
        afterwards(),
    );
    (client(), any::<u8>(), (0..2_u8, host_form()), site, what).prop_map(
        |(
            who,
            server,
            (tenant, host),
            site,
            (first, handler_ms, rest, outcome, network_ms, told, afterwards),
        )| Ask {
            who,
            server,
            tenant,
            host,
            site,
            first,
            handler_ms,
            looks_late: told.3,
            rest,
            outcome,
            network_ms,
            public: false,
            words: told.0,
            cache: told.1,
            sender: told.2,
            afterwards,
        },
    )
}

fn policy() -> impl Strategy<Value = Policy> {
    let ttl = prop_oneof![Just(5), Just(15), Just(30)];
    let lifetime = prop_oneof![Just(30), Just(45), Just(LONGEST_LIFETIME_MIN)];
    let refuse_after = prop_oneof![3 => Just(0), 1 => Just(10), 1 => Just(120)];
    (ttl, lifetime, refuse_after, prop::bool::weighted(0.2), settings()).prop_map(
        |(ttl_min, lifetime_min, refuse_after_s, nested, settings)| Policy {
            ttl_min,
            lifetime_min,
            refuse_after_s,
            nested,
            settings,
        },
    )
}

fn revoke_user() -> impl Strategy<Value = Action> {
    (any::<u8>(), 0..3_u8, 0..2_u8, any::<bool>()).prop_map(|(server, user, tenant, in_all_scopes)| {
        Action::RevokeUser { server, user, tenant, in_all_scopes }
    })
}

fn lead() -> impl Strategy<Value = Action> {
    let way = prop_oneof![
        2 => Just(Way::Cut),
        1 => Just(Way::ReadOnly),
        1 => Just(Way::AnswersLost),
        2 => Just(Way::Stalled),
        1 => Just(Way::Open),
    ];
    let seconds = prop_oneof![1 => 1..20_u16, 2 => 1..1200_u16, 1 => 1..7200_u16];
    (any::<u8>(), way, seconds).prop_map(|(server, way, seconds)| Action::Lead { server, way, seconds })
}

pub fn of_the_ring() -> impl Strategy<Value = Action> {
    let late = || prop_oneof![3 => Just(Vec::new()), 2 => prop::collection::vec(0..1800_u16, 1..4)];
    let minutes = prop_oneof![1 => Just(0), 3 => 1..20_u8];
    prop_oneof![
        4 => (minutes, late()).prop_map(|(minutes, late_s)| Action::Rotate { minutes, late_s }),
        3 => (any::<u8>(), prop::bool::weighted(0.3), late())
            .prop_map(|(which, force, late_s)| Action::RevokeRoot { which, force, late_s }),
        1 => Just(Action::Prune),
        1 => (garbage(), 1..1200_u16).prop_map(|(garbage, seconds)| Action::Garble { garbage, seconds }),
    ]
}

fn of_the_rows() -> impl Strategy<Value = Action> {
    prop_oneof![
        (row(), 1..1200_u16).prop_map(|(row, seconds)| Action::Spoil { row, seconds }),
        lie().prop_map(|lie| Action::Forge { lie }),
    ]
}

fn of_a_browser() -> impl Strategy<Value = Action> {
    prop_oneof![
        (0..3_u8).prop_map(|browser| Action::Restart { browser }),
        (0..3_u8, -90..90_i16).prop_map(|(browser, minutes)| Action::SetBrowserClock { browser, minutes }),
    ]
}

/// What operators do about users, and others to the backend.
pub fn of_users() -> impl Strategy<Value = Action> {
    prop_oneof![
        1 => revoke_user(),
        1 => any::<u8>().prop_map(|server| Action::RevokeEverything { server }),
    ]
}

pub fn of_the_backend() -> impl Strategy<Value = Action> {
    prop_oneof![
        2 => lead(),
        1 => Just(Action::Save),
        1 => any::<bool>().prop_map(|all| Action::Lose { all }),
        1 => of_the_rows(),
    ]
}

/// What becomes of the cookies that browsers have, and who else gets them.
pub fn of_clients() -> impl Strategy<Value = Action> {
    prop_oneof![
        2 => (0..3_u8, any::<bool>()).prop_map(|(browser, keeps_proof)| Action::Steal { browser, keeps_proof }),
        3 => (0..3_u8, any::<u8>()).prop_map(|(browser, name)| Action::Plant { browser, name }),
        1 => (0..3_u8).prop_map(|browser| Action::Clear { browser }),
        1 => of_a_browser(),
    ]
}

/// What happens that is no request.
pub fn event() -> impl Strategy<Value = Action> {
    prop_oneof![
        1 => (any::<u8>(), -25..=25_i8).prop_map(|(server, seconds)| Action::Skew { server, seconds }),
        1 => (any::<u8>(), policy()).prop_map(|(server, policy)| Action::Deploy { server, policy }).boxed(),
        2 => of_the_ring(),
        1 => other_form().prop_map(|form| Action::Reform { form }),
        2 => of_users(),
        7 => of_clients(),
        5 => of_the_backend(),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![24 => ask().prop_map(Action::Ask).boxed(), 19 => event()]
}

fn step() -> impl Strategy<Value = Step> {
    let after = prop_oneof![4 => 0..2 * SECOND, 2 => 0..MINUTE, 3 => 0..6 * MINUTE, 1 => 0..40 * MINUTE];
    (after, action()).prop_map(|(after_ms, action)| Step { after_ms, action })
}

/// All worlds of a seed: there is one.
pub fn scripts(seed: u64) -> impl Strategy<Value = Script> {
    let period = prop_oneof![Just(0), Just(3600), Just(7 * 86_400)];
    let servers = prop::collection::vec(policy(), 1..4);
    let steps = prop::collection::vec(step(), 1..60);
    (servers, house(), period, fates(), steps, theme()).prop_map(
        move |(servers, house, period_s, fates, steps, theme)| {
            let mut script = Script { seed, house, servers, period_s, fates, steps };
            theme.set(&mut script);
            script
        },
    )
}
