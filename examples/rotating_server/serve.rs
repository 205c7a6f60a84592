//! Connections: a thread for each, and an end that leaves no request half answered.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;

/// No request is longer, because no token is.
const LONGEST_LINE: u64 = 16 * 1024;

/// Answers the lines of every client until `end` returns. Requests that were read by then are answered.
pub(crate) fn until(
    end: impl FnOnce() + Send,
    listener: &TcpListener,
    answer: impl Fn(&str) -> String + Sync,
) -> io::Result<()> {
    let (clients, answer, address) = (Clients::default(), &answer, listener.local_addr()?);
    thread::scope(|scope| {
        scope.spawn(|| {
            end();
            clients.close();
            // The loop below waits for a client, so it gets a last one.
            drop(TcpStream::connect(address));
        });
        for stream in listener.incoming() {
            // A client that has gone again before it was accepted is no reason to stop.
            let Ok(stream) = stream else { continue };
            let Some(stream) = clients.admit(stream) else { break };
            scope.spawn(move || {
                if let Err(error) = talk(&stream, answer) {
                    eprintln!("a client went away: {error}");
                }
            });
        }
    });
    Ok(())
}

fn talk(stream: &TcpStream, answer: impl Fn(&str) -> String) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = BufReader::new(stream);
    let mut line = String::new();
    loop {
        line.clear();
        input.by_ref().take(LONGEST_LINE).read_line(&mut line)?;
        // The end, or a line that is cut off or too long.
        let Some(request) = line.strip_suffix('\n') else { return Ok(()) };
        (&mut &*stream).write_all(format!("{}\n", answer(request)).as_bytes())?;
    }
}

/// Those who are connected; none any more once closed.
#[derive(Default)]
struct Clients(Mutex<Admission>);

#[derive(Default)]
struct Admission {
    closed: bool,
    inside: Vec<Weak<TcpStream>>,
}

impl Clients {
    fn admit(&self, stream: TcpStream) -> Option<Arc<TcpStream>> {
        let mut admission = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if admission.closed {
            return None;
        }
        let stream = Arc::new(stream);
        admission.inside.retain(|client| client.strong_count() > 0);
        admission.inside.push(Arc::downgrade(&stream));
        Some(stream)
    }

    /// Nobody can ask any more, but answers still go out.
    fn close(&self) {
        let mut admission = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        admission.closed = true;
        for client in admission.inside.iter().filter_map(Weak::upgrade) {
            // It fails if the client has gone.
            let _ = client.shutdown(Shutdown::Read);
        }
    }
}
