//! How many cases, and which, as the environment says.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

pub(crate) fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// A generator whose seed a failed run prints.
pub(crate) fn generator() -> StdRng {
    let seed = setting("DIFFERENTIAL_SEED", rand::rng().random());
    println!("DIFFERENTIAL_SEED={seed}");
    StdRng::seed_from_u64(seed)
}
