//! A server in another process: this test program run again.

use crate::sqlite;

#[test]
#[ignore = "what other processes do that the mix starts"]
fn serves() {
    sealed_session_testing::child::serve(sqlite::open);
}
