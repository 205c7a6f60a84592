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

#[test]
fn processes_whose_wal_is_removed_acknowledge_nothing_that_a_new_one_does_not_see() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("revocations.db");
    let mut servers = [Other::server(&file), Other::server(&file)];
    let ids: Vec<_> = (0..3).map(|_| servers[0].ask("create")).collect();
    assert_eq!(servers[0].ask(&format!("delete {}", ids[0])), "deleted");
    for end in ["-wal", "-shm"] {
        std::fs::remove_file(format!("{}{end}", file.display())).unwrap();
    }
    for server in &mut servers {
        let error = server.ask(&format!("delete {}", ids[1]));
        assert!(error.contains("its -wal or its -shm was removed or replaced"), "{error}");
        assert!(server.ask(&format!("read {}", ids[1])) == "good", "what was not recorded is not revoked");
    }
    let mut newcomer = Other::server(&file);
    assert_eq!(newcomer.ask(&format!("delete {}", ids[1])), "deleted");
    for server in &mut servers {
        let trouble = server.ask("trouble");
        assert!(trouble.contains("move the file away"), "it does not see what the other writes: {trouble}");
    }
    for end in ["", "-wal", "-shm"] {
        let path = format!("{}{end}", file.display());
        std::fs::rename(&path, format!("{path}.aside")).unwrap();
    }
    let mut latest = Other::server(&file);
    for id in &ids[..2] {
        for server in servers.iter_mut().chain([&mut newcomer, &mut latest]) {
            until("all know what any of them knew", || {
                server.ask(&format!("read {id}")).starts_with("error")
            });
        }
    }
    assert_eq!(servers[1].ask(&format!("delete {}", ids[2])), "deleted");
    until("and they meet", || newcomer.ask(&format!("read {}", ids[2])).starts_with("error"));
}
