//! Asking servers, one line at a time.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::fleet::{Fleet, SERVERS};

/// Far more than an answer takes: without one by then the server hangs.
const DEADLINE: Duration = Duration::from_secs(30);

/// A client's connections, one to each server, made when they are needed.
pub(crate) struct Connections<'a> {
    fleet: &'a Fleet,
    open: [Option<BufReader<TcpStream>>; SERVERS],
}

impl<'a> Connections<'a> {
    pub(crate) fn to(fleet: &'a Fleet) -> Self {
        Self { fleet, open: [const { None }; SERVERS] }
    }

    /// The server's answer; none if it is down.
    pub(crate) fn ask(&mut self, server: usize, request: &str) -> Option<String> {
        let mut connection = match self.open[server].take() {
            Some(connection) => connection,
            None => connect(self.fleet.address(server)?)?,
        };
        let answer = exchange(&mut connection, request)?;
        self.open[server] = Some(connection);
        Some(answer)
    }
}

fn connect(address: SocketAddr) -> Option<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address).ok()?;
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    Some(BufReader::new(stream))
}

/// Nothing if the connection breaks before the answer is complete.
fn exchange(connection: &mut BufReader<TcpStream>, request: &str) -> Option<String> {
    connection.get_mut().write_all(format!("{request}\n").as_bytes()).ok()?;
    let mut answer = String::new();
    match connection.read_line(&mut answer) {
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("a server hangs"),
        read => read.ok()?,
    };
    answer.strip_suffix('\n').map(str::to_owned)
}
