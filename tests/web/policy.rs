//! The cookie's attributes, and contradictions between them.

use sealed_session::SessionId;
use sealed_session::http::{
    CookiePolicy, CookiePolicyBuilder, CookieScope, Presented, SameSite, SessionLayer,
};
use sealed_session::{KeyRing, SealedStore};

use crate::site::{DAY, root};

type Settings = fn(CookiePolicyBuilder) -> CookiePolicyBuilder;

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
    let set = policy.set(&SessionId::new(""), 60_000, 0, &Presented::default()).unwrap();
    let without_age = |value: &str| value.split("; Max-Age=").next().unwrap().to_owned();
    assert_eq!(without_age(&removal[0]), without_age(&set[0]));
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
fn a_domain_that_no_browser_honours_is_an_error() {
    let long = |len| "a".repeat(len);
    let host = format!("{0}.{0}.{0}.{1}.a", long(63), long(60));
    assert_eq!(host.len(), 254);
    for (domain, says) in [
        ("-", "no host"),
        ("", "no host"),
        (".", "no host"),
        ("..shop.example", "no host"),
        ("shop.example.", "no host"),
        ("shop..example", "no host"),
        ("-shop.example", "no host"),
        ("shop-.example", "no host"),
        ("shop.-example", "no host"),
        ("shop.example-", "no host"),
        ("xn--.example", "no host"),
        ("my_shop.example", "no host"),
        ("shop.example:443", "no host"),
        ("https://shop.example", "no host"),
        ("shop.example/", "no host"),
        (" shop.example", "no host"),
        ("shop example", "no host"),
        ("*.shop.example", "no host"),
        ("sh\u{f6}p.example", "no host"),
        ("[::1]", "no host"),
        ("::1", "no host"),
        (&format!("{}.example", long(64)), "63 bytes"),
        (&host, "253"),
        ("com", "one label"),
        (".com", "one label"),
        ("localhost", "one label"),
        ("LOCALHOST", "one label"),
        ("intranet", "one label"),
        ("127.0.0.1", "IP address"),
        ("192.0.2.1", "IP address"),
        (".192.0.2.1", "IP address"),
        ("1", "IP address"),
        ("2130706433", "IP address"),
        ("0x7f000001", "IP address"),
        ("127.0.0.0X1", "IP address"),
        ("127.0.0.0x", "IP address"),
        ("shop.1", "IP address"),
    ] {
        let error = named("s").domain(domain).build().expect_err(domain).to_string();
        assert!(error.contains(says) && error.contains(&format!("{domain:?}")), "{domain}: {error}");
    }
}

#[test]
fn a_domain_is_written_as_browsers_keep_it() {
    let longest = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(61));
    assert_eq!(longest.len(), 253);
    for (domain, written) in [
        ("shop.example", "shop.example"),
        (".shop.example", "shop.example"),
        ("Shop.EXAMPLE", "shop.example"),
        ("xn--shp-fna.example", "xn--shp-fna.example"),
        ("a-b.c--d.example", "a-b.c--d.example"),
        ("1.2.3.example", "1.2.3.example"),
        ("4u.2x", "4u.2x"),
        ("0x7f.example", "0x7f.example"),
        ("shop.0xg", "shop.0xg"),
        ("shop.localhost", "shop.localhost"),
        (&longest, &longest),
    ] {
        let expected = format!("; Path=/; Domain={written}; Max-Age=60");
        assert!(set(named("s").domain(domain), 60_000).ends_with(&expected), "{domain}");
    }
}

#[test]
fn a_path_that_no_request_can_match_is_an_error() {
    for (path, says) in [
        ("", "begins with '/'"),
        ("app", "begins with '/'"),
        ("./app", "begins with '/'"),
        ("https://shop.example/app", "begins with '/'"),
        ("/app?page=1", "cannot be"),
        ("/app#top", "cannot be"),
        ("/app;v=1", "cannot be"),
        ("/app ", "cannot be"),
        (" /app", "cannot be"),
        ("/my app", "cannot be"),
        ("/a\tb", "cannot be"),
        ("/app\r\nX: y", "cannot be"),
        ("/a\0", "cannot be"),
        ("/a\u{7f}", "cannot be"),
        ("/\u{e9}", "cannot be"),
        ("/a\\b", "cannot be"),
        ("/a\"b", "cannot be"),
        ("/<a>", "cannot be"),
        ("/{app}", "cannot be"),
        ("/a`", "cannot be"),
        ("/a^b", "cannot be"),
        ("/.", "segment"),
        ("/..", "segment"),
        ("/a/./b", "segment"),
        ("/a/../b", "segment"),
        ("/a/..", "segment"),
        ("/%2e/a", "segment"),
        ("/a/%2E%2e", "segment"),
        ("/a/.%2E/b", "segment"),
        ("/a/%2e.", "segment"),
    ] {
        let error = named("s").path(path).build().expect_err(path).to_string();
        assert!(error.contains(says) && error.contains(&format!("{path:?}")), "{path}: {error}");
    }
    let longest = format!("/{}", "a".repeat(1023));
    for path in [
        "/",
        "//",
        "/app",
        "/app/",
        "/a.b/...",
        "/.well-known",
        "/%C3%A9",
        "/a%2Fb",
        "/~a/!$&'()*+,=:@|[]",
        &longest,
    ] {
        assert!(set(named("s").path(path), 60_000).contains(&format!("; Path={path}; ")), "{path}");
    }
}

#[test]
fn partitioned_takes_same_site_none() {
    for same_site in [SameSite::Lax, SameSite::Strict] {
        for name in ["s", "__Host-s"] {
            let error = named(name).partitioned(true).same_site(same_site).build().unwrap_err().to_string();
            assert!(error.starts_with("partitioned needs SameSite::None"), "{error}");
        }
    }
    let default = named("s").partitioned(true).build().unwrap_err().to_string();
    assert!(default.starts_with("partitioned needs SameSite::None"), "{default}");
    let legal = named("__Host-s").partitioned(true).same_site(SameSite::None);
    assert!(set(legal, 60_000).contains("; SameSite=None; Partitioned; Secure; "));
}

#[test]
fn the_promise_of_a_prefix_is_kept_in_any_case() {
    let breaks: [(&str, Settings); 3] = [
        ("has a Domain", |policy| policy.domain("shop.example")),
        ("has a Path other than '/'", |policy| policy.path("/app")),
        ("is not Secure", |policy| policy.insecure_for_local_development(true)),
    ];
    let host = ["__Host-", "__host-", "__HOST-", "__Host-Http-", "__hOST-hTTP-"];
    let others = ["__Secure-", "__secure-", "__SECURE-", "__Http-", "__http-", "__HTTP-"];
    for (prefixes, broken) in [(host.as_slice(), &breaks[..]), (&others, &breaks[2..])] {
        for prefix in prefixes {
            for (says, set) in broken {
                let error = set(named(&format!("{prefix}s"))).build().expect_err(prefix).to_string();
                assert!(
                    error.starts_with("browsers drop a cookie named __") && error.contains(says),
                    "{error}"
                );
            }
        }
    }
    for prefix in others {
        assert!(named(&format!("{prefix}s")).domain("shop.example").path("/app").build().is_ok(), "{prefix}");
    }
    for name in ["_Host-s", "Host-s", "s__Host-", "__Hosts", "__Secures"] {
        assert!(named(name).domain("shop.example").path("/app").build().is_ok(), "{name}");
    }
    for prefix in host.iter().chain(&others) {
        let policy = named(&format!("{prefix}s")).build().unwrap();
        let both = [
            policy.set(&SessionId::new("TOKEN"), 1_000, 0, &Presented::default()).unwrap(),
            policy.remove(&Presented::default()),
        ];
        for value in both.iter().flatten() {
            assert!(value.contains("; HttpOnly; ") && value.contains("; Secure; Path=/; "), "{value}");
        }
    }
}

#[test]
fn a_removal_does_not_depend_on_the_clock() {
    let removal = named("s").build().unwrap().remove(&Presented::default());
    assert!(removal[0].ends_with("; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"), "{removal:?}");
}

#[test]
fn policies_can_be_compared() {
    let policy = || named("s").domain("shop.example").build().unwrap();
    assert_eq!(policy(), policy());
    for other in [
        named("t").domain("shop.example"),
        named("s"),
        named("s").domain("shop.example").path("/app"),
        named("s").domain("shop.example").same_site(SameSite::Strict),
        named("s").domain("shop.example").browser_session(true),
        named("s").domain("shop.example").chunked(true),
        named("s").domain("shop.example").max_octets(1000),
        named("s").domain("shop.example").formerly(CookieScope::host_only()),
    ] {
        assert_ne!(policy(), other.build().unwrap());
    }
    assert_eq!(policy(), named("s").domain(".SHOP.example").build().unwrap(), "they are one to a browser");
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

/// Browsers on this machine drop such a cookie.
#[test]
fn a_cookie_of_another_host_is_no_use_for_local_development() {
    let local = |domain: &str| named("s").insecure_for_local_development(true).domain(domain).build();
    let error = local("shop.example").unwrap_err().to_string();
    assert!(error.contains("shop.example") && error.contains("insecure_for_local_development"), "{error}");
    assert!(local("shop.localhost").is_ok());
}
