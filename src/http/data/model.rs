//! Members read and changed in place, against a plain model: a list of names and values.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;

use super::{get, has_no_members, with, without};

const NAMES: [&str; 9] = ["a", "b", "", "\"", "\\", "é\n", "a b", "{,:}", "eight and more, \" in it"];
const VALUES: [&str; 13] = [
    "1",
    r#""seven..""#,
    r#""eight...""#,
    r#""€""#,
    r##""of 7 ch\"#}, {\\""##,
    "null",
    r#""""#,
    r#""}\",{""#,
    "[]",
    r#"[1, {"a" : 2}]"#,
    "{}",
    r#"{"a":"b"}"#,
    r#""\ud83d\ude00""#,
];
const BLANKS: [&str; 4] = ["", " ", "\n\t", "  "];

type Model = Vec<(&'static str, &'static str)>;

fn one<T: Copy>(random: &mut StdRng, of: &[T]) -> T {
    of[random.random_range(0..of.len())]
}

/// The text of a model, with blanks wherever JSON allows them, and names escaped one way or the other.
fn text(random: &mut StdRng, model: &Model) -> String {
    let mut text = format!("{}{{", one(random, &BLANKS));
    for (at, (name, value)) in model.iter().enumerate() {
        let name = match random.random_bool(0.5) {
            true => serde_json::to_string(name).unwrap(),
            false => format!(
                "\"{}\"",
                name.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<String>()
            ),
        };
        let [a, b, c, d] = std::array::from_fn(|_| one(random, &BLANKS));
        text += &format!("{}{a}{name}{b}:{c}{value}{d}", if at == 0 { "" } else { "," });
    }
    text + one(random, &BLANKS) + "}" + one(random, &BLANKS)
}

fn parsed(text: &str) -> Vec<(String, Value)> {
    struct Members(Vec<(String, Value)>);
    impl<'de> serde::Deserialize<'de> for Members {
        fn deserialize<D: serde::Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
            struct All;
            impl<'de> serde::de::Visitor<'de> for All {
                type Value = Members;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                    let mut members = Vec::new();
                    while let Some(member) = map.next_entry()? {
                        members.push(member);
                    }
                    Ok(Members(members))
                }
            }
            json.deserialize_map(All)
        }
    }
    serde_json::from_str::<Members>(text).unwrap().0
}

fn expected(model: &Model) -> Vec<(String, Value)> {
    model.iter().map(|(name, value)| ((*name).to_owned(), serde_json::from_str(value).unwrap())).collect()
}

#[test]
fn members_in_place_agree_with_a_list_of_members() {
    let mut random = StdRng::seed_from_u64(6);
    for _ in 0..20_000 {
        let len = random.random_range(0..5);
        let model: Model = (0..len).map(|_| (one(&mut random, &NAMES), one(&mut random, &VALUES))).collect();
        let text = text(&mut random, &model);
        let (name, value) = (one(&mut random, &NAMES), one(&mut random, &VALUES));
        let last = model.iter().rposition(|(other, _)| *other == name);

        let found = last.map(|at| serde_json::from_str::<Value>(model[at].1).unwrap());
        assert_eq!(get::<Value>(&text, name).unwrap(), found, "{name:?} of {text}");
        assert_eq!(has_no_members(&text), model.is_empty(), "{text}");

        let others = || model.iter().copied().filter(|(other, _)| *other != name);
        match without(&text, name).unwrap() {
            Some(removed) => {
                assert_eq!(parsed(&removed), expected(&others().collect()), "{name:?} of {text}");
            }
            None => assert_eq!(last, None, "{name:?} of {text}"),
        }
        match (with(&text, name, value).unwrap(), last) {
            (None, at) => assert_eq!(at.map(|at| model[at].1), Some(value), "{name:?} of {text}"),
            (Some(set), None) => {
                assert_eq!(parsed(&set), expected(&others().chain([(name, value)]).collect()), "{text}");
            }
            (Some(set), Some(last)) => {
                let kept = model.iter().enumerate().filter(|(at, (other, _))| *other != name || *at == last);
                let kept = kept.map(|(at, member)| if at == last { (name, value) } else { *member });
                assert_eq!(parsed(&set), expected(&kept.collect()), "{name:?} of {text}");
            }
        }
    }
}
