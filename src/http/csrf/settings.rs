//! The settings of a [`CsrfLayer`].

use std::sync::Arc;

use http::HeaderName;

use super::CsrfLayer;
use super::origin::Origin;
use crate::error::ConfigError;

#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) header: HeaderName,
    pub(super) field: String,
    pub(super) form_limit: usize,
    pub(super) trusted: Vec<Origin>,
    pub(super) require_token: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            header: HeaderName::from_static("x-csrf-token"),
            field: "csrf_token".to_owned(),
            form_limit: 64 * 1024,
            trusted: Vec::new(),
            require_token: false,
        }
    }
}

/// Settings of a [`CsrfLayer`]; each has a safe default.
///
/// ```
/// use sealed_session::http::CsrfLayer;
///
/// let layer = CsrfLayer::builder().field("_csrf").trust_origin("https://app.shop.example").build()?;
/// # let _ = layer;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct CsrfLayerBuilder {
    settings: Settings,
    header: Option<String>,
    trusted: Vec<String>,
}

impl CsrfLayerBuilder {
    pub(super) fn new() -> Self {
        Self { settings: Settings::default(), header: None, trusted: Vec::new() }
    }

    /// The header that brings the token. Default `x-csrf-token`.
    pub fn header(mut self, name: impl Into<String>) -> Self {
        self.header = Some(name.into());
        self
    }

    /// The field of a form that brings the token. Default `csrf_token`.
    pub fn field(mut self, name: impl Into<String>) -> Self {
        self.settings.field = name.into();
        self
    }

    /// The longest form that is read for its token, in bytes. A longer one is answered with 413 unless it brings
    /// the token in a header, or needs none. Default 64 KiB.
    pub fn form_limit(mut self, bytes: usize) -> Self {
        self.settings.form_limit = bytes;
        self
    }

    /// Lets pages of another origin, `https://host` or `https://host:port`, send requests and open a WebSocket too:
    /// those of a subdomain, or of an app that shows pages of its own. There are no wildcards.
    ///
    /// A proxy that rewrites `Host` hides the own origin from the layer. A WebSocket, which is judged by `Origin`
    /// alone, then needs the own origin among the trusted ones; so does one at `http://localhost:3000`, where the
    /// cookie may be `Secure` all the same.
    pub fn trust_origin(mut self, origin: impl Into<String>) -> Self {
        self.trusted.push(origin.into());
        self
    }

    /// Asks for a token of the session with every request that is guarded, also where the browser says that it
    /// comes from the own or a trusted origin. A WebSocket needs none. Default no.
    ///
    /// A token belongs to one session. Of two pages that were opened before the client had a session, the second
    /// begins another one, and the form of the first is then refused.
    pub fn require_token(mut self, require: bool) -> Self {
        self.settings.require_token = require;
        self
    }

    /// Builds the layer.
    ///
    /// # Errors
    /// [`ConfigError`] for a header that no page can set, for a field without a name, for a limit that no form with
    /// a token keeps, and for an origin that no browser sends.
    pub fn build(self) -> Result<CsrfLayer, ConfigError> {
        let mut settings = self.settings;
        if let Some(name) = self.header {
            settings.header = header_of(&name)?;
        }
        if settings.field.is_empty() {
            return Err(ConfigError("the field of a form that brings the token needs a name".into()));
        }
        let least = shortest_form(&settings.field);
        if settings.form_limit < least {
            return Err(ConfigError(format!(
                "a form_limit of {} bytes is too small for a form that has only the token, which takes {least}",
                settings.form_limit
            )));
        }
        settings.trusted =
            self.trusted.iter().map(|origin| Origin::trusted(origin)).collect::<Result<_, _>>()?;
        Ok(CsrfLayer(Arc::new(settings)))
    }
}

/// Headers that browsers fill in themselves, or that no script may set (Fetch Standard).
const NOT_OF_PAGES: [&str; 29] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "access-control-request-headers",
    "access-control-request-local-network",
    "access-control-request-method",
    "access-control-request-private-network",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "cookie2",
    "date",
    "dnt",
    "expect",
    "host",
    "keep-alive",
    "origin",
    "range",
    "referer",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "upgrade-insecure-requests",
    "user-agent",
    "via",
];

fn header_of(text: &str) -> Result<HeaderName, ConfigError> {
    let name: HeaderName =
        text.parse().map_err(|_| ConfigError(format!("{text:?} is no name of a header")))?;
    let is_taken =
        |name: &str| name.starts_with("sec-") || name.starts_with("proxy-") || NOT_OF_PAGES.contains(&name);
    if is_taken(name.as_str()) {
        return Err(ConfigError(format!(
            "pages cannot bring a token in the header {text:?}, because browsers set it: take another, such as \
             x-csrf-token"
        )));
    }
    Ok(name)
}

/// Bytes of `field=token`.
fn shortest_form(field: &str) -> usize {
    let name: usize = form_urlencoded::byte_serialize(field.as_bytes()).map(str::len).sum();
    name.saturating_add(1).saturating_add(crate::csrf::CHARS)
}
