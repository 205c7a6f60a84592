use sealed_session::{SealedStore, SessionId, TokenInfo};

fn main() {
    let id = SessionId::new("AQ");
    let _ = &id.user_id; //~ E0609
    let _ = &id.data_json; //~ E0609
    let _ = id.record(); //~ E0599
    let _ = id.open(); //~ E0599
    let _ = SealedStore::open(&id); //~ E0061
    let info = TokenInfo::of("AQ").unwrap();
    let _ = info.record_len;
    let _ = &info.user_id; //~ E0609
    let _ = &info.data_json; //~ E0609
    let _ = info.record(); //~ E0599
}
