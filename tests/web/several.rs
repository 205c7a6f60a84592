//! Several cookies of the session's name: of other paths, of a parent domain, or planted by a neighbour.

use sealed_session::{CreateOptions, SessionId, SessionPlugin as _};

use crate::site::{DAY, MINUTE, NOON, Site};

struct Tokens {
    site: Site,
}

impl Tokens {
    async fn new() -> Self {
        Self { site: Site::new().await }
    }

    fn session(&self, number: u32) -> SessionId {
        let data_json = format!(r#"{{"a":{number}}}"#);
        self.site.store.create(CreateOptions { data_json, ..Default::default() }).unwrap()
    }

    /// What a handler reads, and what the response does.
    async fn answer(&self, tokens: &[&str]) -> (String, usize) {
        let header = tokens.iter().map(|token| format!("session={token}")).collect::<Vec<_>>().join("; ");
        let reply = self.site.get_with("/get/a", &[header.as_bytes()]).await;
        let of_two_headers = {
            let headers: Vec<_> =
                tokens.iter().map(|token| format!("session={token}").into_bytes()).collect();
            self.site.get_with("/get/a", &headers.iter().map(Vec::as_slice).collect::<Vec<_>>()).await
        };
        assert_eq!(reply.body, of_two_headers.body, "HTTP/2 may send each cookie in a header of its own");
        (reply.body.clone(), reply.set_cookies().len())
    }
}

#[tokio::test]
async fn the_newest_token_of_one_session_counts() {
    let tokens = Tokens::new().await;
    let old = tokens.session(1);
    tokens.site.clock.set(NOON + MINUTE);
    let new = tokens.site.store.touch(&tokens.site.store.update(&old, r#"{"a":2}"#).unwrap(), 0).unwrap();
    let expected = ("2".to_owned(), 0);
    assert_eq!(tokens.answer(&[&old.0, &new.0]).await, expected);
    assert_eq!(tokens.answer(&[&new.0, &old.0]).await, expected);
    assert_eq!(
        tokens.answer(&["garbage", &old.0, &new.0, "garbage"]).await,
        expected,
        "with others that do not open"
    );
}

#[tokio::test]
async fn of_tokens_renewed_at_one_time_the_first_counts() {
    let tokens = Tokens::new().await;
    let old = tokens.session(1);
    let new = tokens.site.store.update(&old, r#"{"a":2}"#).unwrap();
    assert_eq!(tokens.answer(&[&new.0, &old.0]).await.0, "2");
    assert_eq!(tokens.answer(&[&old.0, &new.0]).await.0, "1");
}

#[tokio::test]
async fn tokens_of_different_sessions_give_an_empty_one_and_stay() {
    let tokens = Tokens::new().await;
    let (one, other) = (tokens.session(1), tokens.session(2));
    assert_eq!(tokens.answer(&[&one.0, &other.0]).await, ("null".to_owned(), 0));
}

#[tokio::test]
async fn more_than_four_give_an_empty_session_and_stay() {
    let tokens = Tokens::new().await;
    let one = tokens.session(1);
    assert_eq!(tokens.answer(&[one.as_str(); 4]).await, ("1".to_owned(), 0));
    assert_eq!(tokens.answer(&[one.as_str(); 5]).await, ("null".to_owned(), 0));
    assert_eq!(tokens.answer(&["garbage"; 5]).await, ("null".to_owned(), 0));
}

/// The cookie of a neighbour's own session, made at this site.
async fn planted(site: &Site) -> String {
    site.client().post("/login/eve").await.pair().to_owned()
}

/// What a handler sees of a request's session.
async fn info(site: &Site, cookies: &str) -> serde_json::Value {
    serde_json::from_str(&site.get_with("/info", &[cookies.as_bytes()]).await.body).unwrap()
}

/// Without `__Host-`, and where the user has no cookie of their own.
#[tokio::test]
async fn a_planted_cookie_that_comes_alone_is_the_session() {
    let site = Site::new().await;
    let planted = planted(&site).await;
    let own = info(&site, &planted).await;
    assert_eq!(own["user"], "eve");
    let post = async |path: &str| {
        let request = site.client().request(path).header("cookie", &planted);
        crate::site::Reply::of(request.send().await.unwrap()).await
    };
    let stored = post("/set/card/4711").await.pair().to_owned();
    let typed = info(&site, &stored).await;
    assert_eq!((&typed["uid"], &typed["user"]), (&own["uid"], &own["user"]), "the neighbour's goes on");
    assert_eq!(typed["data"]["card"], "4711", "with what the user typed");
    let login = post("/login/ann").await.pair().to_owned();
    let begun = info(&site, &login).await;
    assert_eq!(begun["user"], "ann");
    assert_ne!(begun["uid"], own["uid"], "a login begins a session of its own");
    assert_eq!(begun["data"], serde_json::json!({}), "which has nothing of the neighbour's");
}

/// Also one that another server may open: what is refused counts for nothing beside a session.
#[tokio::test]
async fn a_planted_cookie_beside_an_own_one_that_is_refused_is_the_session() {
    let site = Site::new().await;
    let own = async |at_ms: u64| {
        site.clock.set(at_ms);
        site.client().post("/login/ann").await.pair().to_owned()
    };
    let (over, ahead) = (own(NOON).await, own(NOON + 3 * DAY).await);
    site.clock.set(NOON + 2 * DAY);
    let planted = planted(&site).await;
    assert_eq!(info(&site, &planted).await["user"], "eve");
    for refused in [over.as_str(), ahead.as_str(), "session=garbage"] {
        assert_eq!(info(&site, refused).await["user"], serde_json::Value::Null, "of its own it is none");
        for both in [format!("{refused}; {planted}"), format!("{planted}; {refused}")] {
            let reply = site.get_with("/info", &[both.as_bytes()]).await;
            assert!(reply.sets_nothing(), "{reply:?}");
            assert_eq!(info(&site, &both).await["user"], "eve", "{refused}");
            let request = site.client().request("/set/card/4711").header("cookie", &both);
            let stored = crate::site::Reply::of(request.send().await.unwrap()).await;
            assert_eq!(info(&site, stored.pair()).await["user"], "eve", "{refused}: with what is stored");
        }
    }
}

/// So a neighbour logs users out, and no more.
#[tokio::test]
async fn a_planted_cookie_beside_an_own_one_that_opens_is_nobodys_session() {
    let site = Site::new().await;
    let planted = planted(&site).await;
    let own = site.client().post("/login/ann").await.pair().to_owned();
    for both in [format!("{own}; {planted}"), format!("{planted}; {own}")] {
        assert_eq!(info(&site, &both).await["user"], serde_json::Value::Null);
        for path in ["/set/card/4711", "/login/bob"] {
            let request = site.client().request(path).header("cookie", &both);
            let reply = crate::site::Reply::of(request.send().await.unwrap()).await;
            assert_eq!(reply.sets_nothing(), path != "/login/bob", "only a login begins another: {reply:?}");
        }
        assert_eq!(info(&site, &own).await["user"], "ann", "and nothing is taken from the user's own");
    }
}

/// Any neighbour may set a cookie whose name begins with an em space: no browser takes it for a `__Host-` cookie.
#[tokio::test]
async fn other_white_space_than_blanks_belongs_to_the_name() {
    let tokens = Tokens::new().await;
    let one = tokens.session(1);
    let read = async |before: &str, after: &str| {
        let header = format!("theme=dark; {before}session{after}={}{after}", one.as_str());
        tokens.site.get_with("/get/a", &[header.as_bytes()]).await.body
    };
    for blank in ["", " ", "\t", " \t "] {
        assert_eq!(read(blank, blank).await, "1", "{blank:?}");
    }
    for white in ["\u{2003}", "\u{a0}", "\u{85}", "\u{3000}", "\u{2028}"] {
        assert_eq!(read(white, "").await, "null", "{white:?} before");
        assert_eq!(read("", white).await, "null", "{white:?} after");
    }
}

#[tokio::test]
async fn several_that_do_not_open_are_removed() {
    let tokens = Tokens::new().await;
    assert_eq!(tokens.answer(&["garbage", "rubbish"]).await, ("null".to_owned(), 1));
}

#[tokio::test]
async fn one_that_may_open_elsewhere_keeps_all() {
    let tokens = Tokens::new().await;
    tokens.site.clock.set(NOON + 10 * MINUTE);
    let ahead = tokens.session(1);
    tokens.site.clock.set(NOON);
    for both in [[ahead.as_str(), "garbage"], ["garbage", ahead.as_str()]] {
        assert_eq!(tokens.answer(&both).await, ("null".to_owned(), 0));
    }
}

#[tokio::test]
async fn logging_out_removes_the_cookie_also_when_it_is_unclear_whose_it_is() {
    let tokens = Tokens::new().await;
    let header = format!("session={}; session={}", tokens.session(1).0, tokens.session(2).0);
    let request = tokens.site.client().request("/logout").header("cookie", header);
    assert!(crate::site::Reply::of(request.send().await.unwrap()).await.removes("session"));
}
