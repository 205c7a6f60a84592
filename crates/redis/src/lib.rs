//! Revocations of [`sealed_session`] in Redis: for many machines.
//!
//! ```no_run
//! use sealed_session::revocation::Revocations;
//! use sealed_session::{KeyRing, SealedStore};
//! use sealed_session_redis::RedisBackend;
//!
//! let backend = RedisBackend::open("redis://:password@10.0.0.7:6379/0")?;
//! let revocations = Revocations::builder().with_backend(backend)?;
//! let store = SealedStore::builder(KeyRing::load("ring.json")?).revocations(revocations).build()?;
//! # let _ = store;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where to read
//!
//! `text` has the keys and what is in them, `record` the one way in which revocations are written, `news` how
//! they are read, `purge` what is removed, `leap` what its clock may do to that, `listen` how a server is woken by news, `sharers` who shares the list,
//! `registry` the sessions, `line` the connection, `trouble` what can be wrong with it. Scripts ask for what has to be
//! one step, and of a primary only.

#![forbid(unsafe_code)]

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::{ConnectionInfo, IntoConnectionInfo as _};
use sealed_session::SessionUid;
use sealed_session::registry::SessionInfo;
use sealed_session::revocation::{Backend, BackendError, Change, Listener, News, Scope, Sharer};

use leap::TimeThere;
use line::{Line, Server};
use purge::ReadBefore;
use text::Keys;

/// A script, behind what makes sure that only a primary answers.
macro_rules! script {
    ($($file:literal),+) => {{
        let mut command = redis::cmd("EVAL");
        command.arg(concat!(include_str!("primary.lua"), $(include_str!($file)),+));
        command
    }};
}

mod leap;
mod line;
mod listen;
mod news;
mod purge;
mod record;
mod registry;
mod sharers;
mod text;
mod trouble;

/// So many news, keys or expired sessions are asked for at a time, and so many entries are recorded again.
const PAGE: usize = 1000;
/// The last time at which Redis can let a key expire. What is revoked for longer is so until then, in the year
/// 292,278,994.
const LAST_EXPIRY_MS: u64 = i64::MAX.unsigned_abs();

/// Keeps what is revoked in Redis 6.2 or later, or in Valkey, for servers on many machines.
///
/// - Each revocation is a key that expires by itself, by the clock of Redis. That clock is one more of those that the
///   leeway has to cover. Once it was set, ahead or back, the servers that run record again what they know.
/// - News come by a stream; servers wait on it, and refuse what another has revoked within milliseconds.
/// - A connection that is cut is made anew. A slow Redis is given up after [`response_timeout`], connecting included,
///   and is not asked again for what it did not answer. Whoever opens sessions waits for none of it.
/// - Only a primary counts: every question makes sure that Redis is one. A primary that was demoted beneath an open
///   connection answers with an error, its answers make nothing younger, and the connection is made anew, to whatever
///   its name leads to then.
/// - Every step in which something is recorded has a random mark. A server looks up the last one that it knows each time,
///   and so notices a Redis that was flushed, restored from a backup, or replaced by a replica that lagged, however much
///   was written since: it reads everything anew, and records again what it knows. It does the same, needlessly, after it
///   was away for more news than are [kept](RedisBackendBuilder::news_kept).
///
/// # What Redis promises
///
/// What is acknowledged is as durable as Redis is set to be: with `appendonly yes` and `appendfsync always` it
/// outlives a crash; with `everysec`, the default of `appendonly`, the last second may be lost; without
/// `appendonly` all since the last snapshot. A replica that takes over may lack what was acknowledged last: none is
/// waited for (`WAIT`). Servers that run record again what they know; what was lost while none ran is lost. While two
/// primaries run side by side, servers on one do not hear of what the others revoke: set `min-replicas-to-write`, so that
/// a primary that was cut off takes no writes, which health says.
///
/// Redis must not evict: with a `maxmemory` and a `maxmemory-policy` other than `noeviction` it would forget what is
/// revoked, so that is an [error](RedisBackendBuilder::open) unless it is
/// [accepted](RedisBackendBuilder::accept_eviction), also with each new connection. A user of Redis who may not ask for
/// `INFO` is not told, and finds out a replica by the first write only: let it be permitted.
///
/// # What it needs
///
/// - The commands `EVAL`, `INFO`, `SCAN`, `MGET`, `XREAD` and, in scripts, those of strings, hashes, sorted sets and
///   streams and `TIME`, on keys that begin with the prefix in braces. A start reads all keys of the database by `SCAN`:
///   give it one of its own where others keep millions.
/// - In a cluster all keys are in one slot. Name the node that has it: redirections are not followed.
/// - No TLS: put a tunnel or a private network between, since passwords and users cross it readably.
///
/// ```no_run
/// use sealed_session::revocation::Revocations;
/// use sealed_session_redis::RedisBackend;
///
/// let backend = RedisBackend::open("redis://:password@10.0.0.7:6379/0")?;
/// let revocations = Revocations::builder().with_backend(backend)?;
/// # let _ = revocations;
/// # Ok::<(), sealed_session::revocation::BackendError>(())
/// ```
///
/// [`response_timeout`]: RedisBackendBuilder::response_timeout
pub struct RedisBackend {
    line: Line,
    keys: Keys,
    news_kept: usize,
    /// The last step that this server knows: as it read or made it, whichever is later.
    known: Option<Step>,
    /// How far news were read, if everything was read once.
    read: Option<u64>,
    /// Redis may have lost something since everything was read.
    lost: bool,
    read_before: ReadBefore,
    /// What time it was there when that was last asked.
    time: Option<TimeThere>,
    /// Its clock was set since: some of what it kept may be gone, though its history is the same.
    leapt: bool,
}

/// One of the steps in which revocations were recorded.
#[derive(Debug, Clone, Default)]
struct Step {
    /// Which data it is of.
    epoch: String,
    /// How many news there were then.
    number: u64,
    /// What tells it from the step of another history that has the same number.
    mark: String,
}

impl RedisBackend {
    /// Connects to the Redis of this URL, with the defaults of [`RedisBackendBuilder`].
    ///
    /// # Errors
    /// As [`RedisBackendBuilder::open`].
    ///
    /// ```
    /// use sealed_session_redis::RedisBackend;
    ///
    /// let error = RedisBackend::open("http://:secret@127.0.0.1").unwrap_err();
    /// assert!(!error.to_string().contains("secret"));
    /// ```
    pub fn open(url: &str) -> Result<Self, BackendError> {
        Self::builder(url).open()
    }

    /// Starts the settings of a connection to the Redis of this URL: `redis://user:password@host:port/database`, or
    /// `redis+unix:///path?db=0&user=name&pass=password` for a socket.
    pub fn builder(url: &str) -> RedisBackendBuilder {
        RedisBackendBuilder {
            url: url.to_owned(),
            prefix: "sealed-session".to_owned(),
            connect_timeout: None,
            response_timeout: Duration::from_secs(2),
            news_kept: 10_000,
            accept_eviction: false,
        }
    }
}

impl Backend for RedisBackend {
    fn record(&mut self, changes: &[Change]) -> Result<(), BackendError> {
        self.record_all(changes)
    }

    fn news(&mut self) -> Result<News, BackendError> {
        self.read_news()
    }

    /// What has expired by the clock of Redis is gone already: no time later than that is returned.
    fn purge(&mut self, now_ms: u64, elapsed: Duration) -> Result<u64, BackendError> {
        self.purge_by(now_ms, elapsed)
    }

    fn put_sharer(&mut self, sharer: &Sharer) -> Result<(), BackendError> {
        self.write_sharer(sharer)
    }

    fn sharers(&mut self) -> Result<Vec<Sharer>, BackendError> {
        self.read_sharers()
    }

    fn add_session(
        &mut self,
        scope: &Scope,
        session: &SessionInfo,
        now_ms: u64,
    ) -> Result<Vec<SessionInfo>, BackendError> {
        registry::put(&mut self.line, &self.keys, scope, session, now_ms)
    }

    fn put_session(&mut self, scope: &Scope, session: &SessionInfo) -> Result<(), BackendError> {
        registry::put(&mut self.line, &self.keys, scope, session, 0).map(drop)
    }

    fn sessions(
        &mut self,
        scope: &Scope,
        user_id: &str,
        now_ms: u64,
    ) -> Result<Vec<SessionInfo>, BackendError> {
        registry::sessions(&mut self.line, &self.keys, scope, user_id, now_ms)
    }

    fn strike_session(
        &mut self,
        scope: &Scope,
        user_id: &str,
        uid: SessionUid,
    ) -> Result<bool, BackendError> {
        registry::strike(&mut self.line, &self.keys, scope, user_id, uid)
    }

    /// What expired more than a day ago may be gone already, and is not counted then.
    fn strike_expired(&mut self, now_ms: u64) -> Result<u64, BackendError> {
        registry::strike_expired(&mut self.line, &self.keys, now_ms)
    }

    /// A little more than one answer may take, so that the backend itself can say why there is none.
    fn timeout(&self) -> Duration {
        self.line.server().response_timeout.saturating_add(Duration::from_millis(100))
    }

    fn listener(&mut self) -> Option<Listener> {
        Some(listen::listener(Line::new(Arc::clone(self.line.server())), self.keys.clone()))
    }
}

/// Without user and password.
impl fmt::Debug for RedisBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.line.server().info.addr();
        f.debug_struct("RedisBackend").field("address", &address.to_string()).finish_non_exhaustive()
    }
}

/// Settings of a [`RedisBackend`]; each has a safe default.
///
/// ```no_run
/// use std::time::Duration;
/// use sealed_session_redis::RedisBackend;
///
/// let backend = RedisBackend::builder("redis://10.0.0.7")
///     .prefix("shop")
///     .response_timeout(Duration::from_millis(500))
///     .open()?;
/// # let _ = backend;
/// # Ok::<(), sealed_session::revocation::BackendError>(())
/// ```
#[must_use = "a builder does nothing until it is finished"]
pub struct RedisBackendBuilder {
    url: String,
    prefix: String,
    connect_timeout: Option<Duration>,
    response_timeout: Duration,
    news_kept: usize,
    accept_eviction: bool,
}

impl RedisBackendBuilder {
    /// What all keys begin with, in braces: servers share what is revoked if they share this. Not empty, and without
    /// braces. Default `sealed-session`.
    pub fn prefix(mut self, prefix: &str) -> Self {
        prefix.clone_into(&mut self.prefix);
        self
    }

    /// How long to wait for a connection, for all addresses together that the host's name has; not for the name itself,
    /// which is the operating system's to look up. It is part of the time for an answer, and not longer. By default it
    /// is all of that.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout.max(Duration::from_millis(1)));
        self
    }

    /// How long to wait for an answer, or for more of one, connecting and logging in included. Default 2 s.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.response_timeout = timeout.max(Duration::from_millis(1));
        self
    }

    /// About how many news are kept, at least one, and for an hour or two at most. A server that has been away for more
    /// reads everything. Default 10,000.
    pub fn news_kept(mut self, count: usize) -> Self {
        self.news_kept = count.max(1);
        self
    }

    /// Accepts a Redis that forgets what is revoked when its memory is short. Servers that run know it all the same;
    /// one that starts then does not.
    pub fn accept_eviction(mut self) -> Self {
        self.accept_eviction = true;
        self
    }

    /// Connects, and sees whether this Redis will do.
    ///
    /// # Errors
    /// [`BackendError`] when the URL or the prefix is wrong, connecting may take longer than an answer, or when Redis
    /// cannot be reached, refuses the password, is a replica, too old or no Redis, or may evict keys.
    pub fn open(self) -> Result<RedisBackend, BackendError> {
        let keys = Keys::new(&self.prefix)?;
        let mut line = Line::new(Arc::new(self.server()?));
        line.open()?;
        Ok(RedisBackend {
            line,
            keys,
            news_kept: self.news_kept,
            known: None,
            read: None,
            lost: false,
            read_before: ReadBefore::default(),
            time: None,
            leapt: false,
        })
    }

    fn server(&self) -> Result<Server, BackendError> {
        if self.url.starts_with("rediss:") || self.url.starts_with("valkeys:") {
            return Err(BackendError::new("Redis over TLS is not supported: use a tunnel"));
        }
        // What is wrong with a URL may be its password.
        let wrong =
            |_| BackendError::new("the URL is none of Redis: redis://user:password@host:port/database");
        let info: ConnectionInfo = self.url.as_str().into_connection_info().map_err(wrong)?;
        let Self { response_timeout, accept_eviction, .. } = *self;
        let connect_timeout = self.connect_timeout.unwrap_or(response_timeout);
        if connect_timeout > response_timeout {
            return Err(BackendError::new(format!(
                "connect_timeout is {} ms and response_timeout {} ms: connecting is part of the time for an answer, so \
                 let it be as long at most",
                connect_timeout.as_millis(),
                response_timeout.as_millis()
            )));
        }
        Ok(Server { info, connect_timeout, response_timeout, accept_eviction })
    }
}

/// The id of news in the stream.
fn id(number: u64) -> String {
    format!("{number}-0")
}

/// Without the URL, which has the password.
impl fmt::Debug for RedisBackendBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBackendBuilder").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// The examples of README.md are compiled as well.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
