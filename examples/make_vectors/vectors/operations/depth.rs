//! How deep data may be nested.

use super::super::file::Vector;
use super::super::open_valid::nested;
use super::done::done;

/// 64 levels of arrays and objects are the most; what looks like one within a text is none.
pub(super) fn vectors() -> Vec<Vector> {
    let (lists, objects) = (nested(64), objects(64));
    let texts = [
        ("64 levels of lists in an object", lists.clone()),
        ("64 levels of objects", objects.clone()),
        ("64 levels of objects and lists in turn", in_turn(64)),
        (
            "64 levels twice, side by side",
            format!("{{{},{}}}", &lists[1..lists.len() - 1], &objects[1..objects.len() - 1]),
        ),
        ("brackets within a text", format!(r#"{{"[{{":"{}"}}"#, "[{".repeat(40))),
        ("brackets after an escaped quotation mark", format!(r#"{{"a":"\"{}"}}"#, "[".repeat(70))),
        ("brackets after an escaped backslash", format!(r#"{{"a":"\\","b":"{}"}}"#, "[".repeat(70))),
    ];
    let of = |(what, data): (&str, String)| {
        done(&format!("create: {what}"), "DataDepth", "create", |c| c.data = data.clone())
    };
    let mut all: Vec<Vector> = texts.into_iter().map(of).collect();
    all.push(done("update: 64 levels of lists in an object", "DataDepth", "update", |c| c.data = nested(64)));
    all.push(done("update: data of 65 levels is replaced", "DataDepth", "update", |c| {
        c.scene.data = nested(65);
    }));
    for op in ["touch", "reseal", "cycle", "login"] {
        let comment = format!("{op}: data of 65 levels is kept, and not looked at again");
        all.push(done(&comment, "DataDepth", op, |c| c.scene.data = nested(65)));
    }
    all.push(done("touch: a list for data is kept", "DataNotParsed", "touch", |c| {
        c.scene.data = "[]".into();
    }));
    all.push(done("reseal: empty data is kept, and is not {}", "DataNotParsed", "reseal", |c| {
        c.scene.data.clear();
    }));
    all
}

/// Objects of so many levels.
pub(super) fn objects(levels: usize) -> String {
    format!("{}{{}}{}", r#"{"a":"#.repeat(levels - 1), "}".repeat(levels - 1))
}

/// Objects and lists in turn, of so many levels, which is an even number.
pub(super) fn in_turn(levels: usize) -> String {
    format!("{}{}", r#"{"a":["#.repeat(levels / 2), "]}".repeat(levels / 2))
}
