use sealed_session::OpenedSession;

fn look(session: OpenedSession) {
    let _ = &session.record; //~ E0616
    let _ = &session.uid; //~ E0616
    let _ = &session.key_state; //~ E0616
    let _ = session.record();
}

fn main() {
    let _ = look;
}
