//! A site over TCP, for a load generator.

use std::io::{Read, Write};

use tokio::net::TcpListener;

use super::{NONE, Site, site};

/// Bytes of data in the session of the client.
pub const SIZE: usize = 512;

/// Serves a site of this name on one thread until standard input ends, at a port that is free. It prints the port,
/// and in the next line the header `Cookie` of a client with a session.
///
/// # Panics
/// When there is no such site, or no port.
pub fn serve(name: &str) {
    let site = site(name);
    if site.name != NONE {
        site.check(SIZE);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
    runtime.block_on(listen(site));
}

async fn listen(site: Site) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port that is free");
    let port = listener.local_addr().expect("it listens").port();
    let cookie = site.cookie(SIZE);
    let mut out = std::io::stdout().lock();
    writeln!(out, "{port}\n{}", cookie.to_str().expect("ASCII")).expect("somebody reads it");
    drop(out);
    std::thread::spawn(|| {
        // Who started the server has gone away, or wants it to.
        let ended = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(i32::from(ended.is_err()));
    });
    axum::serve(listener, site.app).await.expect("it serves until the process ends");
}
