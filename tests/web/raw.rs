//! Requests that no client library sends.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// What the server answers to a head, written as it stands.
pub(crate) async fn answer_to(url: &str, head: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(format!("{head}\r\nConnection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
