//! `examples/actix_web.rs`, as a program, over TCP.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, Response, redirect};

/// Far more than it takes to start: who says nothing by then hangs.
const DEADLINE: Duration = Duration::from_secs(60);

/// The example at work. It is killed when the test ends.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start() -> Self {
        let mut command = Command::new(crate::example::built("actix_web"));
        let mut child = command.args(["--port", "0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            sender.send(line)
        });
        let mut server = Self { child, url: String::new() };
        let line = receiver.recv_timeout(DEADLINE).expect("it tells in time where it listens");
        let port = line.trim().strip_prefix("listening on http://localhost:").unwrap();
        server.url = format!("http://127.0.0.1:{port}");
        server
    }

    fn request(&self, method: Method, path: &str, cookie: &str) -> RequestBuilder {
        // Its cookie is Secure, so a client that keeps cookies would not send it over http.
        let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        client.request(method, format!("{}{path}", self.url)).header(COOKIE, cookie)
    }

    async fn visit(&self, cookie: &str) -> Response {
        self.request(Method::GET, "", cookie).send().await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail when it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn cookie(response: &Response) -> String {
    let set = response.headers().get(SET_COOKIE).unwrap().to_str().unwrap();
    assert!(set.contains("; HttpOnly; SameSite=Lax; Secure; Path=/"), "{set}");
    set.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn the_example_counts_logs_in_and_logs_out() {
    let server = Server::start();
    let first = server.visit("").await;
    let anonymous = cookie(&first);
    assert!(anonymous.starts_with("__Host-session=") && first.text().await.unwrap().contains("Visit 1"));

    let form = [("user", "ferris")];
    let login = server.request(Method::POST, "login", &anonymous).form(&form).send().await.unwrap();
    assert_eq!((login.status().as_u16(), login.headers()[LOCATION].to_str().unwrap()), (303, "/"));
    let second = server.visit(&cookie(&login)).await;
    let logged_in = cookie(&second);
    let page = second.text().await.unwrap();
    assert!(page.contains("Visit 2 of ferris"), "{page}");

    let logout = server.request(Method::POST, "logout", &logged_in).send().await.unwrap();
    assert!(logout.status() == 303 && cookie(&logout) == "__Host-session=");
    assert!(server.visit("").await.text().await.unwrap().contains("Visit 1"));
}

#[tokio::test]
async fn the_example_refuses_a_name_that_is_no_word() {
    let server = Server::start();
    for user in ["", "<script>", "a b"] {
        let login = server.request(Method::POST, "login", "").form(&[("user", user)]).send().await.unwrap();
        assert!(login.status() == 400 && login.headers().get(SET_COOKIE).is_none(), "{user}");
    }
}
