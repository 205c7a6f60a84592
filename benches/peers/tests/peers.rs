//! What a peer must do before its speed means anything.

use sealed_session_peers::claims::{Claims, Opened, SIZES};
use sealed_session_peers::peers;

#[test]
fn the_data_has_the_sizes_that_it_says() {
    for size in SIZES {
        assert_eq!(Claims::new(size).data.get().len(), size);
    }
}

#[test]
fn every_peer_gives_back_what_it_was_given() {
    for peer in peers::all() {
        for size in SIZES {
            let claims = Claims::new(size);
            let token = peer.seal(&claims);
            let opened = peer.open(&token);
            let Opened { user, created_ms, expires_ms, data } =
                opened.unwrap_or_else(|| panic!("{} does not open its own {size}", peer.name()));
            assert_eq!((user, data.as_str()), (claims.user, claims.data.get()), "{}", peer.name());
            // Ours reads its own clock, and keeps milliseconds where the claims have full seconds.
            assert!(created_ms.abs_diff(claims.created_ms) < 10_000, "{}", peer.name());
            assert!(expires_ms.abs_diff(claims.expires_ms) < 10_000, "{}", peer.name());
        }
    }
}

/// Each of 32 characters about the middle becomes its neighbour. One alone proves little: it may break the JSON
/// inside, so that a peer would refuse it that authenticates nothing.
#[test]
fn every_peer_refuses_a_changed_character() {
    for peer in peers::all() {
        for size in SIZES {
            let token = peer.seal(&Claims::new(size));
            for place in token.len() / 2 - 16..token.len() / 2 + 16 {
                let neighbour = match token.as_bytes()[place] {
                    b'z' => 'a',
                    b'Z' => 'A',
                    b'9' => '0',
                    other if other.is_ascii_alphanumeric() => char::from(other + 1),
                    _ => 'A',
                };
                let changed = format!("{}{neighbour}{}", &token[..place], &token[place + 1..]);
                assert_eq!(peer.open(&changed), None, "{} at {size}, character {place}", peer.name());
            }
        }
    }
}

#[test]
fn every_peer_refuses_an_expired_session() {
    for peer in peers::all() {
        for size in SIZES {
            let claims = Claims::new(size);
            assert_eq!(peer.open(&peer.expired(&claims)), None, "{} at {size}", peer.name());
        }
    }
}

#[test]
fn two_tokens_of_one_session_differ_where_it_is_encrypted() {
    for peer in peers::all() {
        let claims = Claims::new(256);
        let same = peer.seal(&claims) == peer.seal(&claims);
        assert_eq!(same, !peer.encrypts(), "{}", peer.name());
    }
}
