//! Tokens under given salts.

use super::file::{self, File, Vector};
use super::json::hex;
use super::scene::{DAY_S, RootLife, Scene, UID, root, salt, scene};

pub(crate) fn file() -> File {
    let mut vectors = vec![
        vector("the first known answer of SPEC.md", "KnownAnswer", &first_known(), first_salt()),
        vector("the second known answer of SPEC.md", "KnownAnswer", &second_known(), second_salt()),
    ];
    for (comment, flag, scene) in scenes() {
        let salt = salt(&comment);
        vectors.push(vector(&comment, flag, &scene, salt));
    }
    let header = [
        "Records, and the tokens that they become under a given salt (SPEC.md, sections 3 to 7 and 9).",
        "Seal: the fields encode to `record`, followed by `padding` zero bytes that are part of it, and the \
         record seals to `token`.",
    ];
    file::build("seal.json", &header, vectors)
}

/// SPEC.md, section 18.1.
pub(crate) fn first_known() -> Scene {
    scene().with(|scene| {
        scene.roots = vec![RootLife { secret: (0..32).collect(), ..root(0) }];
        scene.app = String::new();
        scene.user = None;
        scene.data = "{}".into();
    })
}

pub(crate) fn first_salt() -> [u8; 24] {
    std::array::from_fn(|at| 0xA0 + at as u8)
}

/// SPEC.md, section 18.2.
pub(crate) fn second_known() -> Scene {
    scene().with(|scene| {
        scene.roots = vec![RootLife { secret: vec![0x5A; 64], period_s: DAY_S, ..root(0) }];
        scene.epoch = 20_775;
        scene.name = "sid".into();
        scene.data = r#"{"cart":[{"sku":"A1","n":2}],"csrf":"é"}"#.into();
        scene.ad = b"tenant-7".to_vec();
        scene.padding = 13;
    })
}

pub(crate) fn second_salt() -> [u8; 24] {
    std::array::from_fn(|at| 0x64 + at as u8)
}

fn vector(comment: &str, flag: &'static str, scene: &Scene, salt: [u8; 24]) -> Vector {
    let sealing = &scene.roots[scene.sealing];
    let body = members! {
        "secret": hex(&sealing.secret),
        "app": &scene.app,
        "name": &scene.name,
        "period_s": sealing.period_s,
        "epoch": scene.epoch,
        "salt": hex(&salt),
        "ad": scene.member("ad"),
        "created_at_ms": scene.created,
        "renewed_at_ms": scene.renewed,
        "expires_at_ms": scene.expires,
        "uid": hex(&UID),
        "user": scene.user.as_ref(),
        "data": &scene.data,
        "padding": scene.padding,
        "record": hex(&scene.record()),
        "token": scene.token(&salt),
    };
    let (comment, flags) = (comment.into(), vec![flag]);
    Vector { kind: "Seal", group: vec![], comment, flags, valid: true, body }
}

fn scenes() -> Vec<(String, &'static str, Scene)> {
    let base = scene();
    let mut scenes: Vec<(String, &'static str, Scene)> = Vec::new();
    let mut add = |comment: &str, flag, change: &dyn Fn(&mut Scene)| {
        scenes.push((comment.to_owned(), flag, base.with(change)));
    };
    add("an anonymous session", "User", &|s| s.user = None);
    add("an empty user id, which is not an anonymous session", "User", &|s| s.user = Some(String::new()));
    add("a user id of one letter", "User", &|s| s.user = Some("u".into()));
    add("a user id of other scripts", "Unicode", &|s| s.user = Some("жé中😀".into()));
    add("a user id that holds a NUL", "Unicode", &|s| s.user = Some("a\0b".into()));
    add("a user id of 300 bytes, whose length takes two bytes", "User", &|s| s.user = Some("u".repeat(300)));
    add("no data at all: the smallest token", "Data", &|s| (s.user, s.data) = (None, String::new()));
    add("white space in the data stays", "Data", &|s| s.data = " {\n\t\"a\" : 1 }\r\n".into());
    add("a member twice in the data stays", "Data", &|s| s.data = r#"{"a":1,"a":2}"#.into());
    add("data of other scripts, not normalized", "Unicode", &|s| s.data = "{\"e\u{301}\":\"é𝄞\"}".into());
    add("data that begins with a byte order mark", "Unicode", &|s| s.data = "\u{feff}{}".into());
    add("data of 300 bytes, whose length takes two bytes", "Data", &|s| s.data = "x".repeat(300));
    add("the longest token", "Size", &|s| (s.user, s.data) = (None, "x".repeat(6_041)));
    for padding in [1, 2, 15, 16, 17, 64, 255, 1000] {
        add(&format!("{padding} bytes of padding"), "Padding", &|s| s.padding = padding);
    }
    add("associated data of one zero byte", "AssociatedData", &|s| s.ad = vec![0]);
    add("associated data that is no text", "AssociatedData", &|s| s.ad = vec![0xFF, 0xFE, 0, 0x80]);
    add("associated data of 16 bytes, a block of Poly1305", "AssociatedData", &|s| s.ad = vec![b'a'; 16]);
    add("associated data of 1000 bytes", "AssociatedData", &|s| s.ad = vec![b'a'; 1000]);
    add("times at zero", "Times", &|s| (s.created, s.renewed, s.expires) = (0, 0, 1));
    let last = u64::MAX;
    add("times at the end of time", "Times", &|s| {
        (s.created, s.renewed, s.expires) = (last - 1, last - 1, last);
    });
    add("times of every byte", "Times", &|s| {
        (s.created, s.renewed, s.expires) =
            (0x0102_0304_0506_0708, 0x1112_1314_1516_1718, 0xF1F2_F3F4_F5F6_F7F8);
    });
    add("an hourly key", "Epoch", &|s| (s.roots[0].period_s, s.epoch) = (3_600, 498_611));
    for len in 0..4 {
        let comment = format!("data of {} bytes, for every length of the last group of base64url", len + 2);
        add(&comment, "Base64TrailingBits", &|s| s.data = format!("{{{}}}", " ".repeat(len)));
    }
    scenes
}
