//! `examples/actix_web.rs`, as a program, over TCP.

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, Response, redirect};

use crate::server::Server;

fn start() -> Server {
    Server::start("actix_web")
}

fn request(server: &Server, method: Method, path: &str, cookie: &str) -> RequestBuilder {
    // Its cookie is Secure, so a client that keeps cookies would not send it over http.
    let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
    client.request(method, format!("{}/{path}", server.url)).header(COOKIE, cookie)
}

async fn visit(server: &Server, cookie: &str) -> Response {
    request(server, Method::GET, "", cookie).send().await.unwrap()
}

fn cookie(response: &Response) -> String {
    let set = response.headers().get(SET_COOKIE).unwrap().to_str().unwrap();
    assert!(set.contains("; HttpOnly; SameSite=Lax; Secure; Path=/"), "{set}");
    set.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn the_example_counts_logs_in_and_logs_out() {
    let server = start();
    let first = visit(&server, "").await;
    let anonymous = cookie(&first);
    assert!(anonymous.starts_with("__Host-session=") && first.text().await.unwrap().contains("Visit 1"));

    let form = [("user", "ferris")];
    let login = request(&server, Method::POST, "login", &anonymous).form(&form).send().await.unwrap();
    assert_eq!((login.status().as_u16(), login.headers()[LOCATION].to_str().unwrap()), (303, "/"));
    let second = visit(&server, &cookie(&login)).await;
    let logged_in = cookie(&second);
    let page = second.text().await.unwrap();
    assert!(page.contains("Visit 2 of ferris"), "{page}");

    let logout = request(&server, Method::POST, "logout", &logged_in).send().await.unwrap();
    assert!(logout.status() == 303 && cookie(&logout) == "__Host-session=");
    assert!(visit(&server, "").await.text().await.unwrap().contains("Visit 1"));
}

#[tokio::test]
async fn the_example_refuses_a_name_that_is_no_word() {
    let server = start();
    for user in ["", "<script>", "a b"] {
        let login = request(&server, Method::POST, "login", "").form(&[("user", user)]).send().await.unwrap();
        assert!(login.status() == 400 && login.headers().get(SET_COOKIE).is_none(), "{user}");
    }
}
