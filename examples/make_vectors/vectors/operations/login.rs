//! Logins, and what becomes of the data.

use super::super::file::Vector;
use super::super::open_valid::nested;
use super::done::done;

/// Data of one user never becomes another's.
pub(super) fn vectors() -> Vec<Vector> {
    let of = |comment: &str, before: &str, user: &str| {
        done(comment, "OtherUser", "login", |c| {
            (c.scene.user, c.user) = (Some(before.into()), Some(user.into()));
        })
    };
    vec![
        of("login: the same user again keeps the data", "user-42", "user-42"),
        of("login: another user begins with {}", "user-42", "user-7"),
        of("login: a user id that another one begins with is another user", "user-42", "user-4"),
        of("login: a user id in capitals is another user", "user-42", "USER-42"),
        of("login: a user id that is normalized otherwise is another user", "e\u{301}", "\u{e9}"),
        of("login: the empty user id again keeps the data", "", ""),
        of("login: from the empty user id to another user", "", "user-7"),
        of("login: from a user to the empty user id, which is another", "user-42", ""),
        done(
            "login: another user, and the data left behind was nested too deep",
            "OtherUser",
            "login",
            |c| {
                (c.scene.user, c.scene.data) = (Some("user-42".into()), nested(65));
            },
        ),
    ]
}
