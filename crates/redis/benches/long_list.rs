//! What a list of a million revocations costs, from Redis: `cargo bench -p sealed-session-redis`, with
//! `REDIS_URL=redis://127.0.0.1:6379`, a database of its own that is empty.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "it prints what it measures")]

#[path = "../../../benches/common/long_list.rs"]
mod long_list;

use sealed_session_redis::RedisBackend;

fn main() {
    let Ok(url) = std::env::var("REDIS_URL") else {
        println!("not measured: REDIS_URL names no Redis");
        return;
    };
    let open = || RedisBackend::open(&url).unwrap();
    long_list::started("Redis", open(), open());
}
