//! Files that cannot be used: clear errors, and what is known counts all the same.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use sealed_session::SessionPlugin as _;
use sealed_session::revocation::{Backend as _, SqliteBackend};
use tempfile::TempDir;

use crate::suite::Told;
use crate::{HOUR, Server, now, session, uid, until};

/// A folder, and a database in it that holds one revocation.
fn database() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("revocations.db");
    SqliteBackend::open(&file).unwrap().record(&[session(1, u64::MAX)]).unwrap();
    (folder, file)
}

fn opening(file: &Path) -> String {
    SqliteBackend::open(file).unwrap_err().to_string()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn beside(file: &Path, end: &str) -> PathBuf {
    PathBuf::from(format!("{}{end}", file.display()))
}

#[track_caller]
fn says(text: &str, file: &Path, words: &[&str]) {
    let expected = format!("{}: ", file.display());
    assert!(text.starts_with(&expected) && words.iter().all(|word| text.contains(word)), "{text}");
}

#[test]
fn a_new_file_and_those_beside_it_are_for_their_owner_alone() {
    let (_folder, file) = database();
    let mut open = SqliteBackend::open(&file).unwrap();
    open.record(&[session(2, u64::MAX)]).unwrap();
    for path in [file.clone(), beside(&file, "-wal"), beside(&file, "-shm")] {
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600, "{path:?}");
    }
    assert!(!format!("{open:?}").is_empty());
}

#[test]
fn a_file_that_is_there_keeps_its_mode() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("empty.db");
    fs::write(&file, "").unwrap();
    set_mode(&file, 0o660);
    SqliteBackend::open(&file).unwrap().record(&[session(1, u64::MAX)]).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o660);
}

#[test]
fn what_is_no_file_or_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    says(&opening(folder.path()), folder.path(), &["is not a file"]);
    let file = folder.path().join("other");
    says(&opening(&file.join("below")), &file.join("below"), &["cannot be made", "folder must be there"]);
    fs::write(&file, "no database, but a long text".repeat(1000)).unwrap();
    says(&opening(&file), &file, &["is no SQLite database", "move it away"]);
    says(&opening(&file.join("below")), &file.join("below"), &["cannot be read", "Not a directory"]);
    assert_eq!(fs::read(&file).unwrap().len(), 28_000, "left as it was");
}

#[test]
fn a_database_of_another_program_is_refused_and_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other.db");
    Connection::open(&file).unwrap().execute_batch("CREATE TABLE orders (id)").unwrap();
    let before = fs::read(&file).unwrap();
    says(&opening(&file), &file, &["is a database of something else"]);
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn tables_of_a_later_version_are_refused() {
    let (_folder, file) = database();
    Connection::open(&file).unwrap().pragma_update(None, "user_version", 2).unwrap();
    says(&opening(&file), &file, &["tables are of version 2", "knows version 1", "update it"]);
}

#[test]
fn a_damaged_database_is_told_of() {
    let (_folder, file) = database();
    let mut octets = fs::read(&file).unwrap();
    octets[4096..].fill(0xA5);
    fs::write(&file, &octets).unwrap();
    let text = SqliteBackend::open(&file).and_then(|mut backend| backend.news(0)).unwrap_err().to_string();
    says(&text, &file, &["malformed", "damaged", "move it away"]);
    fs::write(&file, &octets[..5000]).unwrap();
    let text = SqliteBackend::open(&file).and_then(|mut backend| backend.news(0)).unwrap_err().to_string();
    says(&text, &file, &["damaged"]);
}

#[test]
fn a_table_that_is_missing_is_told_of() {
    let (_folder, file) = database();
    Connection::open(&file).unwrap().execute_batch("DROP TABLE revocations").unwrap();
    let text = SqliteBackend::open(&file).and_then(|mut backend| backend.news(0)).unwrap_err().to_string();
    says(&text, &file, &["no such table", "move it away"]);
}

#[test]
fn a_database_without_its_other_files_opens() {
    let (_folder, file) = database();
    for end in ["-wal", "-shm"] {
        let _ = fs::remove_file(beside(&file, end));
    }
    assert_eq!(Told::by(&mut SqliteBackend::open(&file).unwrap(), 0).sessions.len(), 1);
}

#[test]
fn a_newcomer_makes_a_file_anew_that_is_gone_or_empty_and_leaves_nothing_of_it_to_others() {
    for wrong in [|file: &Path| fs::remove_file(file).unwrap(), |file: &Path| fs::write(file, "").unwrap()] {
        let (_folder, file) = database();
        let mut open = SqliteBackend::open(&file).unwrap();
        assert_eq!(Told::by(&mut open, 0).sessions.len(), 1);
        wrong(&file);
        let mut newcomer = SqliteBackend::open(&file).unwrap();
        assert!(Told::by(&mut newcomer, 0).is_empty());
        newcomer.record(&[session(2, u64::MAX)]).unwrap();
        let news = open.news(0).unwrap();
        assert!(news.lost && news.revocations == [session(2, u64::MAX)], "{news:?}");
        open.record(&[session(1, u64::MAX)]).unwrap();
        assert!(Told::by(&mut newcomer, 0).sessions.contains_key(&uid(1)));
    }
}

#[test]
fn a_process_that_writes_for_too_long_is_told_of_and_nothing_else_stops() {
    let (_folder, file) = database();
    let server = Server::new(SqliteBackend::open(&file).unwrap().wait_at_most(Duration::ZERO));
    let id = server.store.create(Default::default()).unwrap();
    let other = Connection::open(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = server.store.delete(&id).unwrap_err().to_string();
    assert!(error.contains("another process has been writing"), "{error}");
    assert!(server.revocations.trouble().is_some());
    server.clock.advance(HOUR);
    until("it is read", || server.revocations.age().unwrap().is_zero());
    other.execute_batch("ROLLBACK").unwrap();
    until("it is well again by itself", || server.revocations.trouble().is_none());
    server.store.delete(&id).unwrap();
}

/// What servers with a file do while something is wrong with it, and after that.
fn outlives(wrong: impl Fn(&Path), word: Option<&str>, right: impl Fn(&Path)) {
    let (_folder, file) = database();
    let servers = [(); 2].map(|()| Server::new(SqliteBackend::open(&file).unwrap()));
    let (good, dead) = (
        servers[0].store.create(Default::default()).unwrap(),
        servers[0].store.create(Default::default()).unwrap(),
    );
    servers[0].store.delete(&dead).unwrap();
    until("both know", || servers[1].store.read(&dead).is_err());
    wrong(&file);
    for server in word.iter().flat_map(|_| &servers) {
        until("it is noticed", || server.revocations.trouble().is_some());
        server.clock.advance(HOUR);
        says(&server.revocations.trouble().unwrap().to_string(), &file, &[word.unwrap()]);
        assert!(server.revocations.age().unwrap() >= Duration::from_millis(HOUR));
        assert!(server.store.delete(&good).is_err() && !server.store.is_healthy());
        assert!(server.store.read(&good).is_ok() && server.store.read(&dead).is_err(), "as it was");
    }
    right(&file);
    for server in &servers {
        until("it is well again by itself", || {
            server.revocations.trouble().is_none() && server.revocations.age().unwrap().is_zero()
        });
        assert!(server.store.read(&good).is_ok() && server.store.read(&dead).is_err());
    }
    until("what was known is in the file again", || {
        let told = Told::by(&mut SqliteBackend::open(&file).unwrap(), now());
        told.sessions.len() == 2
    });
    servers[1].store.delete(&good).unwrap();
    until("and it is followed", || servers[0].store.read(&good).is_err());
}

#[test]
fn a_file_that_is_removed_is_made_and_filled_again() {
    outlives(|file| fs::remove_file(file).unwrap(), None, |_| {});
    outlives(
        // A server may have noticed the first already.
        |file| ["", "-wal", "-shm"].iter().for_each(|end| drop(fs::remove_file(beside(file, end)))),
        None,
        |_| {},
    );
}

#[test]
fn a_file_that_is_emptied_is_filled_again() {
    outlives(|file| fs::write(file, "").unwrap(), None, |_| {});
}

#[test]
fn a_file_that_is_replaced_by_another_is_filled_as_well() {
    let replace = |file: &Path| {
        let other = beside(file, ".new");
        drop(SqliteBackend::open(&other).unwrap());
        fs::rename(&other, file).unwrap();
    };
    outlives(replace, None, |_| {});
}

#[test]
fn a_file_that_is_replaced_by_garbage_is_told_of_until_it_is_moved_away() {
    let replace = |file: &Path| {
        let other = beside(file, ".new");
        fs::write(&other, "garbage ".repeat(1000)).unwrap();
        fs::rename(&other, file).unwrap();
    };
    outlives(replace, Some("is no SQLite database"), |file| fs::remove_file(file).unwrap());
}

#[test]
fn a_file_in_place_of_which_there_is_a_folder_is_told_of() {
    let replace = |file: &Path| {
        // A server may make the file again in between.
        while fs::create_dir(file).is_err() {
            let _ = fs::remove_file(file);
        }
    };
    outlives(replace, Some("is not a file"), |file| fs::remove_dir(file).unwrap());
}

#[test]
fn a_folder_that_is_gone_is_told_of() {
    let aside = |file: &Path| file.parent().unwrap().with_extension("aside");
    let away = |file: &Path| fs::rename(file.parent().unwrap(), aside(file)).unwrap();
    outlives(away, Some("cannot be made"), |file| fs::rename(aside(file), file.parent().unwrap()).unwrap());
}
