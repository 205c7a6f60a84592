//! Files that cannot be used: clear errors, and what is known counts all the same.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use sealed_session::revocation::Backend as _;
use sealed_session::{SessionId, SessionPlugin as _};
use sealed_session_sqlite::SqliteBackend;
use tempfile::TempDir;

use crate::told::Told;
use crate::{HOUR, Server, revoke, session, until};

/// A folder, and a database in it that holds one revocation.
fn database() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("revocations.db");
    SqliteBackend::open(&file).unwrap().record(&revoke(&[session(1, u64::MAX)])).unwrap();
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
    open.record(&revoke(&[session(2, u64::MAX)])).unwrap();
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
    SqliteBackend::open(&file).unwrap().record(&revoke(&[session(1, u64::MAX)])).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o660);
}

#[test]
fn what_is_no_file_or_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    says(&opening(folder.path()), folder.path(), &["is not a file"]);
    let file = folder.path().join("other");
    says(&opening(&file.join("below")), &file.join("below"), &["cannot be made", "folder must be there"]);
    fs::write(&file, "no database, but a long text".repeat(1000)).unwrap();
    set_mode(&file, 0o600);
    says(&opening(&file), &file, &["is no SQLite database", "move it away"]);
    says(&opening(&file.join("below")), &file.join("below"), &["cannot be read", "Not a directory"]);
    assert_eq!(fs::read(&file).unwrap().len(), 28_000, "left as it was");
}

#[test]
fn a_database_of_another_program_is_refused_and_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other.db");
    Connection::open(&file).unwrap().execute_batch("CREATE TABLE orders (id)").unwrap();
    set_mode(&file, 0o600);
    let before = fs::read(&file).unwrap();
    says(&opening(&file), &file, &["is a database of something else"]);
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn tables_of_a_later_version_are_refused() {
    let (_folder, file) = database();
    Connection::open(&file).unwrap().pragma_update(None, "user_version", 3).unwrap();
    says(&opening(&file), &file, &["tables are of version 3", "knows version 2", "update it"]);
}

#[test]
fn a_damaged_database_is_told_of() {
    let (_folder, file) = database();
    let mut octets = fs::read(&file).unwrap();
    octets[4096..].fill(0xA5);
    fs::write(&file, &octets).unwrap();
    let text = SqliteBackend::open(&file).and_then(|mut backend| backend.news()).unwrap_err().to_string();
    says(&text, &file, &["malformed", "damaged", "move it away"]);
    fs::write(&file, &octets[..5000]).unwrap();
    let text = SqliteBackend::open(&file).and_then(|mut backend| backend.news()).unwrap_err().to_string();
    says(&text, &file, &["damaged"]);
}

#[test]
fn a_table_that_is_missing_is_told_of() {
    let (_folder, file) = database();
    Connection::open(&file).unwrap().execute_batch("DROP TABLE entries").unwrap();
    let text = SqliteBackend::open(&file).and_then(|mut backend| backend.news()).unwrap_err().to_string();
    says(&text, &file, &["no such table", "move it away"]);
}

#[test]
fn a_database_without_its_other_files_opens() {
    let (_folder, file) = database();
    for end in ["-wal", "-shm"] {
        let _ = fs::remove_file(beside(&file, end));
    }
    assert_eq!(Told::by(&mut SqliteBackend::open(&file).unwrap()).len(), 1);
}

#[test]
fn a_file_that_is_gone_or_empty_while_servers_use_it_is_not_made_anew_beside_what_is_theirs() {
    for wrong in [|file: &Path| fs::remove_file(file).unwrap(), |file: &Path| fs::write(file, "").unwrap()] {
        let (_folder, file) = database();
        let _open = SqliteBackend::open(&file).unwrap();
        wrong(&file);
        says(&opening(&file), &file, &["is gone or empty", "-wal", "move it away"]);
        assert!(beside(&file, "-wal").exists() && beside(&file, "-shm").exists(), "nothing is removed");
    }
}

#[test]
fn a_file_that_every_user_could_read_or_write_is_refused_and_so_are_those_beside_it() {
    for mode in [0o666, 0o644, 0o606, 0o602, 0o601] {
        let (_folder, file) = database();
        set_mode(&file, mode);
        let says_mode = format!("mode {mode:04o}");
        says(&opening(&file), &file, &["user ids", &says_mode, "every user", "run `chmod 600 "]);
        set_mode(&file, 0o640);
        SqliteBackend::open(&file).unwrap();
    }
    let (_folder, file) = database();
    let _open = SqliteBackend::open(&file).unwrap();
    for end in ["-wal", "-shm"] {
        set_mode(&beside(&file, end), 0o666);
        says(&opening(&file), &beside(&file, end), &["mode 0666", "run `chmod 600 "]);
        set_mode(&beside(&file, end), 0o600);
    }
    SqliteBackend::open(&file).unwrap();
}

#[test]
fn a_file_with_two_names_is_refused_also_while_it_is_used() {
    let (_folder, file) = database();
    let mut open = SqliteBackend::open(&file).unwrap();
    let other = file.with_extension("other");
    fs::hard_link(&file, &other).unwrap();
    for name in [&file, &other] {
        says(&opening(name), name, &["has 2 names (hard links)", "remove all but one"]);
    }
    for error in [open.news().map(drop), open.record(&revoke(&[session(2, u64::MAX)]))] {
        says(&error.unwrap_err().to_string(), &file, &["has 2 names (hard links)"]);
    }
    fs::remove_file(&other).unwrap();
    open.record(&revoke(&[session(2, u64::MAX)])).unwrap();
    assert_eq!(Told::by(&mut open).len(), 2, "what failed was not recorded");
}

#[test]
fn a_link_that_leads_elsewhere_while_the_file_is_used_is_told_of() {
    let (folder, file) = database();
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let mut open = SqliteBackend::open(&link).unwrap();
    assert_eq!(Told::by(&mut open).len(), 1);
    let (_other, elsewhere) = database();
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &link).unwrap();
    says(&open.news().unwrap_err().to_string(), &link, &["leads to another file", "stop all servers"]);
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    open.news().unwrap();
}

/// Whoever opens it by the link has a `-wal` beside the name that it leads to.
#[test]
fn a_link_in_the_place_of_the_file_is_told_of_though_it_leads_to_that() {
    let (folder, file) = database();
    let elsewhere = folder.path().join("elsewhere.db");
    let mut open = SqliteBackend::open(&file).unwrap();
    fs::rename(&file, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
    for error in [open.news().map(drop), open.record(&revoke(&[session(2, u64::MAX)]))] {
        says(&error.unwrap_err().to_string(), &file, &["leads to another file", "set the link as it was"]);
    }
    fs::remove_file(&file).unwrap();
    fs::rename(&elsewhere, &file).unwrap();
    open.record(&revoke(&[session(2, u64::MAX)])).unwrap();
    assert_eq!(Told::by(&mut open).len(), 2);
}

#[test]
fn a_folder_that_is_another_one_is_told_of_since_others_may_go_on_in_the_one_that_was() {
    let (folder, _) = database();
    let (inner, aside) = (folder.path().join("inner"), folder.path().join("aside"));
    fs::create_dir(&inner).unwrap();
    let file = inner.join("revocations.db");
    let mut open = SqliteBackend::open(&file).unwrap();
    fs::rename(&inner, &aside).unwrap();
    fs::create_dir(&inner).unwrap();
    for error in [open.news().map(drop), open.record(&revoke(&[session(2, u64::MAX)]))] {
        says(
            &error.unwrap_err().to_string(),
            &file,
            &["its folder is gone, or is another one", "put it back"],
        );
    }
    assert!(!file.exists(), "none is made there");
    fs::remove_dir(&inner).unwrap();
    fs::rename(&aside, &inner).unwrap();
    open.record(&revoke(&[session(2, u64::MAX)])).unwrap();
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

/// Two servers with a file; a session of theirs that is good, and one that is over.
struct Pair {
    _folder: TempDir,
    file: PathBuf,
    servers: [Server; 2],
    good: SessionId,
    dead: SessionId,
}

impl Pair {
    fn new() -> Self {
        let (folder, file) = database();
        let servers = [(); 2].map(|()| Server::new(SqliteBackend::open(&file).unwrap()));
        let create = || servers[0].store.create(Default::default()).unwrap();
        let (good, dead) = (create(), create());
        servers[0].store.delete(&dead).unwrap();
        until("both know", || servers[1].store.read(&dead).is_err());
        Self { _folder: folder, file, servers, good, dead }
    }

    /// Nothing can be revoked, both say why, and what they know counts.
    fn are_loud(&self, words: &[&str]) {
        for server in &self.servers {
            until("it is noticed", || server.revocations.trouble().is_some());
            server.clock.advance(HOUR);
            says(&server.revocations.trouble().unwrap().to_string(), &self.file, words);
            assert!(server.revocations.age().unwrap() >= Duration::from_millis(HOUR));
            assert!(server.store.delete(&self.good).is_err() && !server.store.is_healthy());
            assert!(
                server.store.read(&self.good).is_ok() && server.store.read(&self.dead).is_err(),
                "as it was"
            );
        }
    }

    /// Both are well, what they know is in the file, and they learn from each other.
    fn are_well(&self) {
        for server in &self.servers {
            until("it is well again by itself", || {
                server.revocations.trouble().is_none() && server.revocations.age().unwrap().is_zero()
            });
            assert!(server.store.read(&self.good).is_ok() && server.store.read(&self.dead).is_err());
        }
        until("what was known is in the file again", || {
            Told::by(&mut SqliteBackend::open(&self.file).unwrap()).len() == 2
        });
        self.servers[1].store.delete(&self.good).unwrap();
        until("and it is followed", || self.servers[0].store.read(&self.good).is_err());
    }

    /// What an error says is to be done.
    fn move_it_away(&self) {
        for end in ["", "-wal", "-shm"] {
            let path = beside(&self.file, end);
            let _ = fs::rename(&path, beside(&path, ".aside"));
        }
    }
}

fn remove_all(file: &Path) {
    ["", "-wal", "-shm"].iter().for_each(|end| drop(fs::remove_file(beside(file, end))));
}

/// Puts another file in the place of one, as `mv` does.
fn replace(path: &Path, make: impl Fn(&Path)) {
    let other = beside(path, ".new");
    make(&other);
    fs::rename(&other, path).unwrap();
}

#[test]
fn a_file_that_is_removed_with_those_beside_it_is_made_and_filled_again() {
    let pair = Pair::new();
    remove_all(&pair.file);
    pair.are_well();
}

#[test]
fn a_file_that_is_moved_away_with_those_beside_it_is_made_and_filled_again() {
    let pair = Pair::new();
    pair.move_it_away();
    pair.are_well();
}

/// Removes a database and puts something else in its place. What is left of it until then keeps servers from making it
/// anew in between.
fn remove_for(file: &Path, put: impl FnOnce()) {
    for end in ["", "-wal"] {
        fs::remove_file(beside(file, end)).unwrap();
    }
    put();
    fs::remove_file(beside(file, "-shm")).unwrap();
}

#[test]
fn a_database_that_is_put_in_place_of_one_that_is_gone_is_filled_as_well() {
    let pair = Pair::new();
    let other = beside(&pair.file, ".new");
    drop(SqliteBackend::open(&other).unwrap());
    remove_for(&pair.file, || fs::rename(&other, &pair.file).unwrap());
    pair.are_well();
}

/// What was done to the files of a database, and what servers say of it.
type Wrong = (fn(&Path), &'static str);

#[test]
fn files_that_are_removed_or_replaced_in_part_are_told_of_until_all_are_moved_away() {
    let wrong: [Wrong; 7] = [
        (|file| fs::remove_file(file).unwrap(), "was removed or replaced"),
        (|file| replace(file, |new| drop(SqliteBackend::open(new).unwrap())), "was removed or replaced"),
        (|file| replace(file, |new| fs::write(new, "garbage").unwrap()), "was removed or replaced"),
        (
            |file| fs::remove_file(beside(file, "-wal")).unwrap(),
            "its -wal or its -shm was removed or replaced",
        ),
        (
            |file| fs::remove_file(beside(file, "-shm")).unwrap(),
            "its -wal or its -shm was removed or replaced",
        ),
        (
            |file| ["-wal", "-shm"].iter().for_each(|end| fs::remove_file(beside(file, end)).unwrap()),
            "its -wal or its -shm was removed or replaced",
        ),
        (
            |file| {
                replace(&beside(file, "-wal"), |new| fs::write(new, "").unwrap());
            },
            "its -wal or its -shm was removed or replaced",
        ),
    ];
    for (wrong, words) in wrong {
        let pair = Pair::new();
        wrong(&pair.file);
        pair.are_loud(&[words, "move", "away"]);
        pair.move_it_away();
        pair.are_well();
    }
}

#[test]
fn a_file_in_place_of_which_there_is_a_folder_is_told_of() {
    let pair = Pair::new();
    remove_for(&pair.file, || fs::create_dir(&pair.file).unwrap());
    for server in &pair.servers {
        until("it says what is there", || {
            server.revocations.trouble().is_some_and(|error| error.to_string().contains("is not a file"))
        });
    }
    pair.are_loud(&["is not a file"]);
    fs::remove_dir(&pair.file).unwrap();
    pair.are_well();
}

#[test]
fn a_folder_that_is_gone_is_told_of() {
    let pair = Pair::new();
    let folder = pair.file.parent().unwrap();
    let aside = folder.with_extension("aside");
    fs::rename(folder, &aside).unwrap();
    pair.are_loud(&["its folder is gone"]);
    fs::rename(&aside, folder).unwrap();
    pair.are_well();
}

#[test]
fn a_file_that_is_emptied_or_written_over_with_garbage_is_told_of_until_all_are_moved_away() {
    for (content, word) in
        [(String::new(), "is gone or empty"), ("garbage ".repeat(1000), "is no SQLite database")]
    {
        let pair = Pair::new();
        fs::write(&pair.file, content).unwrap();
        for server in &pair.servers {
            until("it says what is wrong", || {
                server.revocations.trouble().is_some_and(|error| error.to_string().contains(word))
            });
        }
        pair.are_loud(&["move it away"]);
        pair.move_it_away();
        pair.are_well();
    }
}

#[test]
fn a_copy_that_is_written_over_the_file_is_told_of_at_once_and_filled_with_what_is_known() {
    for writes_first in [false, true] {
        let (folder, file) = database();
        let copy = folder.path().join("copy.db");
        fs::copy(&file, &copy).unwrap();
        let [mut one, mut other] = [(); 2].map(|()| SqliteBackend::open(&file).unwrap());
        one.record(&revoke(&[session(2, u64::MAX)])).unwrap();
        for node in [&mut one, &mut other] {
            assert_eq!(Told::by(node).len(), 2);
        }
        fs::copy(&copy, &file).unwrap();
        for node in [&mut one, &mut other] {
            let done = if writes_first {
                node.record(&revoke(&[session(3, u64::MAX)]))
            } else {
                node.news().map(drop)
            };
            says(
                &done.unwrap_err().to_string(),
                &file,
                &["something other than SQLite has written over it", ".restore"],
            );
            assert!(node.news().unwrap().lost);
            assert!(!node.news().unwrap().lost, "told once");
        }
        one.record(&revoke(&[session(3, u64::MAX)])).unwrap();
        assert!(Told::by(&mut other).has(&session(3, u64::MAX)));
    }
}
