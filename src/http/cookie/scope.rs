//! What tells two cookies of one name apart in a browser.

use super::SameSite;
use super::attributes::{canonical_domain, check_path};
use crate::error::ConfigError;

/// Where a browser keeps a cookie, beside its name: two cookies that differ in it are two (RFC 6265bis, section 5.7).
///
/// Tell a policy by it what its cookie was before, with [`CookiePolicyBuilder::formerly`].
///
/// ```
/// use sealed_session::http::{CookiePolicy, CookieScope};
///
/// let host_only = CookieScope::host_only();
/// let policy = CookiePolicy::builder("__Secure-session").domain("shop.example").formerly(host_only);
/// assert!(policy.build().is_ok());
///
/// let embedded = CookieScope::domain("shop.example").path("/app").partitioned(true);
/// let policy = CookiePolicy::builder("__Secure-session").formerly(embedded);
/// assert!(policy.build().is_ok());
/// ```
///
/// [`CookiePolicyBuilder::formerly`]: super::CookiePolicyBuilder::formerly
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a scope does nothing until a policy has it"]
pub struct CookieScope {
    pub(super) domain: Option<String>,
    pub(super) path: String,
    pub(super) partitioned: bool,
    pub(super) chunked: bool,
}

impl CookieScope {
    /// Of the host that set it, with the Path `/`, not partitioned, in one piece: what a policy sets by default.
    pub fn host_only() -> Self {
        Self { domain: None, path: "/".to_owned(), partitioned: false, chunked: false }
    }

    /// As [`host_only`](Self::host_only), but of this host and all below it.
    pub fn domain(domain: impl Into<String>) -> Self {
        Self { domain: Some(domain.into()), ..Self::host_only() }
    }

    /// Of this path and all below it.
    pub fn path(self, path: impl Into<String>) -> Self {
        Self { path: path.into(), ..self }
    }

    /// Kept once for every site that embeds this one.
    pub fn partitioned(self, partitioned: bool) -> Self {
        Self { partitioned, ..self }
    }

    /// Its token was cut over two cookies where it was too long for one.
    pub fn chunked(self, chunked: bool) -> Self {
        Self { chunked, ..self }
    }

    /// As browsers keep it.
    pub(super) fn checked(mut self) -> Result<Self, ConfigError> {
        check_path(&self.path)?;
        self.domain = self.domain.as_deref().map(canonical_domain).transpose()?;
        Ok(self)
    }

    /// Whether a cookie of one replaces a cookie of the other. Both have been checked.
    pub(super) fn is_that_of(&self, other: &Self) -> bool {
        self.domain == other.domain && self.path == other.path && self.partitioned == other.partitioned
    }

    /// Sent to all of one origin, and to no other.
    #[cfg(feature = "dbsc")]
    pub(super) fn is_whole_origin(&self) -> bool {
        self.domain.is_none() && self.path == "/" && !self.partitioned
    }

    /// For a message.
    pub(super) fn text(&self) -> String {
        let domain = self.domain.as_ref().map_or("no Domain".to_owned(), |domain| format!("Domain={domain}"));
        let partitioned = if self.partitioned { ", Partitioned" } else { "" };
        format!("({domain}, Path={}{partitioned})", self.path)
    }

    /// All attributes but `Max-Age`, as they stand behind a cookie's value.
    pub(super) fn attributes(&self, same_site: SameSite, secure: bool) -> String {
        let same_site = match same_site {
            SameSite::Strict => "Strict",
            SameSite::Lax => "Lax",
            SameSite::None => "None",
        };
        let partitioned = if self.partitioned { "; Partitioned" } else { "" };
        let secure = if secure { "; Secure" } else { "" };
        let path = &self.path;
        let mut text = format!("; HttpOnly; SameSite={same_site}{partitioned}{secure}; Path={path}");
        if let Some(domain) = &self.domain {
            text.push_str("; Domain=");
            text.push_str(domain);
        }
        text
    }
}
