//! Data that is no JSON object is refused, and nothing happens.

use super::case::{Case, Check, case, invalid, same_state};
use super::probe::{Probe, USER, options};

pub(super) const CASES: &[Case] = &[
    case!(create_refuses_other_json, "create refuses JSON that is no object with Invalid."),
    case!(create_refuses_truncated_data, "create refuses an object that ends too early with Invalid."),
    case!(create_refuses_trailing_data, "create refuses an object with more behind it with Invalid."),
    case!(create_refuses_text_that_is_no_json, "create refuses text that is no JSON with Invalid."),
    case!(create_refuses_white_space, "create refuses white space with Invalid; only no text at all is {}."),
    case!(update_refuses_other_json, "update refuses JSON that is no object with Invalid."),
    case!(update_refuses_truncated_data, "update refuses an object that ends too early with Invalid."),
    case!(update_refuses_trailing_data, "update refuses an object with more behind it with Invalid."),
    case!(update_refuses_text_that_is_no_json, "update refuses text that is no JSON with Invalid."),
    case!(update_refuses_white_space, "update refuses white space with Invalid; only no text at all is {}."),
    case!(a_refused_update_changes_nothing, "After an update that was refused, the session is as before."),
];

const OTHER_JSON: &[&str] = &["[]", "[{}]", "null", "true", "false", "0", "-1.5e3", r#""text""#, r#""{}""#];
const TRUNCATED: &[&str] = &["{", r#"{"a"#, r#"{"a""#, r#"{"a":"#, r#"{"a":1"#, r#"{"a":1,"#, r#"{"a":[1}"#];
const TRAILING: &[&str] = &["{}{}", "{} {}", "{},", "{}x", "{}}", "{}\0", r#"{"a":1}null"#];
const NO_JSON: &[&str] = &[
    "text",
    "{a:1}",
    "{'a':1}",
    r#"{"a":1,}"#,
    r#"{"a":}"#,
    r#"{"a" 1}"#,
    r#"{,}"#,
    r#"{"a":NaN}"#,
    r#"{"a":01}"#,
    r#"{"a":+1}"#,
    r#"{"a":.5}"#,
    r#"{"a":"\x41"}"#,
    "{\"a\":\"\n\"}",
    "{/* a */}",
    "<a/>",
];
const WHITE_SPACE: &[&str] = &[" ", "\n", "\t", " \r\n "];

fn create_refuses_other_json(probe: &Probe) -> Check {
    create_refuses(probe, OTHER_JSON)
}

fn create_refuses_truncated_data(probe: &Probe) -> Check {
    create_refuses(probe, TRUNCATED)
}

fn create_refuses_trailing_data(probe: &Probe) -> Check {
    create_refuses(probe, TRAILING)
}

fn create_refuses_text_that_is_no_json(probe: &Probe) -> Check {
    create_refuses(probe, NO_JSON)
}

fn create_refuses_white_space(probe: &Probe) -> Check {
    create_refuses(probe, WHITE_SPACE)
}

fn update_refuses_other_json(probe: &Probe) -> Check {
    update_refuses(probe, OTHER_JSON)
}

fn update_refuses_truncated_data(probe: &Probe) -> Check {
    update_refuses(probe, TRUNCATED)
}

fn update_refuses_trailing_data(probe: &Probe) -> Check {
    update_refuses(probe, TRAILING)
}

fn update_refuses_text_that_is_no_json(probe: &Probe) -> Check {
    update_refuses(probe, NO_JSON)
}

fn update_refuses_white_space(probe: &Probe) -> Check {
    update_refuses(probe, WHITE_SPACE)
}

fn a_refused_update_changes_nothing(probe: &Probe) -> Check {
    let id = probe.session()?;
    let before = probe.read(&id)?;
    for texts in [OTHER_JSON, TRUNCATED, TRAILING, NO_JSON] {
        for text in texts {
            // Whether it is refused is for the other cases to say; if it is not, this one is not about it.
            if probe.backend().update(&id, text).is_err() {
                same_state("after a refused update", &probe.read(&id)?, &before)?;
            }
        }
    }
    Ok(())
}

fn create_refuses(probe: &Probe, texts: &[&str]) -> Check {
    texts.iter().try_for_each(|text| {
        invalid(&format!("create with {text:?}"), probe.backend().create(options(Some(USER), text, 0)))
    })
}

fn update_refuses(probe: &Probe, texts: &[&str]) -> Check {
    texts.iter().try_for_each(|text| {
        let id = probe.session()?;
        invalid(&format!("update with {text:?}"), probe.backend().update(&id, text))
    })
}
