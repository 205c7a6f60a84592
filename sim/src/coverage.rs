//! Which cells of the library's decision table (`src/http/decide.rs`) worlds have reached.
//!
//! The library tells what it decided, and by which facts, as an event of `tracing` at level trace. What is counted is
//!
//! - what came, what its handler did, and whether the answer counts: each combination is a cell;
//! - for each row of the table, each value that one of the other facts has.
//!
//! A cell is reached, or one of `UNREACHABLE` says why no world can, or it is listed as not reached yet.

use std::cell::RefCell;
use std::fmt::{self, Debug, Write as _};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, Interest, Subscriber, set_default};
use tracing::{Event, Level, Metadata};

/// How a cookie turned out; and for one that is good, what became of its session meanwhile.
const CAME: [&str; 11] = [
    "Nothing",
    "Good",
    "Expired",
    "Refused",
    "Left(Transient)",
    "Left(Ambiguous)",
    "Left(JustRevoked)",
    "Left(StricterLimits)",
    "Left(HeldBack)",
    "Good, ended meanwhile",
    "Good, moved meanwhile",
];
const ENDED: usize = 9;
const MOVED: usize = 10;

/// What is left behind, as the library calls it, and what the handler did by that.
const DID: [(bool, &str, &str); 7] = [
    (false, "AsItCame", "did nothing"),
    (false, "Changed", "wrote"),
    (false, "Cycled", "cycled"),
    (false, "LoggedIn", "logged in"),
    (true, "Nothing", "logged out"),
    (true, "Changed", "logged out and wrote"),
    (true, "LoggedIn", "logged out and in"),
];

const ROWS: [&str; 13] = [
    "logged out",
    "logged out, then wrote or logged in",
    "logged in",
    "left in place",
    "good, cycled",
    "good, wrote",
    "good, ended or moved meanwhile",
    "good, a renewal is due",
    "nothing, expired, refused; wrote",
    "nothing, expired, refused; every client gets a session",
    "expired, refused; otherwise",
    "otherwise",
    "ended all others, and does not go on",
];

/// The other facts, and their values.
const VALUES: [(&str, &[&str]); 8] = [
    ("nobodys", &["false", "true"]),
    ("begins_always", &["false", "true"]),
    ("of_device", &["Nothing", "Unseen", "Told", "Waived", "Unproven", "WrongProof", "Over"]),
    ("due", &["false", "true"]),
    ("timing", &["InTime", "LateAndKnown", "Late"]),
    ("caches", &["Silent", "KeptOut", "Ask", "Reuse"]),
    ("sealed", &["true", "false"]),
    ("recorded", &["true", "false"]),
];
const VALUES_OF_A_ROW: usize = 24;
const OF_REQUESTS: usize = CAME.len() * DID.len() * 2;
const CELLS: usize = OF_REQUESTS + ROWS.len() * VALUES_OF_A_ROW;

/// A cell of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    Request { came: &'static str, did: &'static str, counts: bool },
    Row { row: &'static str, fact: &'static str, value: &'static str },
}

impl Cell {
    fn at(index: usize) -> Self {
        if let Some(at) = index.checked_sub(OF_REQUESTS) {
            let (row, mut value) = (ROWS[at / VALUES_OF_A_ROW], at % VALUES_OF_A_ROW);
            for (fact, values) in VALUES {
                match values.get(value) {
                    Some(value) => return Self::Row { row, fact, value },
                    None => value -= values.len(),
                }
            }
            unreachable!("{VALUES_OF_A_ROW} values")
        }
        let (came, counts, did) = (index / DID.len() / 2, index / DID.len() % 2 == 1, index % DID.len());
        Self::Request { came: CAME[came], did: DID[did].2, counts }
    }

    fn is_of(&self, rows: &[&str], of_fact: &str, values: &[&str]) -> bool {
        matches!(self, Self::Row { row, fact, value }
            if rows.contains(row) && *fact == of_fact && values.contains(value))
    }

    /// What it has in common with others, and what it has not.
    fn parts(&self) -> (String, String) {
        match *self {
            Self::Request { came, did, counts: true } => (format!("came {came}"), did.to_owned()),
            Self::Request { came, did, .. } => {
                (format!("came {came}, the answer does not count"), did.to_owned())
            }
            Self::Row { row, fact, value } => (format!("row \"{row}\""), format!("{fact} = {value}")),
        }
    }

    /// Why no world can reach it.
    fn unreachable(&self) -> Option<&'static str> {
        UNREACHABLE.iter().find(|(_, covers)| covers(self)).map(|(why, _)| *why)
    }
}

/// Why no world can reach some cells, and which.
type Reason = (&'static str, fn(&Cell) -> bool);

/// What no world can reach.
const UNREACHABLE: [Reason; 9] = [
    (
        "only a session that came gets another uid",
        |cell| matches!(cell, Cell::Request { came, did: "cycled", .. } if !came.starts_with("Good")),
    ),
    ("only a session that came is due for anything, or a login that does not count", |cell| {
        cell.is_of(&NOT_GOOD[1..3], "due", &["true"])
    }),
    ("only a session that came and its successor can be nobody's", |cell| {
        cell.is_of(&NOT_GOOD, "nobodys", &["true"])
    }),
    ("what is waived was left in place, and is written over by nothing but a change", |cell| {
        let rows = ["left in place", "nothing, expired, refused; wrote", "otherwise"];
        let others: Vec<_> = ROWS.into_iter().filter(|row| !rows.contains(row)).collect();
        cell.is_of(&others, "of_device", &["Waived"])
    }),
    ("a login is somebody's, and so is whose other sessions ended", |cell| {
        cell.is_of(&["logged in", ENDS[1]], "nobodys", &["true"])
    }),
    ("nothing is sealed where no session is sent", |cell| {
        cell.is_of(&SENDS_NOTHING, "sealed", &["false"]) || cell.is_of(&ENDS, "sealed", &["false"])
    }),
    ("nothing is recorded where no session ends and none of a user begins", |cell| {
        cell.is_of(&SENDS_NOTHING, "recorded", &["false"])
            || cell.is_of(&ENDS_NOTHING, "recorded", &["false"])
    }),
    ("the row is of renewals that are due, in time, and of no matter for shared caches", |cell| {
        let row = ["good, a renewal is due"];
        cell.is_of(&row, "due", &["false"])
            || cell.is_of(&row, "timing", &["Late"])
            || cell.is_of(&row, "caches", &["Reuse"])
    }),
    ("the row is of answers that are in time, and of no matter for shared caches", |cell| {
        let rows = ["nothing, expired, refused; every client gets a session", "expired, refused; otherwise"];
        cell.is_of(&rows[..1], "begins_always", &["false"])
            || cell.is_of(&rows, "timing", &["LateAndKnown", "Late"])
            || cell.is_of(&rows, "caches", &["Reuse"])
    }),
];
const NOT_GOOD: [&str; 4] = [
    "left in place",
    "nothing, expired, refused; wrote",
    "nothing, expired, refused; every client gets a session",
    "expired, refused; otherwise",
];
const SENDS_NOTHING: [&str; 4] =
    ["left in place", "good, ended or moved meanwhile", "expired, refused; otherwise", "otherwise"];
const ENDS: [&str; 2] = ["logged out", "ended all others, and does not go on"];
/// A registration writes to a good session, and something begins with it.
const ENDS_NOTHING: [&str; 3] = [
    "good, a renewal is due",
    "nothing, expired, refused; wrote",
    "nothing, expired, refused; every client gets a session",
];

/// How often each cell was reached.
pub struct Coverage(Vec<u64>);

impl Default for Coverage {
    fn default() -> Self {
        Self(vec![0; CELLS])
    }
}

impl Coverage {
    /// What this thread's worlds have reached since it was asked before.
    pub fn take() -> Self {
        REACHED.take()
    }

    pub fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(count, more)| *count += more);
    }

    /// Cells that are said to be out of reach, and were reached.
    pub fn wrongly_unreachable(&self) -> Vec<String> {
        let told = |(_, cell): (u64, Cell)| cell.unreachable().map(|why| format!("{cell:?} (not: {why})"));
        self.cells().filter(|(count, _)| *count > 0).filter_map(told).collect()
    }

    fn cells(&self) -> impl Iterator<Item = (u64, Cell)> + '_ {
        self.0.iter().copied().zip((0..CELLS).map(Cell::at))
    }

    /// Reached, out of reach, and neither.
    fn parts(&self) -> (usize, Vec<Cell>, Vec<Cell>) {
        let missing = || self.cells().filter(|(count, _)| *count == 0).map(|(_, cell)| cell);
        let (out, yet): (Vec<_>, Vec<_>) = missing().partition(|cell| cell.unreachable().is_some());
        (CELLS - out.len() - yet.len(), out, yet)
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (reached, out, yet) = self.parts();
        let (out_len, yet_len) = (out.len(), yet.len());
        write!(
            f,
            "decision table: {reached} of {CELLS} cells reached, {out_len} out of reach, {yet_len} not yet"
        )?;
        for (why, covers) in UNREACHABLE {
            let cells = out.iter().filter(|cell| covers(cell)).count();
            write!(f, "\n  out of reach: {cells:>3}  {why}")?;
        }
        let mut groups: Vec<(String, Vec<String>)> = Vec::new();
        for (group, cell) in yet.iter().map(Cell::parts) {
            match groups.last_mut() {
                Some((last, cells)) if *last == group => cells.push(cell),
                _ => groups.push((group, vec![cell])),
            }
        }
        groups
            .iter()
            .try_for_each(|(group, cells)| write!(f, "\n  not reached yet: {group}: {}", cells.join(", ")))
    }
}

thread_local! {
    static REACHED: RefCell<Coverage> = RefCell::default();
}

/// Counts what this thread's worlds reach, until it is dropped.
pub fn watch() -> DefaultGuard {
    set_default(Watcher)
}

struct Watcher;

fn is_a_decision(metadata: &Metadata<'_>) -> bool {
    *metadata.level() == Level::TRACE
        && metadata.target() == "sealed_session"
        && metadata.fields().field("left_behind").is_some()
}

impl Subscriber for Watcher {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_a_decision(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_a_decision(metadata)
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut facts = Facts::default();
        event.record(&mut facts);
        REACHED.with_borrow_mut(|reached| facts.reach(&mut reached.0));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The facts of a decision, by their place in the lists above.
#[derive(Default)]
struct Facts {
    came: usize,
    left_behind: Word,
    logged_out: bool,
    counts: bool,
    ended: bool,
    went_on: bool,
    moved: bool,
    values: [usize; VALUES.len()],
}

impl Facts {
    fn reach(&self, counts: &mut [u64]) {
        let did =
            DID.iter().position(|(out, now, _)| (*out, *now) == (self.logged_out, self.left_behind.as_str()));
        let did = did.unwrap_or_else(|| panic!("{:?} is not in coverage.rs", self.left_behind.as_str()));
        let came = [(self.ended, ENDED), (self.moved, MOVED)];
        let came = came.iter().filter(|(is, _)| *is).map(|(_, came)| *came);
        let unchanged = (!self.ended && !self.moved).then_some(self.came);
        for came in came.chain(unchanged) {
            counts[(came * 2 + usize::from(self.counts)) * DID.len() + did] += 1;
        }
        let mut at = OF_REQUESTS + self.row() * VALUES_OF_A_ROW;
        for ((_, values), value) in VALUES.iter().zip(self.values) {
            counts[at + value] += 1;
            at += values.len();
        }
    }

    /// The first row of the table that fits.
    fn row(&self) -> usize {
        let (out, now) = (self.logged_out, self.left_behind.as_str());
        let value = |fact: &str| {
            let at = VALUES.iter().position(|(name, _)| *name == fact).unwrap_or_default();
            VALUES[at].1[self.values[at]]
        };
        let (came, is_shared) = (CAME[self.came], value("caches") == "Reuse");
        let in_time = value("timing") == "InTime" && !is_shared;
        match now {
            "LoggedIn" | "Changed" if out && self.counts => 1,
            _ if out && self.went_on => 12,
            _ if out => 0,
            "LoggedIn" if self.counts => 2,
            _ if came.starts_with("Left") => 3,
            _ if came == "Good" && (self.ended || self.moved) => 6,
            "Cycled" if came == "Good" && self.counts => 4,
            "Changed" if came == "Good" && self.counts => 5,
            _ if came == "Good" => {
                let renewed =
                    self.counts && value("due") == "true" && value("timing") != "Late" && !is_shared;
                if renewed { 7 } else { 11 }
            }
            "Changed" | "Cycled" if self.counts => 8,
            _ if value("begins_always") == "true" && self.counts && in_time => 9,
            _ if came != "Nothing" && in_time => 10,
            _ => 11,
        }
    }

    fn value(&mut self, fact: &str, value: &str) {
        let Some(at) = VALUES.iter().position(|(name, _)| *name == fact) else { return };
        let place = VALUES[at].1.iter().position(|known| *known == value);
        self.values[at] = place.unwrap_or_else(|| panic!("{fact} = {value} is not in coverage.rs"));
    }
}

impl Visit for Facts {
    fn record_bool(&mut self, field: &Field, value: bool) {
        match field.name() {
            "logged_out" => self.logged_out = value,
            "counts" => self.counts = value,
            "ended" => self.ended = value,
            "went_on" => self.went_on = value,
            "moved" => self.moved = value,
            name => self.value(name, if value { "true" } else { "false" }),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let name = field.name();
        if !["came", "left_behind", "of_device", "timing", "caches"].contains(&name) {
            return;
        }
        let mut word = Word::default();
        let _ = write!(word, "{value:?}");
        match name {
            "came" => {
                let place = CAME.iter().position(|known| *known == word.as_str());
                self.came = place.unwrap_or_else(|| panic!("{:?} is not in coverage.rs", word.as_str()));
            }
            "left_behind" => self.left_behind = word,
            _ => self.value(name, word.as_str()),
        }
    }
}

/// A short text that allocates nothing.
#[derive(Default)]
struct Word {
    bytes: [u8; 32],
    len: usize,
}

impl Word {
    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}

impl fmt::Write for Word {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len + text.len();
        self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_has_a_name_of_its_own() {
        assert_eq!(VALUES.iter().map(|(_, values)| values.len()).sum::<usize>(), VALUES_OF_A_ROW);
        let names: std::collections::BTreeSet<_> = (0..CELLS).map(|at| Cell::at(at).parts()).collect();
        assert_eq!(names.len(), CELLS);
    }

    #[test]
    fn every_reason_covers_a_cell() {
        for (why, covers) in UNREACHABLE {
            assert!((0..CELLS).any(|at| covers(&Cell::at(at))), "{why}");
        }
    }
}
