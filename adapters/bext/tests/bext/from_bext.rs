//! A bext backend as one of this crate.

use std::sync::Mutex;

use sealed_session::{CreateOptions, SessionError, SessionPlugin};
use sealed_session_bext::FromBext;

use crate::*;

/// Writes down what it is asked, and answers with what it was given.
#[derive(Default)]
struct Recorder(Mutex<Vec<String>>);

impl Recorder {
    fn asked<T>(&self, what: String, answer: T) -> Result<T, bext::SessionError> {
        self.0.lock().unwrap().push(what.clone());
        if what.contains("fail") { Err(bext::SessionError::Backend(what)) } else { Ok(answer) }
    }
}

impl bext::SessionPlugin for Recorder {
    fn name(&self) -> &str {
        "recorder"
    }

    fn create(&self, opts: bext::CreateOptions) -> Result<bext::SessionId, bext::SessionError> {
        let bext::CreateOptions { user_id, data_json, ttl_ms } = opts;
        self.asked(format!("create {user_id:?} {data_json} {ttl_ms}"), bext::SessionId::new("created"))
    }

    fn read(&self, id: &bext::SessionId) -> Result<bext::SessionRecord, bext::SessionError> {
        let record = bext::SessionRecord {
            id: id.clone(),
            user_id: Some("ann".into()),
            data_json: "{}".into(),
            created_at_ms: 1,
            expires_at_ms: 2,
        };
        self.asked(format!("read {}", id.as_str()), record)
    }

    fn update(&self, id: &bext::SessionId, data: &str) -> Result<bext::SessionId, bext::SessionError> {
        self.asked(format!("update {} {data}", id.as_str()), bext::SessionId::new("updated"))
    }

    fn touch(&self, id: &bext::SessionId, ttl_ms: u64) -> Result<bext::SessionId, bext::SessionError> {
        self.asked(format!("touch {} {ttl_ms}", id.as_str()), bext::SessionId::new("touched"))
    }

    fn delete(&self, id: &bext::SessionId) -> Result<(), bext::SessionError> {
        self.asked(format!("delete {}", id.as_str()), ())
    }

    fn is_healthy(&self) -> bool {
        false
    }
}

#[test]
fn a_bext_backend_serves_a_host_of_this_crate() {
    let backend: Box<dyn SessionPlugin> = Box::new(FromBext(Box::<Recorder>::default()));
    assert_eq!((backend.name(), backend.is_healthy()), ("recorder", false));
    let options = CreateOptions { user_id: Some("ann".into()), data_json: "{}".into(), ttl_ms: 5 };
    assert_eq!(backend.create(options).unwrap().as_str(), "created");
    let (id, wrong) = (SessionId::new("i"), SessionId::new("fail"));
    let record = backend.read(&id).unwrap();
    assert_eq!((record.id, record.user_id.as_deref()), (id.clone(), Some("ann")));
    assert_eq!((record.created_at_ms, record.expires_at_ms), (1, 2));
    assert_eq!(backend.update(&id, "[]").unwrap().as_str(), "updated");
    assert_eq!(backend.touch(&id, 9).unwrap().as_str(), "touched");
    backend.delete(&id).unwrap();
    let says = |what: &str| SessionError::Backend(what.to_owned());
    assert_eq!(backend.read(&wrong), Err(says("read fail")));
    assert_eq!(backend.update(&wrong, "{}"), Err(says("update fail {}")));
    assert_eq!(backend.touch(&wrong, 1), Err(says("touch fail 1")));
    assert_eq!(backend.delete(&wrong), Err(says("delete fail")));
}

#[test]
fn a_bext_backend_shows_its_name_and_nothing_else() {
    assert_eq!(format!("{:?}", FromBext(Box::<Recorder>::default())), r#"FromBext("recorder")"#);
}
