//! The secrets of the scenarios. A process of its own computes what to look for, so that this one never has
//! a copy that sealed-session did not make.

use std::process::Command;

use patterns::{Pattern, of_message, of_root, root_bytes};
use sealed_session::RootSecret;
use sealed_session::hazmat::Context;

use crate::needles;

/// Within daily epoch 20775.
pub const NOW: u64 = 1_795_000_000_000;
pub const DAY_MS: u64 = 86_400_000;
/// The salt of every token here.
pub const SALT: [u8; 24] = [0x5A; 24];
pub const APP: &str = "shop";
pub const COOKIE: &str = "sid";
/// The cookie under a root that does not rotate.
pub const FIXED: Context<'_> = Context { app_id: APP, cookie_name: COOKIE, period_s: 0, epoch: 0 };
/// What a decrypted record looks like: it begins with two equal times, and nothing else has times big-endian.
pub const RECORD: &str = "decrypted record";

/// The roots, by number and length.
const ROOTS: [(u8, usize); 5] = [(1, 32), (2, 64), (3, 33), (4, 48), (5, 32)];

/// Root secret number 1 to 5.
pub fn root(number: u8) -> RootSecret {
    let len = ROOTS.iter().find(|(known, _)| *known == number).expect("a known root").1;
    RootSecret::from_bytes(&root_bytes(number, len)).expect("32 to 64 bytes")
}

/// Everything that can be derived of the roots in the scenarios.
pub fn patterns() -> Vec<Pattern> {
    let mut all = Vec::new();
    for (number, len) in ROOTS {
        let bytes = root_bytes(number, len);
        all.extend(of_root(&bytes));
        all.extend(of_message(&bytes, &FIXED, &SALT));
        for epoch in 20_774..=20_778 {
            let daily = Context { period_s: 86_400, epoch, ..FIXED };
            all.extend(of_message(&bytes, &daily, &SALT));
        }
    }
    all
}

/// What [`learn`] reads: a line for each secret, with its name and its masked pieces.
pub fn print_masked() {
    let print = |name: &str, secret: &[u8]| {
        let pieces = needles::masked(secret).into_iter().map(|piece| format!("{piece:016x}"));
        println!("{name}\t{}", pieces.collect::<Vec<_>>().join(" "));
    };
    patterns().iter().for_each(|pattern| print(pattern.name, &pattern.bytes));
    print(RECORD, &[NOW.to_be_bytes(); 2].concat());
}

/// Runs this program again to compute the masked secrets, and looks for them from now on.
pub fn learn() {
    let this = std::env::current_exe().expect("a program has a file");
    let output = Command::new(this).arg("print-masked").output().expect("this program runs");
    let text = String::from_utf8(output.stdout).expect("text");
    for line in text.lines() {
        let (name, pieces) = line.split_once('\t').expect("a name and its pieces");
        let pieces = pieces.split(' ').map(|piece| u64::from_str_radix(piece, 16).expect("a masked piece"));
        needles::add(name.to_owned().leak(), &pieces.collect::<Vec<_>>());
    }
}
