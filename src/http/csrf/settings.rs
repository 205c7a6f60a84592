//! The settings of a [`CsrfLayer`].

use std::sync::Arc;

use http::{HeaderName, HeaderValue, Uri};

use super::CsrfLayer;
use crate::error::ConfigError;

#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) header: HeaderName,
    pub(super) field: String,
    pub(super) form_limit: usize,
    pub(super) trusted: Vec<HeaderValue>,
    pub(super) origin_only: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            header: HeaderName::from_static("x-csrf-token"),
            field: "csrf_token".to_owned(),
            form_limit: 64 * 1024,
            trusted: Vec::new(),
            origin_only: false,
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
    /// the token in a header. Default 64 KiB.
    pub fn form_limit(mut self, bytes: usize) -> Self {
        self.settings.form_limit = bytes;
        self
    }

    /// Lets pages of another origin, `https://host` or `https://host:port`, send requests too. They need a token
    /// as well.
    pub fn trust_origin(mut self, origin: impl Into<String>) -> Self {
        self.trusted.push(origin.into());
        self
    }

    /// Asks for no token, and relies on what browsers say of where a request comes from. All browsers have done
    /// so since 2023.
    pub fn origin_only(mut self, origin_only: bool) -> Self {
        self.settings.origin_only = origin_only;
        self
    }

    /// Builds the layer.
    ///
    /// # Errors
    /// [`ConfigError`] for a header's name or an origin that is none.
    pub fn build(self) -> Result<CsrfLayer, ConfigError> {
        let mut settings = self.settings;
        if let Some(name) = self.header {
            settings.header =
                name.parse().map_err(|_| ConfigError(format!("{name:?} is no name of a header")))?;
        }
        for origin in self.trusted {
            settings.trusted.push(origin_of(&origin)?);
        }
        Ok(CsrfLayer(Arc::new(settings)))
    }
}

/// As browsers write it: a path, or a slash, would never match.
fn origin_of(text: &str) -> Result<HeaderValue, ConfigError> {
    let wrong = || {
        ConfigError(format!(
            "{text:?} is no origin: write it as browsers do, such as https://app.shop.example, in lower case and \
             without a slash at the end"
        ))
    };
    let uri: Uri = text.parse().map_err(|_| wrong())?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(wrong()) };
    if format!("{scheme}://{authority}") != text || text.contains('@') || text.to_ascii_lowercase() != text {
        return Err(wrong());
    }
    HeaderValue::from_str(text).map_err(|_| wrong())
}
