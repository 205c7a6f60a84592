//! What else stands in the headers `Cookie`: nothing hides a session, and nothing passes for one.

use sealed_session::SealedStoreBuilder;
use serde_json::json;

use crate::refused::signed;
use crate::site::{NAME, Reply, Site};

const PROMISED: &str = "__Host-session";

fn promised(store: SealedStoreBuilder) -> SealedStoreBuilder {
    store.cookie_name(PROMISED)
}

async fn promised_site() -> Site {
    Site::of(promised, |middleware| middleware, false).await
}

/// The session of a user, `name=value` as it is sent.
fn logged_in(site: &Site, user: &str) -> String {
    site.raw("POST", &format!("/login/{user}"), &[]).cookie().to_owned()
}

fn read(site: &Site, cookies: &[&[u8]]) -> Reply {
    let reply = site.raw("GET", "/", cookies);
    assert!(
        reply.status == 200 && reply.sets_nothing(),
        "{reply:?} after {}",
        cookies.concat().escape_ascii()
    );
    reply
}

#[tokio::test(flavor = "multi_thread")]
async fn a_byte_that_is_not_utf_8_hides_nobodys_session() {
    let site = Site::new().await;
    let ours = logged_in(&site, "ferris");
    for byte in 0x80..=0xff {
        for other in [&[b'a', b'=', byte][..], &[byte, b'=', b'1'], &[byte], &[b'a', b'=', b'"', byte, b'"']]
        {
            read(&site, &[&[other, b"; ", ours.as_bytes()].concat()]).says(Some("ferris"), 0);
            read(&site, &[&[ours.as_bytes(), b"; ", other].concat()]).says(Some("ferris"), 0);
        }
    }
    for cookies in [[&b"a=\xe7"[..], ours.as_bytes()], [ours.as_bytes(), b"a=\xe7"]] {
        read(&site, &cookies).says(Some("ferris"), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_malformed_or_large_beside_it_hides_nobodys_session() {
    let site = Site::new().await;
    let ours = logged_in(&site, "ferris");
    let large = format!("a={}", "x".repeat(4_094));
    let others = [
        "a",
        "=",
        "=1",
        ";",
        ";;",
        " ; ;",
        "a=%E7",
        "%E7=1",
        "%=1",
        "a=%",
        "\"a\"=\"1",
        "a==",
        "\t",
        &large,
        "session",
        "session ;=1",
    ];
    for other in others {
        read(&site, &[format!("{other}; {ours}").as_bytes()]).says(Some("ferris"), 0);
        read(&site, &[format!("{ours};{other}").as_bytes()]).says(Some("ferris"), 0);
        read(&site, &[other.as_bytes(), ours.as_bytes()]).says(Some("ferris"), 0);
    }
    for spaced in [format!(" \t{ours}\t "), ours.replacen('=', "\t = ", 1), format!("a=1;{ours}")] {
        read(&site, &[spaced.as_bytes()]).says(Some("ferris"), 0);
    }
}

/// Every way to write the name that the framework decodes or trims into it.
fn disguises(name: &str) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for at in 0..name.len() {
        let (before, byte, after) = (&name[..at], name.as_bytes()[at], &name[at + 1..]);
        all.push(format!("{before}%{byte:02X}{after}"));
        all.push(format!("{before}%{byte:02x}{after}"));
    }
    all.push(name.bytes().map(|byte| format!("%{byte:02X}")).collect());
    for blank in
        ["\u{a0}", "\u{85}", "\u{1680}", "\u{2003}", "\u{2028}", "\u{202f}", "\u{3000}", "\u{b}", "\u{c}"]
    {
        all.extend([format!("{blank}{name}"), format!("{name}{blank}"), format!("{blank} {name}\t{blank}")]);
    }
    all.extend([
        name.to_uppercase(),
        name.to_lowercase(),
        format!("{name}+"),
        format!("\"{name}\""),
        format!("${name}"),
    ]);
    all.retain(|disguise| disguise != name);
    all.into_iter().map(String::into_bytes).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_of_a_name_that_only_looks_like_ours_is_not_ours() {
    let site = promised_site().await;
    let (ours, planted) = (logged_in(&site, "ferris"), logged_in(&site, "mallory"));
    let value = planted.split_once('=').unwrap().1;
    for disguise in disguises(PROMISED) {
        let planted = [&disguise, &b"="[..], value.as_bytes()].concat();
        for cookies in [vec![&planted[..]], vec![&planted, b"a=1"], vec![&[&planted, &b"; b=2"[..]].concat()]]
        {
            let reply = site.raw("GET", "/", &cookies);
            // What the server does not even take for a request is no session either.
            assert!(
                reply.status == 400 || reply.json()["user_id"].is_null(),
                "{}: {reply:?}",
                disguise.escape_ascii()
            );
        }
        for cookies in
            [[&planted, &b"; "[..], ours.as_bytes()].concat(), [ours.as_bytes(), b"; ", &planted].concat()]
        {
            let reply = site.raw("GET", "/", &[&cookies]);
            let user = reply.status == 400 || reply.json()["user_id"] == "ferris";
            assert!(user, "{}: {reply:?}", disguise.escape_ascii());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_sent_with_escapes_counts_as_it_is_sent() {
    let site = Site::of(|store| store.cookie_name("a|b"), |middleware| middleware, false).await;
    let ours = logged_in(&site, "ferris");
    assert!(ours.starts_with("a%7Cb="), "{ours}");
    read(&site, &[ours.as_bytes()]).says(Some("ferris"), 0);
    for other in ["a%7cb=", "a|b=", "%61%7Cb="] {
        read(&site, &[ours.replacen("a%7Cb=", other, 1).as_bytes()]).says(None, 0);
    }
    let gone = site.raw("POST", "/logout", &[ours.as_bytes()]);
    assert!(gone.cookie() == "a%7Cb=" && gone.max_age() == Some(0), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_of_one_session_counts_wherever_it_stands() {
    let site = Site::new().await;
    let old = site.raw("POST", "/count", &[]).cookie().to_owned();
    site.clock.advance(1_000);
    let new = site.raw("POST", "/count", &[old.as_bytes()]).cookie().to_owned();
    let garbage = format!("{NAME}=garbage");
    for cookies in [[&*old, &*new], [&*new, &*old], [&*garbage, &*new], [&*new, &*garbage]] {
        read(&site, &[cookies.join("; ").as_bytes()]).says(None, 2);
        read(&site, &[cookies[0].as_bytes(), cookies[1].as_bytes()]).says(None, 2);
    }
    let counted = site.raw("POST", "/count", &[format!("{old}; {new}").as_bytes()]);
    counted.says(None, 3);
    assert_eq!(site.open(counted.cookie()).uid(), site.open(&new).uid());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_different_sessions_none_counts_and_a_change_overwrites_neither() {
    let site = Site::new().await;
    let (one, other) = (logged_in(&site, "ferris"), logged_in(&site, "mallory"));
    for both in [format!("{one}; {other}"), format!("{other}; {one}"), [&*one; 5].join("; ")] {
        read(&site, &[both.as_bytes()]).says(None, 0);
        let changed = site.raw("POST", "/count", &[both.as_bytes()]);
        changed.says(None, 1);
        assert!(changed.sets_nothing(), "{changed:?}");
        let login = site.raw("POST", "/login/gorris", &[both.as_bytes()]);
        read(&site, &[login.cookie().as_bytes()]).says(Some("gorris"), 0);
        assert!(site.raw("POST", "/logout", &[both.as_bytes()]).removes());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_may_open_in_a_moment_is_not_lost_beside_garbage() {
    use sealed_session::{CreateOptions, SessionPlugin as _, hazmat::ManualClock};

    let site = Site::new().await;
    let ahead = ManualClock::at(crate::site::NOON + 61_000);
    let later = crate::site::builder(&ahead).build().unwrap().create(CreateOptions::default()).unwrap();
    for both in [
        format!("{NAME}=garbage; {}", signed(later.as_str())),
        format!("{}; {NAME}=garbage", signed(later.as_str())),
    ] {
        read(&site, &[both.as_bytes()]).says(None, 0);
        let changed = site.raw("POST", "/count", &[both.as_bytes()]);
        assert!(changed.status == 500 && changed.sets_nothing(), "{changed:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_that_the_browser_held_back_is_not_replaced_but_by_a_login() {
    use actix_web::cookie::SameSite::{self, Lax, None, Strict};
    use actix_web::http::Method;

    let page = ["cross-site", "navigate", "document"];
    let cases: [(SameSite, Method, [&str; 3], bool); 12] = [
        (Strict, Method::GET, page, true),
        (Strict, Method::POST, page, true),
        (Lax, Method::GET, page, false),
        (Lax, Method::POST, page, true),
        (Lax, Method::GET, ["cross-site", "navigate", "iframe"], true),
        (Lax, Method::GET, ["cross-site", "no-cors", "image"], true),
        (None, Method::POST, page, false),
        (Strict, Method::GET, ["same-site", "navigate", "document"], false),
        (Strict, Method::GET, ["same-origin", "navigate", "document"], false),
        (Strict, Method::GET, ["none", "navigate", "document"], false),
        (Lax, Method::POST, ["same-site", "navigate", "document"], false),
        (Lax, Method::POST, ["same-origin", "cors", "empty"], false),
    ];
    for (same_site, method, headers, held_back) in cases {
        let site = Site::with(move |middleware| middleware.cookie_same_site(same_site)).await;
        let counted = site.send_from(method.clone(), "/count", headers).await;
        counted.says(Option::None, 1);
        assert_eq!(counted.sets_nothing(), held_back, "{same_site} {method} {headers:?}");
        let login = site.send_from(Method::POST, "/login/ferris", headers).await;
        assert!(!login.sets_nothing(), "{login:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_cookies_stay_for_the_application() {
    let site = promised_site().await;
    let ours = logged_in(&site, "ferris");
    let sent = [ours.as_bytes(), b"; a=1; n=\xe7; b=%32; =3; nameless"].concat();
    let planted = format!("%5F_Host-session=x; c=\"4\"; \u{a0}{PROMISED}=y; session=other");
    let shown = site.raw("GET", "/cookies", &[&sent, planted.as_bytes(), b"\xff"]).json();
    let read: Vec<&str> =
        shown["read"].as_array().unwrap().iter().map(|cookie| cookie.as_str().unwrap()).collect();
    assert!(read[0].starts_with("__Host-session="), "{read:?}");
    assert_eq!(read[1..], ["a=1", "b=2", "c=4", "session=other"]);
    let as_sent = [&sent, planted.as_bytes(), b"\xff"].map(|value| value.escape_ascii().to_string());
    assert_eq!(shown["sent"], json!(as_sent));
    assert_eq!(site.raw("GET", "/cookies", &[b"a=1;b=2"]).json()["sent"], json!(["a=1;b=2"]));
}

/// The framework keeps what it has read for the first one who asks.
#[tokio::test(flavor = "multi_thread")]
async fn cookies_that_were_read_before_the_sessions_could_are_noticed() {
    use actix_web::middleware::from_fn;
    use actix_web::{App, HttpServer, web};

    let site = promised_site().await;
    let (ours, planted) = (logged_in(&site, "ferris"), logged_in(&site, "mallory"));
    let sessions = site.sessions.clone();
    let app = move || {
        App::new()
            .wrap(sessions.middleware().build())
            .wrap(from_fn(|request: actix_web::dev::ServiceRequest, next: actix_web::middleware::Next<_>| {
                let _ = request.cookies().map(|cookies| cookies.len());
                next.call(request)
            }))
            .route("/", web::get().to(crate::site::index))
    };
    let server = HttpServer::new(app).workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
    let outer = Site { url: format!("http://{}", server.addrs()[0]), ..site };
    tokio::spawn(server.run());
    read(&outer, &[ours.as_bytes()]).says(Some("ferris"), 0);
    read(&outer, &[b"a=1"]).says(None, 0);
    for disguised in [planted.replacen('_', "%5F", 1), format!("{ours}; {}", planted.replacen('_', "%5F", 1))]
    {
        let refused = outer.raw("GET", "/", &[disguised.as_bytes()]);
        assert!(refused.status == 500 && refused.sets_nothing(), "{refused:?}");
    }
}
