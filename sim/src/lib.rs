//! A deterministic simulation of the world in which sessions live, over the public interface of `sealed-session`.
//!
//! - `script`: what happens in a world, as data.
//! - `world`: plays a script, with `browser`, `server` and `app` as its actors.
//! - `oracle`, `rules`: what must hold.
//! - `runner`, `coverage`: plays many worlds, and counts what they reached.
//!
//! README.md says what is simulated and what is not.

#![forbid(unsafe_code)]

mod app;
pub mod arguments;
mod backend;
mod browser;
mod cache;
mod cookies;
mod coverage;
mod device;
mod draw;
mod jar;
mod op;
mod oracle;
mod other;
mod panics;
mod records;
mod request;
mod ring;
mod row;
mod rules;
pub mod runner;
mod script;
mod sender;
mod server;
mod settings;
mod theme;
mod value;
mod witness;
mod world;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

pub use panics::{judge, listen as listen_to_panics};
pub use rules::{Violation, turn_off};
pub use script::Script;
pub use world::Ran;

/// A promise that a script broke, and the shortest script found that breaks it.
pub struct Found {
    pub script: Script,
    pub violation: Violation,
    pub transcript: String,
}

/// The script of a seed.
pub fn script_of(seed: u64) -> Script {
    tree_of(seed).current()
}

/// The script of a seed, with what could be left out of it.
fn tree_of(seed: u64) -> impl ValueTree<Value = Script> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    draw::scripts(seed).new_tree(&mut runner).expect("nothing is filtered")
}

/// Leaves out and makes smaller what can be, as long as the same promise is broken.
pub fn shrunk(seed: u64, violation: &Violation) -> Found {
    const TRIES: u32 = 5_000;
    let fails = |script: &Script| {
        let ran = judge(script);
        ran.violation.filter(|broken| broken.rule == violation.rule).map(|broken| (broken, ran.transcript))
    };
    let mut tree = tree_of(seed);
    let mut best = tree.current();
    for _ in 0..TRIES {
        let changed = if fails(&tree.current()).is_some() {
            best = tree.current();
            tree.simplify()
        } else {
            tree.complicate()
        };
        if !changed {
            break;
        }
    }
    let (violation, transcript) = fails(&best).expect("it failed before");
    Found { script: best, violation, transcript }
}

/// A script in the text that files have.
pub fn written(script: &Script) -> String {
    let pretty = ron::ser::PrettyConfig::new().depth_limit(3);
    ron::ser::to_string_pretty(script, pretty).expect("it is data") + "\n"
}

/// A script from its text.
pub fn read(text: &str) -> Result<Script, String> {
    ron::from_str(text).map_err(|error| error.to_string())
}
