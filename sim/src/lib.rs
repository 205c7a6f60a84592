//! A deterministic simulation of the world in which sessions live, over the public interface of `sealed-session`.
//!
//! - `script`: what happens in a world, as data.
//! - `world`: plays a script, with `browser`, `server` and `app` as its actors.
//! - `oracle`: what must hold.
//!
//! README.md says what is simulated and what is not.

#![forbid(unsafe_code)]

mod app;
mod backend;
mod browser;
mod cache;
mod op;
mod oracle;
mod records;
mod request;
mod script;
mod sender;
mod server;
mod settings;
mod value;
mod witness;
mod world;

use std::panic;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

pub use oracle::Violation;
pub use script::Script;
pub use world::{Ran, run};

/// A promise that a script broke, and the shortest script found that breaks it.
pub struct Found {
    pub script: Script,
    pub violation: Violation,
    pub transcript: String,
}

/// Plays the world of a seed; what it breaks is shrunk.
pub fn play(seed: u64) -> Result<u64, Box<Found>> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut tree = script::scripts(seed).new_tree(&mut runner).expect("nothing is filtered");
    let ran = run(&tree.current());
    let Some(violation) = ran.violation else { return Ok(ran.events) };
    Err(Box::new(shrink(&mut tree, violation)))
}

/// The script of a seed.
pub fn script_of(seed: u64) -> Script {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    script::scripts(seed).new_tree(&mut runner).expect("nothing is filtered").current()
}

/// Leaves out and makes smaller what can be, as long as the same promise is broken.
fn shrink(tree: &mut impl ValueTree<Value = Script>, violation: Violation) -> Found {
    const TRIES: u32 = 5_000;
    let fails = |script: &Script| {
        let ran = run(script);
        ran.violation.filter(|broken| broken.rule == violation.rule).map(|broken| (broken, ran.transcript))
    };
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
    ron::ser::to_string_pretty(script, ron::ser::PrettyConfig::new().depth_limit(3)).expect("it is data")
}

/// A script from its text.
pub fn read(text: &str) -> Result<Script, String> {
    ron::from_str(text).map_err(|error| error.to_string())
}

/// Panics that a script asks for print nothing.
pub fn hide_wanted_panics() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if info.payload_as_str() != Some(app::WANTED) {
            before(info);
        }
    }));
}
