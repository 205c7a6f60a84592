//! Several cookies of the session's name: of other paths, of a parent domain, or planted by a neighbour.

use sealed_session::{CreateOptions, SessionId, SessionPlugin as _};

use crate::site::{MINUTE, NOON, Site};

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
