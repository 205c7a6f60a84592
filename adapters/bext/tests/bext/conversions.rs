//! The types of one side as those of the other.

use sealed_session::{CreateOptions, SessionError, SessionRecord};

use crate::*;

#[test]
fn every_error_is_the_same_on_the_other_side_and_back() {
    let errors =
        || [SessionError::NotFound, SessionError::Invalid("a b".into()), SessionError::Backend("".into())];
    for ours in errors() {
        let theirs = ours.clone().convert();
        assert_eq!(theirs.to_string(), ours.to_string());
        assert_eq!(theirs.convert(), ours);
    }
    let [not_found, invalid, backend] = errors().map(SessionError::convert);
    assert!(matches!(not_found, bext::SessionError::NotFound));
    assert!(matches!(invalid, bext::SessionError::Invalid(text) if text == "a b"));
    assert!(matches!(backend, bext::SessionError::Backend(text) if text.is_empty()));
}

#[test]
fn conversions_lose_nothing() {
    let id = SessionId::new("the text, with ümläuts\0");
    assert_eq!(id.clone().convert().as_str(), id.as_str());
    assert_eq!(id.clone().convert().convert(), id);

    for user_id in [None, Some(String::new()), Some("ann".to_owned())] {
        let data_json = r#"{"b":1,  "a":2}"#.to_owned();
        let record = SessionRecord {
            id: id.clone(),
            user_id: user_id.clone(),
            data_json: data_json.clone(),
            created_at_ms: 1,
            expires_at_ms: u64::MAX,
        };
        let theirs = record.clone().convert();
        let json = [serde_json::to_string(&theirs).unwrap(), serde_json::to_string(&record).unwrap()];
        assert_eq!(json[0], json[1], "the same members, under the same names");
        assert_eq!(theirs.convert(), record);

        let options = CreateOptions { user_id: user_id.clone(), data_json: data_json.clone(), ttl_ms: 7 };
        let theirs = options.convert();
        assert_eq!((&theirs.user_id, &theirs.data_json, theirs.ttl_ms), (&user_id, &data_json, 7));
        let ours = theirs.convert();
        assert_eq!((&ours.user_id, &ours.data_json, ours.ttl_ms), (&user_id, &data_json, 7));
    }
}
