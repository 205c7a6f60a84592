//! The cookie's attributes, and contradictions between them.

use sealed_session::SessionId;
use sealed_session::http::{CookiePolicy, CookiePolicyBuilder, Presented, SameSite, SessionLayer};
use sealed_session::{KeyRing, SealedStore};

use crate::site::{DAY, root};

fn set(policy: CookiePolicyBuilder, ttl_ms: u64) -> String {
    let policy = policy.build().unwrap();
    let all = policy.set(&SessionId::new("TOKEN"), 1_000 + ttl_ms, 1_000, &Presented::default()).unwrap();
    assert_eq!(all.len(), 1);
    all.into_iter().next().unwrap()
}

fn named(name: &str) -> CookiePolicyBuilder {
    CookiePolicy::builder(name)
}

#[test]
fn the_default_is_the_safest() {
    let expected = "__Host-session=TOKEN; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=86400";
    assert_eq!(set(named("__Host-session"), DAY), expected);
}

#[test]
fn attributes_are_set_as_asked() {
    let policy = named("s").domain("shop.example").path("/app").same_site(SameSite::Strict);
    let expected = "s=TOKEN; HttpOnly; SameSite=Strict; Secure; Path=/app; Domain=shop.example; Max-Age=60";
    assert_eq!(set(policy, 60_000), expected);
    let policy = named("s").same_site(SameSite::None).partitioned(true);
    assert_eq!(
        set(policy, 60_000),
        "s=TOKEN; HttpOnly; SameSite=None; Partitioned; Secure; Path=/; Max-Age=60"
    );
    let policy = named("s").insecure_for_local_development(true).browser_session(true);
    assert_eq!(set(policy, 60_000), "s=TOKEN; HttpOnly; SameSite=Lax; Path=/");
}

#[test]
fn max_age_is_rounded_up_and_capped_at_400_days() {
    for (ttl_ms, seconds) in
        [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (400 * DAY, 34_560_000), (u64::MAX / 2, 34_560_000)]
    {
        assert!(set(named("s"), ttl_ms).ends_with(&format!("; Max-Age={seconds}")), "{ttl_ms}");
    }
    let policy = named("s").build().unwrap();
    let past = policy.set(&SessionId::new("TOKEN"), 1, u64::MAX, &Presented::default()).unwrap();
    assert!(past[0].ends_with("; Max-Age=1"));
}

#[test]
fn a_removal_has_the_same_attributes() {
    let policy = named("s").domain("shop.example").path("/app").same_site(SameSite::None).partitioned(true);
    let policy = policy.build().unwrap();
    let removal = policy.remove(&Presented::default());
    let expected = "s=; HttpOnly; SameSite=None; Partitioned; Secure; Path=/app; Domain=shop.example; Max-Age=0; Expires=";
    assert!(removal.len() == 1 && removal[0].starts_with(expected), "{removal:?}");
}

#[test]
fn contradictions_are_errors_when_built() {
    let host = "browsers drop a cookie named __Host-… that";
    let cases = [
        (named("__Host-s").domain("shop.example"), format!("{host} has a Domain")),
        (named("__host-s").domain("shop.example"), format!("{host} has a Domain")),
        (named("__Host-s").path("/app"), format!("{host} has a Path other than '/'")),
        (named("__Host-s").insecure_for_local_development(true), format!("{host} is not Secure")),
        (
            named("__Secure-s").insecure_for_local_development(true),
            "browsers drop a cookie named __Secure-… or __Http-… that is not Secure".to_owned(),
        ),
        (
            named("s").insecure_for_local_development(true).same_site(SameSite::None),
            "browsers drop a cookie with SameSite=None that is not Secure".to_owned(),
        ),
        (
            named("s").insecure_for_local_development(true).partitioned(true),
            "browsers drop a cookie with Partitioned that is not Secure".to_owned(),
        ),
        (named("s").path("app"), "a cookie's Path begins with '/'".to_owned()),
        (named("s").path("/a;b"), "\"/a;b\" cannot be a cookie's Path".to_owned()),
        (named("s").path("/\u{e9}"), "\"/é\" cannot be a cookie's Path".to_owned()),
        (
            named("s").path(format!("/{}", "a".repeat(1024))),
            "browsers ignore a cookie's Path of more than 1024".to_owned(),
        ),
        (named("s").domain(""), "\"\" is no host".to_owned()),
        (named("s").domain("a..b"), "\"a..b\" is no host".to_owned()),
        (named("s").domain("https://shop.example"), "\"https://shop.example\" is no host".to_owned()),
        (named("s").max_octets(4097), "a cookie of this name may have 139 to 4096 octets".to_owned()),
        (named("s").max_octets(138), "a cookie of this name may have 139 to 4096 octets".to_owned()),
        (
            named("s").chunked(true).max_octets(140),
            "a cookie of this name may have 141 to 4096 octets".to_owned(),
        ),
    ];
    for (policy, message) in cases {
        let error = policy.clone().build().expect_err(&format!("{policy:?}"));
        assert!(error.to_string().starts_with(&message), "{error}");
    }
    for legal in [named("__Secure-s").domain(".shop.example").path("/app"), named("s").max_octets(139)] {
        assert!(legal.build().is_ok());
    }
}

#[test]
fn a_name_has_legal_characters_only() {
    for name in [
        "",
        " ",
        "a b",
        "a=b",
        "a;b",
        "a,b",
        "a\"b",
        "a/b",
        "(a)",
        "a@b",
        "a\u{7f}",
        "sess\u{ef}on",
        "a\t",
        "{a}",
    ] {
        assert!(named(name).build().unwrap_err().to_string().contains("is no cookie name"), "{name:?}");
    }
    for name in ["a", "__Host-session", "sid.1", "!#$%&'*+-.^_`|~"] {
        assert!(named(name).build().is_ok(), "{name}");
    }
}

#[test]
fn a_token_too_long_for_its_cookie_is_an_error() {
    let token = |chars| SessionId::new("A".repeat(chars));
    let one = named("session").build().unwrap();
    assert_eq!(one.max_token_chars(), 4089);
    assert!(one.set(&token(4089), 1, 0, &Presented::default()).is_ok());
    let error = one.set(&token(4090), 1, 0, &Presented::default()).unwrap_err();
    assert_eq!((error.needed, error.allowed), (4090, 4089));
    let two = named("session").chunked(true).max_octets(1000).build().unwrap();
    assert_eq!(two.max_token_chars(), 2 * 991);
    assert_eq!(two.set(&token(993), 1, 0, &Presented::default()).unwrap().len(), 1);
    assert_eq!(two.set(&token(1982), 1, 0, &Presented::default()).unwrap().len(), 2);
    assert!(two.set(&token(1983), 1, 0, &Presented::default()).is_err());
}

#[test]
fn a_layer_whose_store_does_not_fit_its_cookie_is_not_built() {
    let store = |chars| {
        SealedStore::builder(KeyRing::new(vec![root(1)]).unwrap()).max_token_chars(chars).build().unwrap()
    };
    let build = |chars, set: fn(CookiePolicyBuilder) -> CookiePolicyBuilder| {
        SessionLayer::builder(store(chars)).cookie(set).build().map_err(|error| error.to_string())
    };
    assert!(build(4082, |cookie| cookie).is_ok());
    assert!(
        build(4083, |cookie| cookie).unwrap_err().ends_with("build the store with .max_token_chars(4082)")
    );
    assert!(build(4082, |cookie| cookie.max_octets(2000)).unwrap_err().ends_with(".max_token_chars(1986)"));
    assert!(build(8160, |cookie| cookie.chunked(true)).is_ok());
    assert!(build(8161, |cookie| cookie.chunked(true)).unwrap_err().ends_with(".max_token_chars(8160)"));
    assert!(build(4082, |cookie| cookie.chunked(true)).unwrap_err().contains("fit one cookie"));
}

#[test]
fn what_is_shown_of_a_policy_or_a_request_is_no_token() {
    let policy = named("s").build().unwrap();
    let presented = policy.presented([b"s=SECRET".as_slice()]);
    assert!(!format!("{presented:?}{policy:?}").contains("SECRET"));
}
