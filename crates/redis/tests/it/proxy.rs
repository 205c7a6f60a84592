//! A way to a server that can be cut, or held up.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

pub(crate) struct Proxy {
    port: u16,
    way: Arc<Way>,
}

#[derive(Default)]
struct Way {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    leads_to: u16,
    cut: bool,
    held: bool,
    /// After so many pieces of answers one is lost, and all connections with it.
    loses: Option<usize>,
    /// How many connections were made, and how often something was said on any.
    joined: usize,
    said: usize,
    streams: Vec<TcpStream>,
}

impl Proxy {
    pub(crate) fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let way = Arc::new(Way::default());
        way.state.lock().unwrap().leads_to = port;
        let proxy = Self { port: listener.local_addr().unwrap().port(), way: Arc::clone(&way) };
        thread::spawn(move || {
            for from in listener.incoming() {
                way.join(from.unwrap());
            }
        });
        proxy
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Leads new connections to another server, as a name with a new address does.
    pub(crate) fn lead_to(&self, port: u16) {
        self.way.state.lock().unwrap().leads_to = port;
    }

    /// How many connections were made, and how often something was said to the server.
    pub(crate) fn uses(&self) -> (usize, usize) {
        let state = self.way.state.lock().unwrap();
        (state.joined, state.said)
    }

    /// Cuts all connections, and new ones at once, or no longer.
    pub(crate) fn cut(&self, cut: bool) {
        let mut state = self.way.state.lock().unwrap();
        state.cut = cut;
        state.streams.drain(..).for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
    }

    /// Lets so many pieces of answers pass, loses the next, and cuts all connections.
    pub(crate) fn cut_at_answer(&self, passed: usize) {
        self.way.state.lock().unwrap().loses = Some(passed);
    }

    /// Keeps back what the server answers, or no longer; what was kept back then arrives.
    pub(crate) fn hold(&self, held: bool) {
        self.way.state.lock().unwrap().held = held;
        self.way.changed.notify_all();
    }
}

impl Way {
    fn join(self: &Arc<Self>, from: TcpStream) {
        let mut state = self.state.lock().unwrap();
        state.joined += 1;
        if state.cut {
            return;
        }
        // The server may be down.
        let Ok(to) = TcpStream::connect(("127.0.0.1", state.leads_to)) else { return };
        state.streams.extend([from.try_clone().unwrap(), to.try_clone().unwrap()]);
        let (from_too, to_too) = (from.try_clone().unwrap(), to.try_clone().unwrap());
        let way = Arc::clone(self);
        thread::spawn(move || pump(from, to, || way.state.lock().unwrap().said += 1));
        let way = Arc::clone(self);
        thread::spawn(move || pump(to_too, from_too, || way.wait()));
    }

    fn wait(&self) {
        let state = self.state.lock().unwrap();
        let mut state = self.changed.wait_while(state, |state| state.held).unwrap();
        if state.loses == Some(0) {
            state.loses = None;
            state.streams.drain(..).for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
        }
        state.loses = state.loses.map(|passed| passed.saturating_sub(1));
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream, before_each: impl Fn()) {
    let mut some = [0; 65536];
    while let Ok(count @ 1..) = from.read(&mut some) {
        before_each();
        if to.write_all(&some[..count]).is_err() {
            break;
        }
    }
    // It may be closed already.
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
