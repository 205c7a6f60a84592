//! Settings of the layer against forged requests that can have no effect.

use sealed_session::http::CsrfLayer;

fn trusting(origin: &str) -> Result<(), String> {
    CsrfLayer::builder().trust_origin(origin).build().map(drop).map_err(|error| error.to_string())
}

#[test]
fn an_origin_that_browsers_send_can_be_trusted() {
    for origin in [
        "https://shop.example",
        "https://app.shop.example:8443",
        "http://shop.example",
        "http://shop.example:443",
        "https://shop.example:80",
        "https://shop.example:65535",
        "http://localhost:3000",
        "https://my_host.example",
        "https://xn--bcher-kva.example",
        "https://192.0.2.1",
        "https://[2001:db8::1]",
        "https://[::1]:8443",
        "https://[::ffff:c000:201]",
        "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
        "moz-extension://0f9b2f4e-3c41-4a1b-9d0a-1f2e3d4c5b6a",
        "capacitor://localhost",
    ] {
        assert_eq!(trusting(origin), Ok(()), "{origin}");
    }
}

#[test]
fn an_origin_that_no_browser_sends_is_an_error_when_built() {
    let long_label = format!("https://{}.example", "a".repeat(64));
    let long_name = format!("https://{}example", "a.".repeat(130));
    for origin in [
        "",
        "null",
        "*",
        "shop.example",
        "//shop.example",
        "https:shop.example",
        "https:/shop.example",
        "https://",
        "https://:8443",
        "https://*.shop.example",
        "https://*",
        "https://shop.*",
        "https://shop.example/",
        "https://shop.example/path",
        "https://shop.example?",
        "https://shop.example#x",
        "https://a@shop.example",
        "https://a:b@shop.example",
        "https://Shop.example",
        "HTTPS://shop.example",
        " https://shop.example",
        "https://shop.example ",
        "https://shop.example,https://app.shop.example",
        "https://shop.example https://app.shop.example",
        "https://shop.example:",
        "https://shop.example:443",
        "http://shop.example:80",
        "https://shop.example:0",
        "https://shop.example:08443",
        "https://shop.example:99999",
        "https://shop.example:65536",
        "https://shop.example:-1",
        "https://shop.example:+8443",
        "https://shop.example:x",
        "https://shop.example:*",
        "https://shop.example.",
        "https://shop..example",
        "https://.shop.example",
        "https://shop%2eexample",
        "https://bücher.example",
        "https://xn--.example",
        "https://1.2.3",
        "https://192.0.2.256",
        "https://192.0.2.01",
        "https://0x7f.1",
        "https://3221225985",
        "https://[::1",
        "https://::1",
        "https://[]",
        "https://[::g]",
        "https://[0:0:0:0:0:0:0:1]",
        "https://[2001:DB8::1]",
        "https://[2001:db8:0::1]",
        "https://[::ffff:192.0.2.1]",
        "https://[fe80::1%eth0]",
        "https://[192.0.2.1]",
        "ftp://shop.example",
        "ws://shop.example",
        "wss://shop.example",
        "file://",
        "file:///tmp",
        "data:text/html,x",
        "about:blank",
        "blob:https://shop.example",
        "htps://shop.example",
        "chrome-extension://abcdefghijklmnopabcdefghijklmnop:8080",
        &long_label,
        &long_name,
    ] {
        let error = trusting(origin).expect_err(origin);
        assert!(
            error.contains("is no origin") && error.contains("https://app.shop.example"),
            "{origin}: {error}"
        );
    }
    let error = trusting("https://Shop.example:443").unwrap_err();
    assert!(error.contains(r#"browsers send "https://shop.example" for it"#), "{error}");
}

#[test]
fn a_header_that_no_page_can_set_is_an_error_when_built() {
    for name in ["x-csrf-token", "X-XSRF-Token", "csrf", "authorization-csrf"] {
        assert!(CsrfLayer::builder().header(name).build().is_ok(), "{name}");
    }
    for name in ["", "x csrf", "x:csrf", "é"] {
        let error = CsrfLayer::builder().header(name).build().unwrap_err().to_string();
        assert!(error.contains("no name of a header"), "{name}: {error}");
    }
    for name in
        ["Cookie", "origin", "host", "Content-Type", "content-length", "sec-csrf", "Proxy-Csrf", "user-agent"]
    {
        let error = CsrfLayer::builder().header(name).build().unwrap_err().to_string();
        assert!(error.contains("browsers set it"), "{name}: {error}");
    }
}

#[test]
fn a_form_that_cannot_bring_a_token_is_an_error_when_built() {
    let error = CsrfLayer::builder().field("").build().unwrap_err().to_string();
    assert!(error.contains("needs a name"), "{error}");
    // `csrf_token=` and 96 characters; `é=` is five characters longer than `_=`.
    for (field, least) in [("csrf_token", 107), ("_", 98), ("é", 103)] {
        let limited = |bytes| CsrfLayer::builder().field(field).form_limit(bytes).build();
        for bytes in [0, 1, least - 1] {
            assert!(limited(bytes).unwrap_err().to_string().contains(&least.to_string()), "{field}: {bytes}");
        }
        assert!(limited(least).is_ok() && limited(usize::MAX).is_ok(), "{field}");
    }
}
