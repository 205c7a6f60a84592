//! Sound tokens of another cookie, application, root or context.

use sealed_session::join_associated_data;

use super::super::refusal::Refusal;
use super::super::scene::{DAY_S, RENEWED, RootLife, Scene, root, scene};

pub(super) fn all() -> Vec<Refusal> {
    [names(), apps(), associated_data(), joined(), roots()].into_iter().flatten().collect()
}

fn names() -> Vec<Refusal> {
    let of = |(comment, good, other): (&str, &str, &str)| {
        let good = scene().with(|s| s.name = good.into());
        Refusal::elsewhere((comment, "OtherName", "key_id"), &good, "name", |s| s.name = other.into())
    };
    let names = [
        ("another cookie name", "__Host-session", "__Host-admin"),
        ("a cookie name in other case", "__Host-session", "__host-session"),
        ("a cookie name without its prefix", "__Host-session", "session"),
        ("a cookie name cut short", "__Host-session", "__Host-sessio"),
        ("a cookie name with a letter more", "__Host-session", "__Host-sessions"),
        ("a cookie name normalized", "e\u{301}", "\u{e9}"),
    ];
    names.into_iter().map(of).collect()
}

fn apps() -> Vec<Refusal> {
    let of = |(comment, good, other): (&str, &str, &str)| {
        let good = scene().with(|s| s.app = good.into());
        Refusal::elsewhere((comment, "OtherApp", "key_id"), &good, "app", |s| s.app = other.into())
    };
    let apps = [
        ("another application", "shop.example", "blog.example"),
        ("an application where none is expected", "shop.example", ""),
        ("no application where one is expected", "", "shop.example"),
        ("an application id in other case", "shop.example", "Shop.example"),
        ("an application id with a space more", "shop.example", "shop.example "),
        ("an application id with a NUL more", "shop.example", "shop.example\0"),
        ("an application id normalized", "caf\u{e9}", "cafe\u{301}"),
    ];
    let mut all: Vec<Refusal> = apps.into_iter().map(of).collect();
    all.extend(separators());
    all
}

/// The same letters, parted otherwise between application and name. Two members differ at once, so the
/// repair is the token of the pair that is asked for.
fn separators() -> Vec<Refusal> {
    let of = |(sealed, asked): ((&str, &str), (&str, &str))| {
        let comment = format!("application and name {sealed:?}, opened as {asked:?}");
        let scene = |(app, name): (&str, &str)| scene().with(|s| (s.app, s.name) = (app.into(), name.into()));
        let salt = super::super::scene::salt(&comment);
        let (bad, good) = (scene(sealed).token(&salt), scene(asked).token(&salt));
        Refusal::of_text((&comment, "Separator", "key_id"), &scene(asked), bad, good)
    };
    let pairs = [
        (("ab", "c"), ("a", "bc")),
        (("a", "bc"), ("ab", "c")),
        (("a", "bc"), ("", "abc")),
        (("", "abc"), ("a", "bc")),
        (("sid", "shop"), ("shop", "sid")),
        (("shop.", "sid"), ("shop", ".sid")),
    ];
    pairs.into_iter().map(of).collect()
}

fn of_ad(comment: &str, good: &[u8], other: &[u8]) -> Refusal {
    let good = scene().with(|s| s.ad = good.to_vec());
    let what = (comment, "AssociatedData", "aead");
    Refusal::elsewhere(what, &good, "ad", |s| s.ad = other.to_vec())
}

fn associated_data() -> Vec<Refusal> {
    vec![
        of_ad("other associated data", b"tenant-7", b"tenant-8"),
        of_ad("no associated data where some is expected", b"", b"tenant-7"),
        of_ad("associated data where none is expected", b"tenant-7", b""),
        of_ad("a zero byte of associated data where none is expected", b"", b"\0"),
        of_ad("associated data with a zero byte more", b"tenant-7", b"tenant-7\0"),
        of_ad("associated data with a zero byte less", b"tenant-7\0", b"tenant-7"),
        of_ad("associated data cut short", b"tenant-7", b"tenant-"),
        of_ad("associated data in other case", b"tenant-7", b"Tenant-7"),
        of_ad("associated data in other order", b"ab", b"ba"),
        of_ad(
            "associated data that differs after 1000 bytes",
            &[b'a'; 1001],
            &[[b'a'; 1000].as_slice(), b"b"].concat(),
        ),
    ]
}

fn joined() -> Vec<Refusal> {
    let join = |parts: &[&[u8]]| join_associated_data(parts);
    vec![
        of_ad("parts joined at another place", &join(&[b"ab", b"c"]), &join(&[b"a", b"bc"])),
        of_ad("parts in other order", &join(&[b"ab", b"c"]), &join(&[b"c", b"ab"])),
        of_ad("an empty part more", &join(&[b"ab"]), &join(&[b"ab", b""])),
        of_ad("one part instead of two", &join(&[b"ab", b"c"]), &join(&[b"abc"])),
        of_ad("bare instead of joined", &join(&[b"tenant-7"]), b"tenant-7"),
        of_ad("joined instead of bare", b"tenant-7", &join(&[b"tenant-7"])),
        of_ad("one empty part instead of none", &join(&[]), &join(&[b""])),
    ]
}

fn roots() -> Vec<Refusal> {
    let of = |comment: &str, good: &Scene, change: &dyn Fn(&mut RootLife)| {
        let what = (comment, "OtherRoot", "key_id");
        Refusal::elsewhere(what, good, "ring", |s| change(&mut s.roots[0]))
    };
    let fixed = scene();
    let daily = fixed.with(|s| (s.roots[0].period_s, s.epoch) = (DAY_S, RENEWED / 1000 / DAY_S));
    let zero = |root: &mut RootLife| root.period_s = 0;
    let mut all = vec![
        of("another root secret", &fixed, &|life| life.secret = vec![2; 32]),
        of("a root secret with a zero byte more", &fixed, &|life| life.secret.push(0)),
        of("a root secret that differs in its last bit", &fixed, &|life| life.secret[31] ^= 1),
        of("a root secret of twice the length", &fixed, &|life| life.secret = vec![1; 64]),
        of("a fixed key, in a ring that changes it daily", &fixed, &|life| life.period_s = DAY_S),
        of("a daily key, in a ring that keeps it fixed", &daily, &zero),
        of("a daily key, in a ring that changes it weekly", &daily, &|life| life.period_s = 7 * DAY_S),
    ];
    let what = ("a ring without keys", "OtherRoot", "key_id");
    all.push(Refusal::elsewhere(what, &fixed, "ring", |s| s.roots.clear()));
    let what = ("a ring of other keys, 3 of them", "OtherRoot", "key_id");
    all.push(Refusal::elsewhere(what, &fixed, "ring", |s| {
        s.roots = (2..5).map(|n| RootLife { activate_at_ms: n.into(), ..root(n) }).collect();
    }));
    all
}
