//! The frame of a file: Wycheproof's.

use super::json::{Json, Members};
use super::notes;

/// A file of vectors, ready to be written.
pub(crate) struct File {
    pub(crate) name: &'static str,
    pub(crate) tests: usize,
    pub(crate) text: String,
}

/// One vector: what its group says, what it says itself, and how it ends.
pub(crate) struct Vector {
    pub(crate) kind: &'static str,
    /// What it shares with its neighbours; vectors in a row that agree in it are one group.
    pub(crate) group: Members,
    pub(crate) comment: String,
    pub(crate) flags: Vec<&'static str>,
    pub(crate) valid: bool,
    pub(crate) body: Members,
}

/// Numbers the vectors, gathers them into groups and explains their flags.
pub(crate) fn build(name: &'static str, header: &[&str], vectors: Vec<Vector>) -> File {
    let tests = vectors.len();
    let comments: std::collections::BTreeSet<_> = vectors.iter().map(|vector| &vector.comment).collect();
    assert_eq!(comments.len(), tests, "{name}: a comment stands twice");
    let file = Json::Object(members! {
        "algorithm": "sealed-session/v1",
        "schema": format!("schema/{}_schema.json", name.trim_end_matches(".json")),
        "numberOfTests": tests,
        "header": header.iter().copied().collect::<Json>(),
        "notes": notes::of(vectors.iter().flat_map(|vector| &vector.flags)),
        "testGroups": groups(vectors),
    });
    let text = serde_json::to_string_pretty(&file).unwrap() + "\n";
    File { name, tests, text }
}

fn groups(vectors: Vec<Vector>) -> Json {
    let mut groups: Vec<(&str, Members, Vec<Json>)> = Vec::new();
    for (index, vector) in vectors.into_iter().enumerate() {
        let Vector { kind, group, .. } = &vector;
        match groups.last_mut() {
            Some((last, shared, tests)) if last == kind && shared == group => {
                tests.push(test(index + 1, vector));
            }
            _ => groups.push((kind, group.clone(), vec![test(index + 1, vector)])),
        }
    }
    let group = |(kind, shared, tests): (&'static str, Members, Vec<Json>)| {
        let frame = members! { "type": kind };
        Json::Object([frame, shared, vec![("tests", Json::List(tests))]].concat())
    };
    groups.into_iter().map(group).collect()
}

fn test(id: usize, vector: Vector) -> Json {
    let frame = members! {
        "tcId": id,
        "comment": vector.comment,
        "flags": vector.flags.into_iter().collect::<Json>(),
    };
    let result = members! { "result": if vector.valid { "valid" } else { "invalid" } };
    Json::Object([frame, vector.body, result].concat())
}
