//! What `open` and `inspect` print, and what they refuse.

use serde_json::json;

use crate::common::ring_file::{ring, root};
use crate::common::{Folder, NOW};
use crate::{MAX_TTL_S, REFUSED, SECRET, check};

/// The known answers of SPEC.md, section 18: tokens that an independent implementation made.
const TOKEN: &str = "AU4vXW5N8UXka_GeO8EI9KSgoaKjpKWmp6ipqqusra6vsLGys7S1trfuYp1876R00llkRRSFRccR\
                     Xul2ZOKlxsgZY83WOnCIcn_0_dCil-3EIoutTu44mzxbljkMJjkwXiJIRyufTnR4";
const DAILY_SECRET: &str = "ssr1_WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlp\
                            aWlpaWlpaWlpaWtmAa1o";
const DAILY_TOKEN: &str = "AV2aJ__ohFckUg2RYU_lH7VkZWZnaGlqa2xtbm9wcXJzdHV2d3h5entE1WEs99EHv39xIK6TzY5C\
                           wdU7AadjJJ-qrsxHAqooTy_JqWHI2565OnpXHqOoNGwe0qAmM-g6drmOLd7OuYm3YWZDNFPhizWj\
                           u-vW6WHcDjpudQ5ow3UELfaOQTP4xyHEE9xo_--NZ_9S7WgHphgEJok5w_9l5q4i0x8";

#[test]
fn a_token_of_another_implementation_opens_into_exactly_these_fields() {
    let folder = Folder::new();
    folder.write("ring.json", ring(MAX_TTL_S, &[root(SECRET)]));
    let opened = folder.run(&format!("open --ring ring.json --name __Host-session --now {NOW} {TOKEN}"));
    let expected = r#"{"uid":"000102030405060708090a0b0c0d0e0f","user_id":null,"data_json":"{}","#.to_owned()
        + r#""created_at_ms":1795000000000,"renewed_at_ms":1795000060000,"expires_at_ms":1795003660000,"#
        + r#""key_id":"4e2f5d6e4df145e46bf19e3bc108f4a4","key_state":"sealing"}"#;
    assert_eq!(opened.line(), expected);
}

#[test]
fn a_token_with_user_app_associated_data_padding_and_epoch_opens_too() {
    let folder = Folder::new();
    let mut daily = root(DAILY_SECRET);
    daily["period_s"] = json!(86_400);
    folder.write("ring.json", ring(MAX_TTL_S, &[daily]));
    let flags = format!("--app shop.example --ad tenant-7 --now {}", NOW + 60_000);
    let opened = folder.run(&format!("open --ring ring.json --name sid {flags} {DAILY_TOKEN}"));
    let expected = r#"{"uid":"000102030405060708090a0b0c0d0e0f","user_id":"user-42","#.to_owned()
        + r#""data_json":"{\"cart\":[{\"sku\":\"A1\",\"n\":2}],\"csrf\":\"é\"}","#
        + r#""created_at_ms":1795000000000,"renewed_at_ms":1795000060000,"expires_at_ms":1795003660000,"#
        + r#""key_id":"5d9a27ffe8845724520d91614fe51fb5","key_state":"sealing"}"#;
    assert_eq!(opened.line(), expected);
}

#[test]
fn inspect_shows_the_visible_parts_without_a_key() {
    let expected = r#"{"version":1,"key_id":"4e2f5d6e4df145e46bf19e3bc108f4a4","#.to_owned()
        + r#""salt":"a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7","#
        + r#""tag":"5b96390c2639305e2248472b9f4e7478","token_chars":140,"record_bytes":48}"#;
    let folder = Folder::new();
    assert_eq!(folder.run(&format!("inspect {TOKEN}")).line(), expected);
    assert_eq!(folder.run(&format!("inspect -- {TOKEN}")).line(), expected);
}

#[test]
fn a_token_of_another_name_app_associated_data_or_ring_is_refused_alike() {
    let folder = Folder::with_ring();
    folder.run("ring init other.json").succeeds();
    let token = folder.run("seal --ring ring.json --name s --app a --ad x --data {}").line();
    let open = |flags: &str| folder.cli(&format!("open {flags}")).arg(&token).end();
    open("--ring ring.json --name s --app a --ad x").line();
    for flags in [
        "--ring ring.json --name S --app a --ad x",
        "--ring ring.json --name s --app b --ad x",
        "--ring ring.json --name s --ad x",
        "--ring ring.json --name s --app a --ad y",
        "--ring ring.json --name s --app a",
        "--ring ring.json --name sa --ad x",
        "--ring other.json --name s --app a --ad x",
    ] {
        let ended = open(flags);
        assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (3, "", REFUSED), "{flags}");
    }
}

#[test]
fn app_and_associated_data_may_begin_with_a_hyphen_or_be_empty() {
    let folder = Folder::with_ring();
    let token = folder.seal("--app -a --ad --x");
    folder.open(&token, "--app=-a --ad=--x").line();
    assert_eq!(check(&folder, &token, "--app -a"), "aead");
    assert_eq!(check(&folder, &token, "--ad --x"), "key_id");
    let token = folder.cli("seal --ring ring.json --name s --data {} --app").args(["", "--ad", ""]).end();
    folder.open(&token.line(), "").line();
}

#[test]
fn a_tampered_token_that_looks_like_a_flag_is_refused_wherever_it_stands() {
    let folder = Folder::with_ring();
    let token = folder.seal("");
    let flags = ["--ring=ring.json", "--name=s", "--app=a", "--explain"];
    for prefix in ["-", "--", "-h", "-V", "-1", "-s", "--help", "--version", "--ring", "--explain", "--now-"]
    {
        let tampered = format!("{prefix}{}", &token[prefix.len()..]);
        for at in 0..=flags.len() {
            let ended = folder.cli("open").args(&flags[..at]).arg(&tampered).args(&flags[at..]).end();
            ended.fails(3, "the token was refused (check: ");
        }
    }
}

#[test]
fn what_is_no_token_at_all_is_refused() {
    let folder = Folder::with_ring();
    let token = folder.seal("");
    let cases = ["", " ", "-", "-h", "-V", "--version", "--no-such-flag", "--x=y", "token", "\u{e9}", "\n"];
    let spoiled = [format!("{token}="), format!(" {token}"), format!("{token}\n"), "A".repeat(100_000)];
    for text in cases.into_iter().chain(spoiled.iter().map(String::as_str)) {
        folder.open(text, "").fails(3, REFUSED);
        folder.cli("inspect").arg(text).end().fails(3, REFUSED);
        folder.cli("open --ring ring.json --name s --").arg(text).end().fails(3, REFUSED);
    }
}

#[cfg(unix)]
#[test]
fn a_token_that_is_not_utf_8_is_refused_and_other_arguments_are_usage_errors() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = Folder::with_ring();
    let garbage = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    folder.cli("open --ring ring.json --name s").arg(garbage).end().fails(3, REFUSED);
    folder.cli("inspect").arg(garbage).end().fails(3, REFUSED);
    folder.cli("seal --ring ring.json --name s --data").arg(garbage).end().fails(2, "UTF-8");
    folder.cli("open --ring ring.json --name").arg(garbage).end().fails(2, "UTF-8");
}
