//! A database that is restored from a backup while servers use it: another history of the same file.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::Backup;
use sealed_session::revocation::{Backend as _, Change, Reach, Revocation};
use sealed_session_sqlite::SqliteBackend;

use crate::child::Other;
use crate::told::Told;
use crate::{HOUR, Server, now, revoke, scope, session, uid, until, user};

/// What SQLite's own program does for `.backup` and `.restore`.
fn copy_online(from: &Path, to: &Path) {
    let (from, mut to) = (Connection::open(from).unwrap(), Connection::open(to).unwrap());
    let backup = Backup::new(&from, &mut to).unwrap();
    backup.run_to_completion(10_000, Duration::from_millis(1), None).unwrap();
}

#[test]
fn what_was_revoked_before_and_after_a_restore_holds_on_all_servers() {
    // Whether the other server has read what the restore takes away.
    for has_read in [false, true] {
        let (folder, late) = (tempfile::tempdir().unwrap(), now() + HOUR);
        let (file, backup) = (folder.path().join("revocations.db"), folder.path().join("backup.db"));
        let open = || SqliteBackend::open(&file).unwrap();
        let [a, c] = [(); 2].map(|()| Server::new(open()));
        copy_online(&file, &backup);
        for number in 1..=2 {
            a.revocations.revoke(session(number, late)).wait().unwrap();
        }
        if has_read {
            until("it has read them", || c.revocations.len() == 2);
        }
        copy_online(&backup, &file);
        for number in 3..=5 {
            c.revocations.revoke(session(number, late)).wait().unwrap();
        }
        for server in [&a, &c] {
            until("it knows all five", || server.revocations.len() == 5);
        }
        until("the database has all five", || Told::by(&mut open()).len() == 5);
        assert_eq!(Server::new(open()).revocations.len(), 5, "a new one as well");
        for server in [&a, &c] {
            until("it is well", || server.revocations.trouble().is_none());
        }
    }
}

#[test]
fn what_processes_revoked_before_and_after_a_restore_holds_in_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let (file, backup) = (folder.path().join("revocations.db"), folder.path().join("backup.db"));
    let mut servers = [Other::server(&file), Other::server(&file)];
    let ids: Vec<_> = (0..5).map(|_| servers[0].ask("create")).collect();
    copy_online(&file, &backup);
    for id in &ids[..2] {
        assert_eq!(servers[0].ask(&format!("delete {id}")), "deleted");
    }
    copy_online(&backup, &file);
    for id in &ids[2..] {
        assert_eq!(servers[1].ask(&format!("delete {id}")), "deleted");
    }
    let refuses = |server: &mut Other, id: &str| server.ask(&format!("read {id}")).starts_with("error");
    for id in &ids {
        for server in &mut servers {
            until("it is refused", || refuses(server, id));
        }
        until("a new one refuses it", || refuses(&mut Other::server(&file), id));
    }
}

#[test]
fn a_history_with_as_many_commits_is_noticed_and_so_is_one_with_more() {
    for more in [2, 3] {
        let (folder, late) = (tempfile::tempdir().unwrap(), now() + HOUR);
        let (file, backup) = (folder.path().join("revocations.db"), folder.path().join("backup.db"));
        let [mut a, mut c] = [(); 2].map(|()| SqliteBackend::open(&file).unwrap());
        copy_online(&file, &backup);
        for number in 1..=2 {
            a.record(&revoke(&[session(number, late)])).unwrap();
        }
        assert_eq!(Told::by(&mut a).len(), 2);
        copy_online(&backup, &file);
        let later: Vec<_> = (0..more).map(|number| session(10 + number, late)).collect();
        for revocation in &later {
            c.record(&revoke(std::slice::from_ref(revocation))).unwrap();
        }
        let news = a.news().unwrap();
        assert_eq!((news.lost, Told::of(&news.revocations)), (true, Told::of(&later)), "all that there is");
        a.record(&[1, 2].map(|number| Change::Restore(session(number, late)))).unwrap();
        assert!(!a.news().unwrap().lost, "told once");
        let news = c.news().unwrap();
        assert!(!news.lost, "it has lost nothing: it had read nothing that is gone");
        assert_eq!(news.revocations.len() as u64, more + 2);
    }
}

#[test]
fn a_restore_to_the_state_that_a_server_has_read_is_no_loss() {
    let (folder, late) = (tempfile::tempdir().unwrap(), now() + HOUR);
    let (file, backup) = (folder.path().join("revocations.db"), folder.path().join("backup.db"));
    let mut a = SqliteBackend::open(&file).unwrap();
    a.record(&revoke(&[session(1, late)])).unwrap();
    a.news().unwrap();
    copy_online(&file, &backup);
    copy_online(&backup, &file);
    let news = a.news().unwrap();
    assert!(!news.lost && news.revocations.is_empty());
}

#[test]
fn a_large_database_that_is_restored_is_a_loss_and_no_alarm() {
    let (folder, late) = (tempfile::tempdir().unwrap(), now() + HOUR);
    let (file, backup) = (folder.path().join("revocations.db"), folder.path().join("backup.db"));
    let mut a = SqliteBackend::open(&file).unwrap();
    // More than SQLite leaves in the -wal by itself.
    let large: Vec<_> = (0..100).map(|number| user(&format!("{number:060000}"), number, late)).collect();
    a.record(&revoke(&large)).unwrap();
    a.news().unwrap();
    copy_online(&file, &backup);
    a.record(&revoke(&[session(1, late)])).unwrap();
    copy_online(&backup, &file);
    let news = a.news().unwrap();
    assert_eq!((news.lost, Told::of(&news.revocations)), (true, Told::of(&large)));
    a.record(&revoke(&[session(1, late)])).unwrap();
}

#[test]
fn an_older_copy_that_is_put_in_the_place_of_all_files_is_a_loss() {
    let (folder, late) = (tempfile::tempdir().unwrap(), now() + HOUR);
    let (file, copy) = (folder.path().join("revocations.db"), folder.path().join("copy.db"));
    let mut a = SqliteBackend::open(&file).unwrap();
    a.record(&revoke(&[session(1, late)])).unwrap();
    copy_online(&file, &copy);
    a.record(&revoke(&[session(2, late)])).unwrap();
    a.news().unwrap();
    for end in ["", "-wal", "-shm"] {
        std::fs::remove_file(format!("{}{end}", file.display())).unwrap();
    }
    std::fs::set_permissions(&copy, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    std::fs::rename(&copy, &file).unwrap();
    let news = a.news().unwrap();
    assert_eq!((news.lost, news.revocations), (true, vec![session(1, late)]));
}

#[test]
fn an_exception_that_was_taken_back_does_not_come_back_with_a_restore() {
    let (folder, late) = (tempfile::tempdir().unwrap(), now() + HOUR);
    let (file, backup) = (folder.path().join("revocations.db"), folder.path().join("backup.db"));
    let open = || SqliteBackend::open(&file).unwrap();
    let server = Server::new(open());
    let sparing = Revocation::User {
        reach: Reach::Scope(scope()),
        user_id: "ann".into(),
        created_before_ms: now(),
        except: vec![uid(7)],
        until_ms: late,
    };
    server.revocations.revoke(sparing).wait().unwrap();
    copy_online(&file, &backup);
    let nobody = user("ann", now(), late);
    server.revocations.revoke(nobody.clone()).wait().unwrap();
    server.revocations.revoke(session(1, late)).wait().unwrap();
    copy_online(&backup, &file);
    until("it is written down again", || Told::by(&mut open()).knows(&session(1, 0)));
    assert!(Told::by(&mut open()).has(&nobody), "what was revoked stays so");
}
