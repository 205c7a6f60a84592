//! What becomes of the three files of a database beneath the servers that use it.

use super::*;

#[test]
fn what_is_moved_into_the_file_by_a_server_alarms_no_other() {
    let (folder, mut backend) = database();
    let mut other = SqliteBackend::open(folder.path().join("revocations.db")).unwrap();
    told(&mut other);
    told(&mut backend);
    let len = || folder.path().join("revocations.db").metadata().unwrap().len();
    let before = len();
    for round in 0..70_u8 {
        let app_id = |number: u8| Some(format!("{round} {number} {}", "a".repeat(8_000)));
        let large =
            |number| Revocation::Everything { app_id: app_id(number), created_before_ms: 1, until_ms: 9 };
        let changes: Vec<_> = (0..10).map(|number| Change::Revoke(large(number))).collect();
        backend.record(&changes).unwrap();
        assert_eq!(told(&mut other).1.len(), 10);
        assert_eq!(told(&mut backend).1.len(), 10);
    }
    assert!(len() > before + (1 << 20), "some was moved");
    // One that was cut off as it began.
    backend.opened.connection.execute_batch("UPDATE state SET checkpoints = checkpoints + 1").unwrap();
    assert_eq!(told(&mut other), (false, vec![]));
    backend.purge(1, Duration::ZERO).unwrap();
    assert_eq!(told(&mut other), (false, vec![]));
    let checkpoints = "SELECT checkpoints FROM state";
    let count: i64 = another(&folder).query_row(checkpoints, [], |row| row.get(0)).unwrap();
    assert!(count > 3 && count % 2 == 0, "{count}");
}

#[test]
fn what_other_programs_move_into_the_file_alarms_nobody() {
    for mode in ["PASSIVE", "FULL", "RESTART", "TRUNCATE"] {
        let (folder, mut backend) = database();
        let other = another(&folder);
        for number in 0..5 {
            record(&mut backend, &[number]);
            assert_eq!(told(&mut backend), (false, vec![session(number)]), "{mode}");
            let checkpoint = format!("PRAGMA wal_checkpoint({mode})");
            let is_busy: bool = other.query_row(&checkpoint, [], |row| row.get(0)).unwrap();
            assert!(!is_busy, "{mode}");
            assert_eq!(told(&mut backend), (false, vec![]), "{mode}");
        }
        other.execute_batch("VACUUM").unwrap();
        other.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).unwrap();
        assert_eq!(told(&mut backend), (false, vec![]), "{mode}");
    }
}

#[test]
fn a_file_that_is_written_over_before_anything_was_written_is_told_of() {
    let (folder, mut backend) = database();
    told(&mut backend);
    let file = folder.path().join("revocations.db");
    // As long as nobody writes, the -wal is empty.
    drop(backend);
    let mut backend = SqliteBackend::open(&file).unwrap();
    told(&mut backend);
    let content = std::fs::read(&file).unwrap();
    std::fs::write(&file, content).unwrap();
    assert!(backend.news().unwrap_err().to_string().contains("something other than SQLite"));
    assert!(told(&mut backend).0);
}

/// Something that fills pages of its own.
fn large(number: u8) -> Change {
    let app_id = Some(number.to_string().repeat(20_000));
    Change::Revoke(Revocation::Everything { app_id, created_before_ms: 1, until_ms: 9 })
}

#[test]
fn a_copy_that_lacks_what_was_moved_into_the_file_never_passes_unnoticed() {
    let (folder, mut backend) = database();
    let (file, copy) = (folder.path().join("revocations.db"), folder.path().join("copy.db"));
    backend.record(&[large(1)]).unwrap();
    backend.opened.checkpoint(opened::BEGIN).unwrap();
    std::fs::copy(&file, &copy).unwrap();
    backend.record(&[large(2), large(3)]).unwrap();
    backend.opened.checkpoint(opened::BEGIN).unwrap();
    assert_eq!(told(&mut backend).1.len(), 3);
    std::fs::copy(&copy, &file).unwrap();
    assert!(backend.record(&[large(4)]).unwrap_err().to_string().contains("something other than SQLite"));
    match backend.news() {
        Ok(news) => assert!(news.lost && news.revocations.len() < 4),
        Err(error) => assert!(error.to_string().contains("move it away"), "{error}"),
    }
}

fn path_of(folder: &tempfile::TempDir, end: &str) -> PathBuf {
    folder.path().join(format!("revocations.db{end}"))
}

#[test]
fn a_write_during_which_a_file_is_removed_is_not_acknowledged() {
    for end in ["", "-wal", "-shm"] {
        let (folder, mut backend) = database();
        let written = backend.write(|transaction, _| {
            let _ = std::fs::remove_file(path_of(&folder, end));
            Ok(rows::put_sharer(transaction, &SHARER)?)
        });
        assert!(written.unwrap_err().to_string().contains("removed or replaced"), "{end}");
    }
}

#[test]
fn a_write_during_which_all_files_are_removed_is_in_those_that_are_made_anew() {
    let (folder, mut backend) = database();
    let is_removed = std::cell::Cell::new(false);
    let written = backend.write(|transaction, _| {
        if !is_removed.replace(true) {
            ["", "-wal", "-shm"].iter().for_each(|end| std::fs::remove_file(path_of(&folder, end)).unwrap());
        }
        Ok(rows::put_sharer(transaction, &SHARER)?)
    });
    written.unwrap();
    let mut other = SqliteBackend::open(path_of(&folder, "")).unwrap();
    assert_eq!(other.sharers().unwrap(), [SHARER]);
    assert!(told(&mut backend).0);
}

#[test]
fn a_server_that_ends_leaves_files_alone_that_were_written_over_or_replaced() {
    let wrongs: [fn(&Path); 2] = [
        |file| std::fs::write(file, "").unwrap(),
        |file| {
            std::fs::remove_file(file).unwrap();
            std::fs::write(file, "another").unwrap();
        },
    ];
    for wrong in wrongs {
        let (folder, mut backend) = database();
        told(&mut backend);
        record(&mut backend, &[1]);
        wrong(&path_of(&folder, ""));
        let before = std::fs::read(path_of(&folder, "")).unwrap();
        drop(backend);
        assert_eq!(std::fs::read(path_of(&folder, "")).unwrap(), before);
        assert!(path_of(&folder, "-wal").metadata().unwrap().len() > 0, "what is in it can be looked at");
    }
}

#[test]
fn a_copy_that_is_damaged_is_told_of_also_where_nothing_of_that_is_read() {
    let (folder, mut backend) = database();
    backend.opened.checkpoint(opened::BEGIN).unwrap();
    told(&mut backend);
    let root: i64 = another(&folder)
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'sessions'", [], |row| row.get(0))
        .unwrap();
    let mut content = std::fs::read(path_of(&folder, "")).unwrap();
    let from = usize::try_from(root - 1).unwrap() * 4096;
    content[from..from + 4096].fill(0xA5);
    std::fs::write(path_of(&folder, ""), content).unwrap();
    backend.news().unwrap_err();
    for _ in 0..2 {
        let error = backend.news().unwrap_err().to_string();
        assert!(error.contains("the database is damaged: move it away"), "{error}");
    }
}

#[test]
fn an_older_wal_that_is_written_over_the_one_in_use_is_told_of_until_all_files_are_moved_away() {
    for is_emptied in [false, true] {
        tell_of_older_wal(is_emptied);
    }
}

fn tell_of_older_wal(is_emptied: bool) {
    let (folder, mut backend) = database();
    let wal = path_of(&folder, "-wal");
    let older = if is_emptied { Vec::new() } else { std::fs::read(&wal).unwrap() };
    record(&mut backend, &[1, 2]);
    assert_eq!(told(&mut backend).1.len(), 2);
    std::fs::write(&wal, older).unwrap();
    for _ in 0..2 {
        let errors = [backend.news().map(drop), backend.record(&[Change::Revoke(session(3))])];
        for error in errors {
            let error = error.unwrap_err().to_string();
            assert!(error.contains("written over its -wal") && error.contains("move it away"), "{error}");
        }
    }
    ["", "-wal", "-shm"].iter().for_each(|end| std::fs::remove_file(path_of(&folder, end)).unwrap());
    assert_eq!(told(&mut backend), (true, vec![]));
}
