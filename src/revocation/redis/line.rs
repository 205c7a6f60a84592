//! The connection: made when it is needed, given up when anything is wrong with it, and made anew.

use std::sync::Arc;
use std::time::Duration;

use redis::{Client, Connection, ErrorKind, RedisError, RedisResult, ServerErrorKind};

use super::trouble::explain;
use crate::revocation::BackendError;

/// Where Redis is, and how long to wait for it.
pub(super) struct Server {
    pub(super) client: Client,
    pub(super) connect_timeout: Duration,
    pub(super) response_timeout: Duration,
}

/// A connection to a server, sooner or later. What is asked has one answer: of several, as those of a pipeline, each
/// would be waited for, however slow the first.
pub(super) struct Line {
    server: Arc<Server>,
    connection: Option<Connection>,
    run: Option<Run>,
    restarted: bool,
}

/// Which start of the server a connection is to; not every user may know.
#[derive(PartialEq, Eq)]
enum Run {
    Known(String),
    Unknown,
}

impl Line {
    pub(super) fn new(server: Arc<Server>) -> Self {
        Self { server, connection: None, run: None, restarted: false }
    }

    pub(super) fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// Asks, and once more if a connection that had been there turns out to be cut. For what may be done twice.
    pub(super) fn ask<T>(
        &mut self,
        question: impl Fn(&mut Connection) -> RedisResult<T>,
    ) -> Result<T, BackendError> {
        let was_there = self.connection.is_some();
        match self.try_once(&question) {
            Err(error) if was_there && is_cut(&error) => {
                self.try_once(&question).map_err(|error| explain(&error, &self.server))
            }
            answer => answer.map_err(|error| explain(&error, &self.server)),
        }
    }

    /// Asks once.
    pub(super) fn ask_once<T>(
        &mut self,
        question: impl Fn(&mut Connection) -> RedisResult<T>,
    ) -> Result<T, BackendError> {
        self.try_once(question).map_err(|error| explain(&error, &self.server))
    }

    /// Whether, since the last time that this was asked, the server has been started anew: it may have lost what it
    /// answered last.
    pub(super) fn has_restarted(&mut self) -> bool {
        std::mem::take(&mut self.restarted)
    }

    fn try_once<T>(&mut self, question: impl Fn(&mut Connection) -> RedisResult<T>) -> RedisResult<T> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let answer = question(&mut connection);
        if answer.as_ref().err().is_none_or(leaves_connection) {
            self.connection = Some(connection);
        }
        answer
    }

    fn connect(&mut self) -> RedisResult<Connection> {
        let Server { client, connect_timeout, response_timeout } = &*self.server;
        let mut connection = client.get_connection_with_timeout(*connect_timeout)?;
        connection.set_read_timeout(Some(*response_timeout))?;
        connection.set_write_timeout(Some(*response_timeout))?;
        let run = run(&mut connection)?;
        let same = match &self.run {
            None => true,
            Some(before) => *before == run && run != Run::Unknown,
        };
        self.restarted |= !same;
        self.run = Some(run);
        Ok(connection)
    }
}

/// Everything that the server says of itself; nothing where it does not want to.
pub(super) fn info(connection: &mut Connection, section: &str) -> RedisResult<Option<String>> {
    match redis::cmd("INFO").arg(section).query(connection) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm) => Ok(None),
        Err(error) => Err(error),
    }
}

/// One of the things that the server says of itself.
pub(super) fn said<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim_end)
}

fn run(connection: &mut Connection) -> RedisResult<Run> {
    let info = info(connection, "server")?;
    let id = info.as_deref().and_then(|info| said(info, "run_id"));
    Ok(id.map_or(Run::Unknown, |id| Run::Known(id.to_owned())))
}

/// After these the connection is as good as before. A replica may have been the primary before; its name may lead to
/// another server by now.
fn leaves_connection(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::Server(kind) => {
            !matches!(kind, ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown | ServerErrorKind::Moved)
        }
        ErrorKind::Extension => true,
        _ => false,
    }
}

/// Cut, rather than slow.
fn is_cut(error: &RedisError) -> bool {
    error.is_io_error() && !error.is_timeout()
}
