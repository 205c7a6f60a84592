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
    let mut vectors = vec![
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
    ];
    vectors.extend(keeping());
    vectors
}

/// Another user, and members of the data that are kept all the same.
fn keeping() -> Vec<Vector> {
    const DATA: &str = " {\"a\" : 1 ,\t\"b\":[1, {\"a\":2}], \"\\u0061\":  1e999 ,\"\":\"\\u0065\", \"q\\\"\\\\\\/\\u001F\\u007f\\t\\u00e9\":4, \
                        \"\\ud800\":5}\n";
    let of = |comment: &str, before: Option<&str>, data: &str, keep: &[&'static str]| {
        done(comment, "OtherUser", "login", |c| {
            (c.scene.user, c.user) = (before.map(str::to_owned), Some("user-7".into()));
            (c.scene.data, c.keep) = (data.into(), keep.to_vec());
        })
    };
    let other = Some("user-42");
    vec![
        of("login: another user keeps a member, the last of its name", other, DATA, &["a"]),
        of("login: another user keeps members in the order of the call", other, DATA, &["b", "a", ""]),
        of("login: another user keeps a member named twice once", other, DATA, &["b", "b"]),
        of("login: another user keeps no member that is not there", other, DATA, &["c", "A", "b"]),
        of(
            "login: another user keeps a member whose name has escapes",
            other,
            DATA,
            &["q\"\\/\u{1f}\u{7f}\t\u{e9}"],
        ),
        of("login: the same user keeps all, whatever is named", Some("user-7"), DATA, &["a"]),
        of("login: of an anonymous session all is kept, whatever is named", None, DATA, &["a"]),
        of("login: data that is not an object has no members to keep", other, r#"[{"a":1}]"#, &["a", "0"]),
    ]
}
