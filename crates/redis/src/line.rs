//! The connection: made when it is needed, given up when anything is wrong with it, and made anew.

use std::net::ToSocketAddrs as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::{Client, Cmd, Connection, ConnectionAddr, ConnectionInfo, FromRedisValue};
use redis::{ErrorKind, RedisConnectionInfo, RedisError, RedisResult, ServerErrorKind};
use sealed_session::revocation::BackendError;

use super::trouble::{explain, judge};

/// Where Redis is, and how long to wait for it.
pub(super) struct Server {
    pub(super) info: ConnectionInfo,
    pub(super) connect_timeout: Duration,
    pub(super) response_timeout: Duration,
    pub(super) accept_eviction: bool,
}

/// A connection to a server, sooner or later. Each question has one answer: those of a pipeline would each be waited
/// for, however slow the first. A connection that had any error is given up: an answer may come later, and the name of
/// a server that is no longer the primary may lead to another by now.
pub(super) struct Line {
    server: Arc<Server>,
    connection: Option<Connection>,
}

/// Why there is no answer.
enum Trouble {
    Redis(RedisError),
    /// This server will not do.
    Unfit(BackendError),
}

impl From<RedisError> for Trouble {
    fn from(error: RedisError) -> Self {
        Self::Redis(error)
    }
}

/// What came of a question.
pub(super) enum Asked<T> {
    Answered(T),
    /// The connection was cut, and there is so much time left.
    Cut(Wait),
}

/// For how long to wait, for all that a question takes.
#[derive(Clone, Copy)]
pub(super) struct Wait {
    since: Instant,
    time: Duration,
}

impl Wait {
    fn left(self) -> RedisResult<Duration> {
        let left = self.time.checked_sub(self.since.elapsed()).filter(|left| !left.is_zero());
        left.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::TimedOut).into())
    }
}

impl Line {
    pub(super) fn new(server: Arc<Server>) -> Self {
        Self { server, connection: None }
    }

    pub(super) fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// Connects, if that was not done yet.
    pub(super) fn open(&mut self) -> Result<(), BackendError> {
        let wait = self.wait(Duration::ZERO);
        let opened = self.take(wait).map(|connection| self.connection = Some(connection));
        opened.map_err(|trouble| self.explain(trouble))
    }

    /// Asks, and once more if a connection that had been there turns out to be cut. For what may be done twice, in the
    /// same words.
    pub(super) fn ask<T: FromRedisValue>(&mut self, command: &Cmd) -> Result<T, BackendError> {
        match self.ask_first(command)? {
            Asked::Answered(answer) => Ok(answer),
            Asked::Cut(wait) => self.ask_again(command, wait),
        }
    }

    /// Asks; whether a connection that had been there turned out to be cut. It may have been done all the same, and
    /// another server may be asked next.
    pub(super) fn ask_first<T: FromRedisValue>(&mut self, command: &Cmd) -> Result<Asked<T>, BackendError> {
        let (was_there, wait) = (self.connection.is_some(), self.wait(Duration::ZERO));
        match self.try_once(command, wait) {
            Err(Trouble::Redis(error)) if was_there && is_cut(&error) => Ok(Asked::Cut(wait)),
            answer => answer.map(Asked::Answered).map_err(|trouble| self.explain(trouble)),
        }
    }

    /// Asks within the time that is left.
    pub(super) fn ask_again<T: FromRedisValue>(
        &mut self,
        command: &Cmd,
        wait: Wait,
    ) -> Result<T, BackendError> {
        self.try_once(command, wait).map_err(|trouble| self.explain(trouble))
    }

    /// Asks once.
    pub(super) fn ask_once<T: FromRedisValue>(&mut self, command: &Cmd) -> Result<T, BackendError> {
        self.ask_once_for(command, Duration::ZERO)
    }

    /// Asks once for what takes Redis so long.
    pub(super) fn ask_once_for<T: FromRedisValue>(
        &mut self,
        command: &Cmd,
        time: Duration,
    ) -> Result<T, BackendError> {
        self.ask_again(command, self.wait(time))
    }

    fn wait(&self, time: Duration) -> Wait {
        Wait { since: Instant::now(), time: self.server.response_timeout.saturating_add(time) }
    }

    fn explain(&self, trouble: Trouble) -> BackendError {
        match trouble {
            Trouble::Redis(error) => explain(&error, &self.server),
            Trouble::Unfit(error) => error,
        }
    }

    fn try_once<T: FromRedisValue>(&mut self, command: &Cmd, wait: Wait) -> Result<T, Trouble> {
        let mut connection = self.take(wait)?;
        let answer = query(&mut connection, command, wait)?;
        self.connection = Some(connection);
        Ok(answer)
    }

    fn take(&mut self, wait: Wait) -> Result<Connection, Trouble> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => connect(&self.server, wait),
        }
    }
}

/// Asks; what the time left is counts for the answer, or for more of it.
fn query<T: FromRedisValue>(connection: &mut Connection, command: &Cmd, wait: Wait) -> RedisResult<T> {
    let left = Some(wait.left()?);
    connection.set_read_timeout(left)?;
    connection.set_write_timeout(left)?;
    command.query(connection)
}

/// User and database are settled here, since the library asks for them in a pipeline.
fn connect(server: &Server, wait: Wait) -> Result<Connection, Trouble> {
    let (addr, settings) = (server.info.addr(), server.info.redis_settings());
    let bare = RedisConnectionInfo::default().set_skip_set_lib_name();
    let client = Client::open(server.info.clone().set_redis_settings(bare))?;
    let time = wait.left()?.min(server.connect_timeout) / addresses(addr)?;
    let mut connection = client.get_connection_with_timeout(time.max(Duration::from_millis(1)))?;
    if let Some(password) = settings.password() {
        let mut command = redis::cmd("AUTH");
        command.arg(settings.username()).arg(password);
        query::<()>(&mut connection, &command, wait).map_err(of_password)?;
    }
    if settings.db() != 0 {
        query::<()>(&mut connection, redis::cmd("SELECT").arg(settings.db()), wait)?;
    }
    let info = match query::<String>(&mut connection, redis::cmd("INFO").arg("default"), wait) {
        Ok(info) => info,
        Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm) => return Ok(connection),
        Err(error) => return Err(error.into()),
    };
    judge(server, &info).map_err(Trouble::Unfit)?;
    Ok(connection)
}

/// How many are tried, one after another.
fn addresses(addr: &ConnectionAddr) -> RedisResult<u32> {
    let ConnectionAddr::Tcp(host, port) = addr else { return Ok(1) };
    let count = (host.as_str(), *port).to_socket_addrs()?.count();
    Ok(u32::try_from(count).unwrap_or(u32::MAX).max(1))
}

/// Whatever is wrong with a password: some servers repeat it.
fn of_password(error: RedisError) -> RedisError {
    let is_of_password = match error.kind() {
        ErrorKind::Server(kind) => kind == ServerErrorKind::ResponseError && !is_full(&error),
        ErrorKind::Extension => true,
        _ => false,
    };
    if is_of_password { (ErrorKind::AuthenticationFailed, "AUTH was refused").into() } else { error }
}

fn is_full(error: &RedisError) -> bool {
    error.detail().is_some_and(|said| said.contains("max number of clients"))
}

/// Cut, rather than slow.
fn is_cut(error: &RedisError) -> bool {
    error.is_io_error() && !error.is_timeout()
}
