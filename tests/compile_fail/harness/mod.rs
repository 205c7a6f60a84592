//! Compiles programs against this crate, without any of its features, and compares where they are refused
//! with where they say so.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const MARK: &str = "//~ ";
const MANIFEST: &str = r#"
[package]
name = "compile-fail"
edition = "2024"

[dependencies]
sealed-session = { path = "ROOT", default-features = false }
serde_json = "1"

[workspace]
"#;

/// A line and the code of an error in it.
type Refusal = (usize, String);

/// A program that says in which lines it must be refused.
pub(crate) struct Program {
    name: String,
    source: String,
}

impl Program {
    pub(crate) fn new(name: &str, source: &str) -> Self {
        Self { name: name.to_owned(), source: source.to_owned() }
    }

    /// The programs in `tests/compile_fail`.
    pub(crate) fn all() -> Vec<Self> {
        let folder = root().join("tests/compile_fail");
        let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let programs = paths.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
        programs.map(|path| Self::new(&stem(&path), &fs::read_to_string(&path).unwrap())).collect()
    }

    /// How many lines it marks.
    pub(crate) fn marks(&self) -> usize {
        self.marked().len()
    }

    fn marked(&self) -> BTreeSet<Refusal> {
        let lines = (1..).zip(self.source.lines());
        lines.filter_map(|(at, line)| line.split_once(MARK).map(|(_, code)| (at, code.to_owned()))).collect()
    }

    /// The same program without the marked lines.
    fn without_marked(&self) -> String {
        let lines = self.source.lines().filter(|line| !line.contains(MARK));
        lines.flat_map(|line| [line, "\n"]).collect()
    }

    fn twin(&self) -> String {
        format!("{}_twin", self.name)
    }

    /// What is wrong with it, given all that was refused.
    fn complaints(&self, refused: &[(String, Refusal)]) -> Vec<String> {
        let of = |name: String| -> BTreeSet<Refusal> {
            refused
                .iter()
                .filter(|(program, _)| *program == name)
                .map(|(_, refusal)| refusal.clone())
                .collect()
        };
        let (marked, found, twin) = (self.marked(), of(self.name.clone()), of(self.twin()));
        let missing =
            marked.difference(&found).map(|(line, code)| format!("line {line} is not refused with {code}"));
        let more =
            found.difference(&marked).map(|(line, code)| format!("line {line} is refused with {code}"));
        let twin = twin.iter().map(|(line, code)| format!("without its marked lines: {code} in line {line}"));
        missing.chain(more).chain(twin).map(|complaint| format!("{}: {complaint}", self.name)).collect()
    }
}

/// What is wrong with the programs; nothing if each is refused as it says.
pub(crate) fn check(programs: &[Program]) -> Vec<String> {
    // Each call has a project of its own, because tests run at the same time; what they build is shared.
    let project = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile-fail").join(&programs[0].name);
    write_project(&project, programs);
    let refused = refusals(&project);
    let is_program =
        |name: &str| programs.iter().any(|program| program.name == name || program.twin() == name);
    let other = refused.iter().find(|(name, _)| !is_program(name));
    assert!(other.is_none(), "what the programs need does not compile: {other:?}");
    programs.iter().flat_map(|program| program.complaints(&refused)).collect()
}

fn write_project(project: &Path, programs: &[Program]) {
    let _ = fs::remove_dir_all(project);
    let bins = project.join("src/bin");
    fs::create_dir_all(&bins).unwrap();
    fs::write(project.join("Cargo.toml"), MANIFEST.replace("ROOT", &root().display().to_string())).unwrap();
    // The versions that this crate is tested with, which are there already.
    let _ = fs::copy(root().join("Cargo.lock"), project.join("Cargo.lock"));
    for program in programs {
        fs::write(bins.join(format!("{}.rs", program.name)), &program.source).unwrap();
        fs::write(bins.join(format!("{}.rs", program.twin())), program.without_marked()).unwrap();
    }
}

/// Every error of every program.
fn refusals(project: &Path) -> Vec<(String, Refusal)> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let output = Command::new(cargo)
        .args(["check", "--offline", "--bins", "--keep-going", "--message-format=json", "--target-dir"])
        .arg(project.parent().unwrap().join("target"))
        .current_dir(project)
        // Flags that forbid warnings would refuse what is only unused.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let messages: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let finished = messages.iter().any(|message| message["reason"] == "build-finished");
    assert!(finished, "cargo did not come to the programs: {}", String::from_utf8_lossy(&output.stderr));
    messages.iter().filter_map(refusal).collect()
}

/// The program, line and code of a message that is an error. One without a place only counts the others.
fn refusal(message: &Value) -> Option<(String, Refusal)> {
    let (name, error) = (message["target"]["name"].as_str()?, &message["message"]);
    let is_primary = |span: &&Value| span["is_primary"] == true;
    let span = error["spans"].as_array()?.iter().find(is_primary).filter(|_| error["level"] == "error")?;
    let line = usize::try_from(span["line_start"].as_u64()?).ok()?;
    Some((name.to_owned(), (line, error["code"]["code"].as_str().unwrap_or("no code").to_owned())))
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}
