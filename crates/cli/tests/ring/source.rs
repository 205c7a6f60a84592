//! Where commands read a ring or a secret from, and which files they refuse.

use serde_json::json;

use crate::common::Folder;
use crate::common::ring_file::{ring, root};
use crate::{MAX_TTL_S, RING_READERS, fails_and_changes_nothing, states};

#[cfg(unix)]
#[test]
fn files_that_other_users_can_read_are_refused_with_the_cure() {
    let folder = Folder::with_ring();
    folder.keygen("secret");
    let cure = |file: &str| format!("run `chmod 600 {file}`");
    for mode in [0o604, 0o644, 0o602, 0o601, 0o666] {
        folder.set_mode("secret", mode);
        fails_and_changes_nothing(&folder, "ring add ring.json secret", 1, &cure("secret"));
        folder.set_mode("secret", 0o600);
        folder.set_mode("ring.json", mode);
        for line in RING_READERS {
            fails_and_changes_nothing(&folder, line, 1, &cure("ring.json"));
        }
        folder.set_mode("ring.json", 0o600);
    }
    folder.set_mode("secret", 0o440);
    folder.set_mode("ring.json", 0o640);
    folder.run("ring add ring.json secret").succeeds();
}

#[cfg(unix)]
#[test]
fn a_changed_ring_is_read_by_those_who_read_it_before() {
    let folder = Folder::with_ring();
    for mode in [0o600, 0o640, 0o660] {
        folder.set_mode("ring.json", mode);
        folder.run("ring rotate ring.json").succeeds();
        assert_eq!((folder.mode("ring.json"), folder.names()), (mode, vec!["ring.json".to_owned()]));
    }
}

#[test]
fn a_ring_that_is_none_is_refused_by_every_command() {
    let folder = Folder::new();
    folder.keygen("secret");
    for line in RING_READERS {
        folder.run(line).fails(1, "ring.json: cannot be read");
    }
    let secret = folder.keygen("other");
    let mut bad_period = root(&secret);
    bad_period["period_s"] = json!(-1);
    let cases = [
        (String::new(), "ring.json: line 1, the ring: a JSON object is expected"),
        ("{\n".to_owned(), "ring.json: line "),
        ("{\n\"format\":\"other\",\n\"keys\":[]}".to_owned(), "ring.json: line 2, field format: "),
        (ring(MAX_TTL_S, &[bad_period]), "field keys[0].period_s: "),
        (ring(0, &[]), "field max_ttl_s: "),
        (ring(MAX_TTL_S, &[root(&secret), root(&secret)]), "field keys[1].secret: the same secret"),
        (ring(MAX_TTL_S, &[root(&secret[..40])]), "field keys[0].secret: "),
        (format!("{{\"{secret}\":1}}"), "a secret stands where a field name is expected"),
        (" ".repeat((1 << 20) + 1), "ring.json: is larger than 1048576 bytes"),
    ];
    for (contents, words) in cases {
        folder.write("ring.json", contents);
        for line in RING_READERS {
            fails_and_changes_nothing(&folder, line, 1, words);
            assert!(!folder.run(line).stderr.contains(&secret[5..20]), "{words}");
        }
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_refused_without_waiting_for_it() {
    let folder = Folder::with_ring();
    let made = std::process::Command::new("mkfifo").args(["-m", "600"]).arg(folder.path("fifo")).status();
    assert!(made.unwrap().success());
    std::fs::create_dir(folder.path("empty")).unwrap();
    for file in ["fifo", "/dev/null", "/dev/zero"] {
        for line in RING_READERS {
            let ended = folder.run(&line.replace("ring.json", file));
            ended.fails(
                1,
                if line.ends_with("secret") { "secret: cannot be read" } else { "is not a regular file" },
            );
        }
        folder.run(&format!("ring add ring.json {file}")).fails(1, "is not a regular file");
    }
    for line in RING_READERS.iter().filter(|line| !line.ends_with("secret")) {
        folder.run(&line.replace("ring.json", "empty")).fails(1, "empty: is a folder without a ring.json");
    }
}

#[test]
fn a_folder_with_a_ring_json_is_a_ring() {
    let folder = Folder::with_ring();
    let token = folder.run("seal --ring . --name s --data {}").line();
    folder.run(&format!("open --ring . --name s {token}")).line();
    assert_eq!(folder.run("ring list .").succeeds(), folder.run("ring list ring.json").succeeds());
    folder.run("ring rotate .").succeeds();
    assert_eq!(states(&folder), ["sealing", "staged"]);
    assert_eq!(folder.names(), ["ring.json"]);
}

#[test]
fn one_secret_in_the_environment_does_without_a_ring() {
    let folder = Folder::with_ring();
    let secrets = [folder.keygen("a"), folder.keygen("b")];
    let seal =
        |value: &str| folder.cli("seal --secret-env SECRET --name s --data {}").env("SECRET", value).end();
    let token = seal(&secrets[0]).line();
    let open =
        |value: &str| folder.cli("open --secret-env SECRET --name s").arg(&token).env("SECRET", value).end();
    assert_eq!(open(&secrets[0]).json()["key_state"], "sealing");
    open(&secrets[1]).fails(3, "refused");
    let variable = "the environment variable SECRET";
    folder.run("seal --secret-env SECRET --name s --data {}").fails(1, &format!("{variable} is not set"));
    for value in [&secrets.join(" "), &secrets.join("\n"), "", "hunter2", &secrets[0][..20]] {
        let ended = seal(value);
        assert!(!ended.stderr.contains(&secrets[0][5..15]), "{}", ended.stderr);
        ended.fails(1, &format!("{variable}: "));
    }
    folder
        .run("seal --secret-env SECRET --ring ring.json --name s --data {}")
        .fails(2, "cannot be used with");
}

#[test]
fn a_secret_in_the_wrong_place_is_not_repeated() {
    let folder = Folder::with_ring();
    let secret = folder.run("keygen").line();
    let lines = [
        "seal --name s --data {} --secret-env SECRET",
        "seal --name s --data {} --ring SECRET",
        "ring add ring.json SECRET",
        "ring revoke ring.json SECRET",
        "ring list SECRET",
        "ring SECRET",
    ];
    for line in lines {
        let ended = folder.run(&line.replace("SECRET", &secret));
        assert!(
            !ended.stderr.contains(&secret) && ended.stderr.contains("[redacted]"),
            "{line}: {}",
            ended.stderr
        );
    }
}

#[test]
fn a_name_that_is_no_cookies_is_a_usage_error_everywhere() {
    let folder = Folder::with_ring();
    for line in ["ring list ring.json --name a;b", "seal --ring ring.json --name a;b --data {}"] {
        folder.run(line).fails(2, "no cookie name");
    }
}
