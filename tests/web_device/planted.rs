//! Cookies and headers that somebody else has added to a request: nobody acts as another by them, and nothing of the
//! user's is removed.

use crate::browser::{
    BOUND, Browser, NOBODY, ORDINARY, PENDING, PROOF, PROOF_TTL, Site, UNPROVEN, bound_to, is_told_of_end,
    json, names_set, unbound,
};
use crate::site::Reply;

/// One cookie twice: the first stands first in the request.
fn add(browser: &mut Browser, name: &str, [first, second]: [&str; 2]) {
    browser.jar.insert(name.to_owned(), format!("{first}; {name}={second}"));
}

/// Ann's browser, with both cookies of Mallory's device before her own, or behind them.
async fn planted(site: &Site, is_first: bool) -> Browser {
    let (mut ann, mallory) = (site.bound(1, "ann").await, site.bound(2, "mallory").await);
    for name in [BOUND, PROOF] {
        let (own, planted) = (ann.jar[name].clone(), mallory.jar[name].as_str());
        add(&mut ann, name, if is_first { [planted, &own] } else { [&own, planted] });
    }
    ann
}

/// Whether a request that only reads has no session, and leaves all cookies alone.
async fn is_nobody_and_left_alone(browser: &mut Browser) -> bool {
    let jar = browser.jar.clone();
    let reply = browser.get("/device").await;
    let user = &json(&reply)["user"];
    reply.status == 200 && user.is_null() && reply.sets_nothing() && browser.jar == jar
}

#[tokio::test]
async fn a_planted_pair_beside_the_users_is_nobodys_session() {
    let site = Site::new().await;
    for is_first in [true, false] {
        let mut ann = planted(&site, is_first).await;
        assert!(is_nobody_and_left_alone(&mut ann).await, "{is_first}");
        assert_eq!(ann.sees().await, UNPROVEN, "{is_first}");
    }
}

#[tokio::test]
async fn a_planted_proof_or_bound_cookie_alone_gives_nobody_the_planters_session() {
    let site = Site::new().await;
    for name in [BOUND, PROOF] {
        for is_first in [true, false] {
            let (mut ann, mallory) = (site.bound(1, "ann").await, site.bound(2, "mallory").await);
            let (own, planted) = (ann.jar[name].clone(), mallory.jar[name].as_str());
            add(&mut ann, name, if is_first { [planted, &own] } else { [&own, planted] });
            assert!(is_nobody_and_left_alone(&mut ann).await, "{name} {is_first}");
        }
    }
}

/// Her own proof is over: only the planted one opens, and the bound cookie that opens with it is not the only one.
#[tokio::test]
async fn a_planted_pair_does_not_take_over_while_the_users_proof_is_over() {
    let site = Site::new().await;
    for forgets in [true, false] {
        let mut ann = site.bound(1, "ann").await;
        site.clock.advance(PROOF_TTL);
        let mallory = site.bound(2, "mallory").await;
        let (bound, proof) = (ann.jar[BOUND].clone(), ann.jar[PROOF].clone());
        add(&mut ann, BOUND, [&mallory.jar[BOUND], &bound]);
        match forgets {
            true => drop(ann.jar.insert(PROOF.to_owned(), mallory.jar[PROOF].clone())),
            false => add(&mut ann, PROOF, [&mallory.jar[PROOF], &proof]),
        }
        assert!(is_nobody_and_left_alone(&mut ann).await);
    }
}

/// Proofs that disagree, and one that is over in between: nothing is known of any.
#[tokio::test]
async fn where_proofs_disagree_one_that_is_over_is_left_in_place_as_well() {
    let site = Site::new().await;
    let over = site.bound(3, "carl").await.jar[PROOF].clone();
    site.clock.advance(PROOF_TTL);
    for order in [[0, 1, 2], [0, 2, 1], [2, 0, 1]] {
        let (mut ann, mallory) = (site.registered(1, "ann").await, site.bound(2, "mallory").await);
        let proofs = [ann.jar[PROOF].clone(), mallory.jar[PROOF].clone(), over.clone()];
        let [first, second, third] = order.map(|at| proofs[at].clone());
        ann.jar.insert(PROOF.to_owned(), format!("{first}; {PROOF}={second}; {PROOF}={third}"));
        assert!(is_nobody_and_left_alone(&mut ann).await, "{order:?}");
    }
}

#[tokio::test]
async fn more_bound_cookies_than_anybody_looks_at_are_left_in_place_with_a_proof_that_is_over() {
    let site = Site::new().await;
    for name in [BOUND, PENDING] {
        let mut ann = site.bound(1, "ann").await;
        site.clock.advance(PROOF_TTL);
        let five = [ann.jar[BOUND].as_str(); 5].join(&format!("; {name}="));
        ann.jar.insert(name.to_owned(), five);
        assert!(is_nobody_and_left_alone(&mut ann).await, "{name}");
    }
}

#[tokio::test]
async fn where_proofs_disagree_an_ordinary_session_does_not_count_either() {
    let site = Site::new().await;
    let (mut ann, mut other) = (planted(&site, true).await, site.browser(3));
    other.log_in("bob").await;
    ann.jar.extend([other.cookie(ORDINARY)]);
    assert!(is_nobody_and_left_alone(&mut ann).await);
    assert_eq!(ann.sees().await, UNPROVEN);
}

#[tokio::test]
async fn proofs_without_a_bound_cookie_say_nothing() {
    let site = Site::new().await;
    let (mut ann, mallory) = (site.browser(3), site.bound(2, "mallory").await);
    ann.log_in("ann").await;
    add(&mut ann, PROOF, [&mallory.jar[PROOF], &site.bound(1, "eve").await.jar[PROOF]]);
    assert_eq!(ann.sees().await, unbound("ann"));
    assert_eq!(site.bound(2, "mallory").await.sees().await, bound_to("mallory"));
}

#[tokio::test]
async fn several_proofs_of_one_device_agree() {
    let site = Site::new().await;
    let mut ann = site.bound(1, "ann").await;
    let older = ann.jar[PROOF].clone();
    ann.refresh().await;
    let newer = ann.jar[PROOF].clone();
    assert_ne!(older, newer);
    for proofs in [[older.as_str(), &newer], [&newer, &older], [&newer, "garbage"], ["garbage", &newer]] {
        add(&mut ann, PROOF, proofs);
        assert_eq!(ann.sees().await, bound_to("ann"), "{proofs:?}");
    }
}

#[tokio::test]
async fn a_proof_that_is_over_disagrees_with_none() {
    let site = Site::new().await;
    let over = site.bound(2, "mallory").await.jar[PROOF].clone();
    site.clock.advance(PROOF_TTL);
    let mut ann = site.bound(1, "ann").await;
    let own = ann.jar[PROOF].clone();
    for proofs in [[over.as_str(), &own], [&own, &over]] {
        add(&mut ann, PROOF, proofs);
        assert_eq!(ann.sees().await, bound_to("ann"));
    }
}

/// Two uids: without revocations a cookie from before a cycle opens as well.
#[tokio::test]
async fn bound_sessions_of_one_device_that_disagree_are_nobodys_with_an_ordinary_one_too() {
    let site = Site::new().await;
    let mut ann = site.bound(1, "ann").await;
    let before = ann.jar[BOUND].clone();
    ann.post("/cycle").await;
    let after = ann.jar[BOUND].clone();
    add(&mut ann, BOUND, [&before, &after]);
    assert!(is_nobody_and_left_alone(&mut ann).await);
    let mut other = site.browser(3);
    other.log_in("bob").await;
    ann.jar.extend([other.cookie(ORDINARY)]);
    assert!(is_nobody_and_left_alone(&mut ann).await);
    assert_eq!(ann.sees().await, NOBODY);
}

#[tokio::test]
async fn a_login_and_a_logout_end_what_was_unclear() {
    let site = Site::new().await;
    let mut ann = planted(&site, true).await;
    assert!(is_told_of_end(&ann.post("/logout").await));
    let mut ann = planted(&site, true).await;
    let reply = ann.log_in("ann").await;
    assert!(is_told_of_end(&reply) && names_set(&reply) == [ORDINARY, BOUND, PENDING, PROOF], "{reply:?}");
    assert_eq!(ann.sees().await, unbound("ann"));
    assert_eq!(ann.register().await.status, 200);
    assert_eq!(ann.sees().await, bound_to("ann"));
}

#[tokio::test]
async fn a_refresh_is_by_identifier_and_key_whatever_cookies_come() {
    let site = Site::new().await;
    for is_first in [true, false] {
        let mut ann = planted(&site, is_first).await;
        let reply = ann.refresh().await;
        assert_eq!((reply.status, names_set(&reply)), (200, vec![PROOF]), "{is_first}");
    }
    let mut ann = site.bound(1, "ann").await;
    let bound = ann.jar[BOUND].clone();
    for bound in [[bound.as_str(); 5], ["ended"; 5]] {
        ann.jar.insert(BOUND.to_owned(), bound.join(&format!("; {BOUND}=")));
        let reply = ann.refresh().await;
        assert_eq!((reply.status, names_set(&reply)), (200, vec![PROOF]), "too many to be looked at");
    }
}

#[tokio::test]
async fn an_ordinary_session_beside_too_many_bound_cookies_does_not_count() {
    let site = Site::new().await;
    let (mut ann, mut other) = (site.bound(1, "ann").await, site.browser(3));
    other.log_in("bob").await;
    ann.jar.extend([other.cookie(ORDINARY)]);
    for name in [BOUND, PROOF] {
        let mut many = ann.clone();
        let value = many.jar[name].clone();
        many.jar.insert(name.to_owned(), [value.as_str(); 5].join(&format!("; {name}=")));
        assert!(is_nobody_and_left_alone(&mut many).await, "{name}");
    }
}

#[tokio::test]
async fn a_registration_with_cookies_of_several_sessions_binds_none() {
    let site = Site::new().await;
    let (mut ann, mut mallory) = (site.browser(1), site.browser(2));
    ann.log_in("ann").await;
    mallory.log_in("mallory").await;
    let (own, planted) = (ann.jar[ORDINARY].clone(), mallory.jar[ORDINARY].clone());
    for cookies in [[own.as_str(), &planted], [&planted, &own]] {
        for challenge in [ann.challenge.clone(), mallory.challenge.clone()] {
            let mut both = ann.clone();
            add(&mut both, ORDINARY, cookies);
            both.challenge = challenge;
            let reply = both.register().await;
            assert!(reply.status == 401 && reply.sets_nothing(), "{reply:?}");
        }
    }
    assert_eq!(ann.register().await.status, 200);
}

fn is_senseless(reply: &Reply) -> bool {
    reply.status == 400 && reply.sets_nothing() && reply.body.is_empty()
}

#[tokio::test]
async fn headers_of_the_protocol_that_come_twice_are_refused_and_end_nothing() {
    let site = Site::new().await;
    let mut ann = site.bound(1, "ann").await;
    let (identifier, proof) = (ann.identifier.clone(), ann.device().refresh(&ann.challenge));
    let id = ("Sec-Secure-Session-Id", identifier.as_str());
    let response = ("Secure-Session-Response", proof.as_str());
    let other = |(name, _): (&'static str, &str)| (name, "another");
    for headers in [
        vec![id, id],
        vec![id, other(id)],
        vec![other(id), id],
        vec![id, id, response],
        vec![id, response, response],
        vec![id, response, other(response)],
        vec![id, other(response), response],
    ] {
        let reply = ann.post_with("/dbsc/refresh", &headers).await;
        assert!(is_senseless(&reply), "{headers:?}: {reply:?}");
    }
    assert_eq!(ann.post_with("/dbsc/refresh", &[id, response]).await.status, 200);

    let mut ann = site.browser(1);
    ann.log_in("ann").await;
    let proof = ann.device().registration(&ann.challenge);
    let response = ("Secure-Session-Response", proof.as_str());
    for headers in [
        vec![response, response],
        vec![response, other(response)],
        vec![other(response), response],
        vec![response, id, id],
        vec![response, ("Sec-Secure-Session-Id", "é")],
    ] {
        assert!(is_senseless(&ann.post_with("/dbsc/register", &headers).await));
    }
    assert_eq!(ann.register().await.status, 200);
}

#[tokio::test]
async fn headers_that_are_no_text_are_refused_and_end_nothing() {
    let site = Site::new().await;
    let mut ann = site.bound(1, "ann").await;
    let identifier = ann.identifier.clone();
    let id = ("Sec-Secure-Session-Id", identifier.as_str());
    for headers in [vec![("Sec-Secure-Session-Id", "é")], vec![id, ("Secure-Session-Response", "é")]] {
        assert!(is_senseless(&ann.post_with("/dbsc/refresh", &headers).await), "{headers:?}");
    }
    assert!(is_senseless(&ann.post_with("/dbsc/register", &[("Secure-Session-Response", "é")]).await));
    assert_eq!(ann.refresh().await.status, 200);
}

/// What a neighbour seals in a session of his own, under the name of the proof's cookie or any other, proves nothing.
#[tokio::test]
async fn a_session_with_the_data_of_a_proof_is_no_proof() {
    use sealed_session::{CreateOptions, KeyRing, SealedStore};
    let site = Site::new().await;
    let mut ann = site.bound(1, "ann").await;
    let binding = sealed_session::dbsc::Binding::of(&ann.identifier);
    let data_json = format!(r#"{{"dbsc":"{}"}}"#, crate::common::encode(binding.as_bytes()));
    for name in [ORDINARY, BOUND, PROOF] {
        let ring = KeyRing::new(vec![crate::site::root(1)]).unwrap();
        let store = SealedStore::builder(ring).clock(site.clock.clone()).cookie_name(name).build().unwrap();
        let options = CreateOptions { data_json: data_json.clone(), ..CreateOptions::default() };
        ann.jar.insert(PROOF.to_owned(), store.create_with(options, b"").unwrap().0);
        assert_eq!(ann.sees().await, UNPROVEN, "{name}");
    }
}
