//! A client that speaks HTTP/2: `:authority` instead of `Host`, and extended CONNECT.

use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};

use crate::site::Reply;

/// A connection to the server of a site.
pub(crate) struct Connection(SendRequest<Empty<Bytes>>);

impl Connection {
    pub(crate) async fn to(url: &str) -> Self {
        let stream = tokio::net::TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap();
        let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(async move { drop(connection.await) });
        Self(sender)
    }

    pub(crate) async fn send(&mut self, request: http::request::Builder) -> Reply {
        let response = self.0.send_request(request.body(Empty::new()).unwrap()).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        Reply { status, headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    /// The status of an answer that opens a tunnel, or does not.
    pub(crate) async fn connect(&mut self, request: http::request::Builder) -> StatusCode {
        let request: Request<Empty<Bytes>> = request.body(Empty::new()).unwrap();
        self.0.send_request(request).await.unwrap().status()
    }
}
