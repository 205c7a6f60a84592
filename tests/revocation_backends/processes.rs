//! Several processes of one machine with one file.

use crate::child::Other;
use crate::until;

#[test]
fn a_logout_in_one_process_is_refused_in_the_others_within_a_poll() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("revocations.db");
    let mut servers = [Other::server(&file), Other::server(&file), Other::server(&file)];
    for at in 0..servers.len() {
        let id = servers[at].ask("create");
        for server in &mut servers {
            assert_eq!(server.ask(&format!("read {id}")), "good");
        }
        assert_eq!(servers[at].ask(&format!("delete {id}")), "deleted");
        for server in &mut servers {
            until("it is refused", || server.ask(&format!("read {id}")) == "error: session not found");
        }
    }
    for server in &mut servers {
        assert_eq!(server.ask("trouble"), "none");
    }
}

#[test]
fn processes_that_start_at_once_make_one_file() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..5 {
        let file = folder.path().join(number.to_string());
        let threads = [(); 4].map(|()| {
            let file = file.clone();
            std::thread::spawn(move || Other::server(&file))
        });
        let mut servers = threads.map(|thread| thread.join().unwrap());
        let id = servers[0].ask("create");
        servers[0].ask(&format!("delete {id}"));
        for server in &mut servers {
            until("all use it", || server.ask(&format!("read {id}")) == "error: session not found");
        }
    }
}
