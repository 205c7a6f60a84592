//! A cookie whose Domain, Path or Partitioned has changed: browsers take it for another, and keep the former.

use axum::Router;
use reqwest::header::COOKIE;
use sealed_session::SessionId;
use sealed_session::http::{CookiePolicy, CookiePolicyBuilder, CookieScope, Presented, SameSite};

use crate::site::{DAY, Reply, Site, routes};

type Settings = fn(CookiePolicyBuilder) -> CookiePolicyBuilder;

/// What one deployment set, and what the next does, which knows what was before.
struct Change {
    before: Settings,
    now: Settings,
}

fn embedded(cookie: CookiePolicyBuilder) -> CookiePolicyBuilder {
    cookie.same_site(SameSite::None).partitioned(true)
}

const CHANGES: [Change; 9] = [
    Change {
        before: |cookie| cookie,
        now: |cookie| cookie.domain("shop.example").formerly(CookieScope::host_only()),
    },
    Change {
        before: |cookie| cookie.domain("shop.example"),
        now: |cookie| cookie.formerly(CookieScope::domain("shop.example")),
    },
    Change { before: |cookie| cookie, now: |cookie| cookie.path("/app").formerly(CookieScope::host_only()) },
    Change {
        before: |cookie| cookie.path("/app"),
        now: |cookie| cookie.formerly(CookieScope::host_only().path("/app")),
    },
    Change {
        before: |cookie| cookie.path("/app"),
        now: |cookie| cookie.path("/app/").formerly(CookieScope::host_only().path("/app")),
    },
    Change { before: |cookie| cookie, now: |cookie| embedded(cookie).formerly(CookieScope::host_only()) },
    Change {
        before: embedded,
        now: |cookie| cookie.same_site(SameSite::None).formerly(CookieScope::host_only().partitioned(true)),
    },
    Change {
        before: |cookie| embedded(cookie).domain("shop.example").path("/app"),
        now: |cookie| cookie.formerly(CookieScope::domain(".Shop.Example").path("/app").partitioned(true)),
    },
    Change {
        before: |cookie| cookie,
        now: |cookie| {
            let between = CookieScope::domain("shop.example").path("/app");
            cookie.domain("shop.example").formerly(between).formerly(CookieScope::host_only())
        },
    },
];

/// The cookies that a browser keeps of `shop.example`.
#[derive(Debug)]
struct Jar {
    /// Whether a cookie with a Domain is another than one without, as in RFC 6265bis, unlike RFC 6265.
    tells_host_only: bool,
    cookies: Vec<Kept>,
}

#[derive(Debug)]
struct Kept {
    pair: String,
    key: Key,
}

#[derive(Debug, PartialEq)]
struct Key {
    name: String,
    has_domain: bool,
    path: String,
    partitioned: bool,
}

impl Jar {
    fn of_each_kind() -> [Self; 2] {
        [true, false].map(|tells_host_only| Self { tells_host_only, cookies: Vec::new() })
    }

    fn take(&mut self, set: &str) {
        let (pair, attributes) = set.split_once("; ").unwrap();
        let attribute = |name: &str| {
            attributes
                .split("; ")
                .map(|attribute| attribute.split_once('=').unwrap_or((attribute, "")))
                .find_map(|(its_name, value)| (its_name == name).then_some(value))
        };
        assert!(attribute("Domain").is_none_or(|domain| domain == "shop.example"), "{set}");
        let key = Key {
            name: pair.split_once('=').unwrap().0.to_owned(),
            has_domain: self.tells_host_only && attribute("Domain").is_some(),
            path: attribute("Path").unwrap().to_owned(),
            partitioned: attribute("Partitioned").is_some(),
        };
        self.cookies.retain(|kept| kept.key != key);
        if attribute("Max-Age") != Some("0") {
            self.cookies.push(Kept { pair: pair.to_owned(), key });
        }
    }

    fn header(&self, path: &str) -> String {
        let matches = |of_cookie: &str| {
            let rest = path.strip_prefix(of_cookie);
            rest.is_some_and(|rest| of_cookie.ends_with('/') || rest.is_empty() || rest.starts_with('/'))
        };
        let sent = self.cookies.iter().filter(|kept| matches(&kept.key.path));
        sent.map(|kept| kept.pair.as_str()).collect::<Vec<_>>().join("; ")
    }

    async fn post(&mut self, site: &Site, path: &str) -> Reply {
        let request = reqwest::Client::new().post(format!("{}{path}", site.url));
        self.reply_to(request, path).await
    }

    /// The user of the session that `/app/info` has, and whether the answer set nothing.
    async fn user(&mut self, site: &Site) -> (Option<String>, bool) {
        let reply =
            self.reply_to(reqwest::Client::new().get(format!("{}/app/info", site.url)), "/app/info").await;
        let info: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
        (info["user"].as_str().map(str::to_owned), reply.sets_nothing())
    }

    async fn reply_to(&mut self, request: reqwest::RequestBuilder, path: &str) -> Reply {
        let cookies = self.header(path);
        let request = if cookies.is_empty() { request } else { request.header(COOKIE, cookies) };
        let reply = Reply::of(request.send().await.unwrap()).await;
        reply.set_cookies().into_iter().for_each(|set| self.take(set));
        reply
    }
}

async fn deployed(settings: Settings) -> Site {
    Site::of(
        |store| store.cookie_name("sid"),
        |layer| layer.cookie(settings),
        Router::new().nest("/app", routes()),
    )
    .await
}

fn some(user: &str) -> Option<String> {
    Some(user.to_owned())
}

#[tokio::test]
async fn a_logout_after_a_change_of_scope_leaves_no_cookie() {
    for Change { before, now } in CHANGES {
        for mut jar in Jar::of_each_kind() {
            jar.post(&deployed(before).await, "/app/login/ann").await;
            let site = deployed(now).await;
            assert_eq!(jar.user(&site).await, (some("ann"), true), "who was logged in stays so");
            jar.post(&site, "/app/logout").await;
            assert_eq!(jar.cookies.len(), 0, "{jar:?}");
            assert_eq!(jar.user(&site).await.0, None);
        }
    }
}

#[tokio::test]
async fn a_login_after_a_change_of_scope_leaves_one_cookie() {
    for Change { before, now } in CHANGES {
        for mut jar in Jar::of_each_kind() {
            jar.post(&deployed(before).await, "/app/login/ann").await;
            let site = deployed(now).await;
            jar.post(&site, "/app/login/bob").await;
            assert_eq!(jar.cookies.len(), 1, "{jar:?}");
            assert_eq!(jar.user(&site).await, (some("bob"), true));
            jar.post(&site, "/app/logout").await;
            assert_eq!(jar.cookies.len(), 0, "{jar:?}");
        }
    }
}

#[tokio::test]
async fn a_change_or_an_extension_moves_the_session_to_the_new_scope() {
    for Change { before, now } in CHANGES {
        for mut jar in Jar::of_each_kind() {
            jar.post(&deployed(before).await, "/app/login/ann").await;
            let site = deployed(now).await;
            site.clock.advance(DAY / 2);
            assert_eq!(jar.user(&site).await, (some("ann"), false), "it is due");
            assert_eq!(jar.cookies.len(), 1, "{jar:?}");
            jar.post(&site, "/app/set/a/1").await;
            assert_eq!(jar.cookies.len(), 1, "{jar:?}");
            assert_eq!(jar.user(&site).await, (some("ann"), true));
        }
    }
}

#[tokio::test]
async fn a_session_that_is_refused_is_removed_from_the_former_scope_too() {
    for Change { before, now } in CHANGES {
        for mut jar in Jar::of_each_kind() {
            jar.post(&deployed(before).await, "/app/login/ann").await;
            let site = deployed(now).await;
            site.clock.advance(DAY);
            assert_eq!(jar.user(&site).await, (None, false), "it has expired");
            assert_eq!(jar.cookies.len(), 0, "{jar:?}");
        }
    }
}

/// As after a deployment that did not say what was before.
#[tokio::test]
async fn a_browser_with_cookies_of_both_scopes_can_log_out_and_in() {
    for Change { before, now } in CHANGES {
        for end in ["/app/logout", "/app/login/carl"] {
            let mut jar = Jar { tells_host_only: true, cookies: Vec::new() };
            let site = deployed(now).await;
            let mut other = Jar { tells_host_only: true, cookies: Vec::new() };
            jar.post(&deployed(before).await, "/app/login/ann").await;
            other.post(&site, "/app/login/bob").await;
            jar.cookies.append(&mut other.cookies);
            assert_eq!(jar.user(&site).await, (None, true), "nobody can tell which is meant");
            jar.post(&site, end).await;
            let user = end.strip_prefix("/app/login/");
            assert_eq!(jar.cookies.len(), usize::from(user.is_some()), "{jar:?}");
            assert_eq!(jar.user(&site).await.0.as_deref(), user);
        }
    }
}

#[tokio::test]
async fn nothing_is_removed_where_nothing_is_set() {
    let site = deployed(CHANGES[0].now).await;
    let [mut jar, _] = Jar::of_each_kind();
    assert_eq!(jar.user(&site).await, (None, true));
    jar.post(&deployed(CHANGES[0].before).await, "/app/login/ann").await;
    assert!(jar.post(&site, "/app/set/a/1/500").await.sets_nothing());
}

fn named(name: &str) -> CookiePolicyBuilder {
    CookiePolicy::builder(name)
}

const GONE: &str = "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";

fn all(policy: CookiePolicyBuilder, token: &str, header: &str) -> [Vec<String>; 2] {
    let policy = policy.build().unwrap();
    let presented = policy.presented([header.as_bytes()]);
    [policy.set(&SessionId::new(token), 60_000, 0, &presented).unwrap(), policy.remove(&presented)]
}

#[test]
fn what_was_before_is_removed_before_the_value_is_set() {
    let policy = named("s").domain("shop.example").same_site(SameSite::None);
    let policy = policy.formerly(CookieScope::host_only().path("/app").partitioned(true));
    let attributes = "HttpOnly; SameSite=None; Secure; Path=/; Domain=shop.example";
    let former = format!("s=; HttpOnly; SameSite=None; Partitioned; Secure; Path=/app{GONE}");
    let [set, removed] = all(policy.formerly(CookieScope::host_only()), "TOKEN", "");
    let host_only = format!("s=; HttpOnly; SameSite=None; Secure; Path=/{GONE}");
    assert_eq!(set, [former.clone(), host_only.clone(), format!("s=TOKEN; {attributes}; Max-Age=60")]);
    assert_eq!(removed, [former, host_only, format!("s=; {attributes}{GONE}")]);
}

/// A browser takes both or neither: what another site asks for cannot end a session by half.
#[test]
fn a_removal_of_what_was_before_has_the_same_site_and_secure_of_today() {
    for (same_site, text) in [(SameSite::Strict, "Strict"), (SameSite::Lax, "Lax"), (SameSite::None, "None")]
    {
        let policy = named("s").same_site(same_site).formerly(CookieScope::domain("shop.example"));
        for values in all(policy, "TOKEN", "") {
            let start = format!("; HttpOnly; SameSite={text}; Secure; Path=/");
            assert!(values.len() == 2 && values.iter().all(|value| value.contains(&start)), "{values:?}");
        }
    }
    let policy = named("s").insecure_for_local_development(true).browser_session(true);
    let [set, _] = all(policy.formerly(CookieScope::host_only().path("/app")), "TOKEN", "");
    let former = format!("s=; HttpOnly; SameSite=Lax; Path=/app{GONE}");
    assert_eq!(set, [former.as_str(), "s=TOKEN; HttpOnly; SameSite=Lax; Path=/"]);
}

fn names(values: &[String]) -> Vec<&str> {
    values.iter().map(|value| value.split_once("; ").unwrap().0).collect()
}

#[test]
fn both_halves_are_removed_where_tokens_are_or_were_cut_in_two() {
    let path = || CookieScope::host_only().path("/app");
    let one = |policy: CookiePolicyBuilder| policy.max_octets(200);
    let long = "A".repeat(250);
    let (first, second) = long.split_at(197);
    let halves = [format!("s=2.{first}"), format!("s.1={second}")];

    let [set, removed] = all(one(named("s").chunked(true).formerly(path())), &long, "");
    assert_eq!(names(&set), ["s=", "s.1=", &halves[0], &halves[1]]);
    assert!(set[..2].iter().all(|value| value.contains("; Path=/app; ")), "{set:?}");
    assert_eq!(names(&removed), ["s=", "s.1=", "s="]);

    let [set, removed] = all(one(named("s").chunked(true).formerly(path())), "T", "s=2.A; s.1=B");
    assert_eq!(names(&set), ["s=", "s.1=", "s=T", "s.1="]);
    assert_eq!(names(&removed), ["s=", "s.1=", "s=", "s.1="]);

    let [set, removed] = all(named("s").formerly(path().chunked(true)), "T", "s=2.A; s.1=B");
    assert_eq!(names(&set), ["s=", "s.1=", "s=T"]);
    assert_eq!(names(&removed), ["s=", "s.1=", "s="]);

    let [set, removed] = all(named("s").formerly(CookieScope::host_only().chunked(true)), "T", "");
    assert_eq!(names(&set), ["s.1=", "s=T"], "of the scope of today the first is in use");
    assert_eq!(names(&removed), ["s.1=", "s="]);
}

#[test]
fn a_former_scope_that_cannot_be_is_an_error_that_says_why() {
    let host = CookieScope::host_only;
    let domain = || CookieScope::domain("shop.example");
    let today = "is the one of today";
    let twice = "is given twice";
    let prefix = "no browser has a cookie named __Host-…";
    for (policy, says) in [
        (named("s").formerly(host()), today),
        (named("s").formerly(host().path("/")), today),
        (named("s").chunked(true).formerly(host().chunked(true)), today),
        (named("s").chunked(true).formerly(host()), today),
        (named("s").domain("Shop.example").formerly(CookieScope::domain(".shop.EXAMPLE")), today),
        (named("s").formerly(domain()).domain("shop.example"), today),
        (named("s").same_site(SameSite::None).partitioned(true).formerly(host().partitioned(true)), today),
        (named("s").formerly(domain()).formerly(domain()), twice),
        (named("s").formerly(domain()).formerly(CookieScope::domain(".SHOP.example")), twice),
        (named("s").formerly(domain()).formerly(domain().chunked(true)), twice),
        (named("s").formerly(host().chunked(true)).formerly(host().chunked(true)), twice),
        (named("__Host-s").formerly(domain()), prefix),
        (named("__host-http-s").formerly(host().path("/app")), prefix),
        (named("s").formerly(CookieScope::domain("com")), "one label"),
        (named("s").formerly(CookieScope::domain("-")), "no host"),
        (named("s").formerly(CookieScope::domain("192.0.2.1")), "IP address"),
        (named("s").formerly(host().path("app")), "begins with '/'"),
        (named("s").formerly(host().path("/a;b")), "cannot be"),
        (
            named("s").insecure_for_local_development(true).formerly(host().partitioned(true)),
            "Partitioned that is not Secure",
        ),
    ] {
        let error = policy.clone().build().expect_err(&format!("{policy:?}")).to_string();
        assert!(error.contains(says), "{says}: {error}");
    }
    for legal in [
        named("__Host-s").formerly(host().partitioned(true)),
        named("__Host-s").formerly(host().chunked(true)),
        named("__Secure-s")
            .formerly(domain())
            .formerly(domain().path("/app"))
            .formerly(domain().path("/app/")),
        named("s").domain("shop.example").formerly(CookieScope::domain("www.shop.example")),
    ] {
        assert!(legal.build().is_ok());
    }
}

#[test]
fn a_request_has_no_say_in_what_is_removed_of_former_scopes() {
    let policy = || named("s").domain("shop.example").formerly(CookieScope::host_only());
    let expected = all(policy(), "TOKEN", "");
    for header in ["s=A", "s=A; s=B", "s=A; s.1=B", "other=1"] {
        assert_eq!(all(policy(), "TOKEN", header), expected, "{header}");
    }
    let none = policy().build().unwrap().remove(&Presented::default());
    assert_eq!(none, expected[1]);
}
