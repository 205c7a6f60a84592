//! The settings of a cookie, and the contradictions that a browser would answer by dropping it.

use cookie::Cookie;

use super::{CookiePolicy, IN_TWO, SameSite};
use crate::error::ConfigError;
use crate::policy::MAX_COOKIE_OCTETS;
use crate::token;

/// The longest `Domain` or `Path` that browsers keep (RFC 6265bis, section 5.6).
const MAX_ATTRIBUTE_OCTETS: usize = 1024;

/// Settings of a [`CookiePolicy`]; each has a safe default.
///
/// ```
/// use sealed_session::http::{CookiePolicy, SameSite};
///
/// let policy = CookiePolicy::builder("__Secure-session").domain("shop.example").same_site(SameSite::Strict);
/// assert!(policy.build().is_ok());
///
/// let error = CookiePolicy::builder("__Host-session").domain("shop.example").build().unwrap_err();
/// assert!(error.to_string().starts_with("browsers drop a cookie named __Host-… that has a Domain"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct CookiePolicyBuilder {
    name: String,
    domain: Option<String>,
    path: String,
    same_site: SameSite,
    partitioned: bool,
    browser_session: bool,
    max_octets: usize,
    chunked: bool,
    local_development: bool,
}

impl CookiePolicyBuilder {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            domain: None,
            path: "/".to_owned(),
            same_site: SameSite::Lax,
            partitioned: false,
            browser_session: false,
            max_octets: MAX_COOKIE_OCTETS,
            chunked: false,
            local_development: false,
        }
    }

    /// Sends the cookie to this host and all below it. By default only to the host that set it.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Sends the cookie to this path and all below it. Default `/`. It keeps no secret from other paths.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Which requests of other sites carry the cookie. Default [`SameSite::Lax`].
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// Keeps one cookie for every site that embeds this one (CHIPS). Default no.
    pub fn partitioned(mut self, partitioned: bool) -> Self {
        self.partitioned = partitioned;
        self
    }

    /// Sends no `Max-Age`, so that the browser forgets the cookie when it closes. The session expires on the
    /// server as it does otherwise. Default no.
    pub fn browser_session(mut self, browser_session: bool) -> Self {
        self.browser_session = browser_session;
        self
    }

    /// The most octets that name and value of a cookie have together. Default, and at most, 4096, which is what
    /// browsers keep; less where something in between takes less.
    ///
    /// nginx answers 502 when the headers of a response exceed `proxy_buffer_size` (4 or 8 KiB), and 400 when a
    /// line of the request's exceeds `large_client_header_buffers` (8 KiB).
    pub fn max_octets(mut self, octets: usize) -> Self {
        self.max_octets = octets;
        self
    }

    /// Cuts a token that is too long for one cookie over two, `name` and `name.1`. Default no.
    ///
    /// Let the store make such tokens by
    /// [`max_token_chars`](crate::SealedStoreBuilder::max_token_chars), and see to it that whatever stands
    /// between takes header lines of more than 8 KB.
    pub fn chunked(mut self, chunked: bool) -> Self {
        self.chunked = chunked;
        self
    }

    /// Leaves out `Secure`, so that the session works over plain http. For development on this machine only: a
    /// session layer with it warns when it is built, on stderr too, and refuses every request for a host other than
    /// `localhost`, a name below it, or a loopback or unspecified address (`0.0.0.0`, `[::]`), and every request with
    /// a header that proxies add, such as `X-Forwarded-For`.
    ///
    /// Chromium and Firefox need none of this: they take `Secure` cookies, `__Host-` ones too, from
    /// `http://localhost`; Chromium also from names that end in `.localhost` and from 127.0.0.1.
    pub fn insecure_for_local_development(mut self, insecure: bool) -> Self {
        self.local_development = insecure;
        self
    }

    /// Builds the policy.
    ///
    /// # Errors
    /// [`ConfigError`] for what a browser would drop the cookie for: a name with a prefix (`__Host-`, `__Secure-`,
    /// in any case) whose promise the attributes break, or `SameSite=None` or `Partitioned` without `Secure`; for
    /// an illegal name, domain or path, which one program drops, another ignores and a third takes otherwise; and
    /// for so few octets that no token fits.
    pub fn build(self) -> Result<CookiePolicy, ConfigError> {
        check_name(&self.name)?;
        check_attribute("Path", &self.path)?;
        if !self.path.starts_with('/') {
            return refuse(format!("a cookie's Path begins with '/', and {:?} does not", self.path));
        }
        if let Some(domain) = &self.domain {
            check_domain(domain)?;
        }
        self.check_prefix()?;
        self.check_secure()?;
        self.check_octets()?;
        Ok(CookiePolicy {
            second_name: format!("{}.1", self.name),
            attributes: self.attributes(),
            name: self.name,
            browser_session: self.browser_session,
            max_octets: self.max_octets,
            chunked: self.chunked,
            local_development: self.local_development,
            #[cfg(feature = "dbsc")]
            of_whole_origin: self.path == "/" && self.domain.is_none() && !self.partitioned,
        })
    }

    /// Browsers compare the prefixes without regard to case (RFC 6265bis, section 5.7).
    fn check_prefix(&self) -> Result<(), ConfigError> {
        let has = |prefix: &str| {
            self.name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        let prefix = match () {
            () if has("__Host-") => "__Host-…",
            () if has("__Secure-") || has("__Http-") => "__Secure-… or __Http-…",
            () => return Ok(()),
        };
        let fault = if self.local_development {
            "is not Secure: for development over http, give the store another cookie_name"
        } else if prefix != "__Host-…" {
            return Ok(());
        } else if self.domain.is_some() {
            "has a Domain: leave it out, or give the store a cookie_name that begins with __Secure-"
        } else if self.path != "/" {
            "has a Path other than '/': leave it out, or give the store another cookie_name"
        } else {
            return Ok(());
        };
        refuse(format!("browsers drop a cookie named {prefix} that {fault}"))
    }

    fn check_secure(&self) -> Result<(), ConfigError> {
        let needs = match () {
            () if !self.local_development => return Ok(()),
            () if self.same_site == SameSite::None => "SameSite=None",
            () if self.partitioned => "Partitioned",
            () => return Ok(()),
        };
        refuse(format!(
            "browsers drop a cookie with {needs} that is not Secure: do without \
             insecure_for_local_development"
        ))
    }

    fn check_octets(&self) -> Result<(), ConfigError> {
        let least = self.name.len() + token::MIN_CHARS + if self.chunked { IN_TWO.len() } else { 0 };
        if (least..=MAX_COOKIE_OCTETS).contains(&self.max_octets) {
            return Ok(());
        }
        refuse(format!(
            "a cookie of this name may have {least} to {MAX_COOKIE_OCTETS} octets, and max_octets is {}",
            self.max_octets
        ))
    }

    /// As the library writes them: all but the name, the value and `Max-Age`.
    fn attributes(&self) -> String {
        let mut cookie = Cookie::new("", "");
        cookie.set_http_only(true);
        cookie.set_secure(!self.local_development);
        cookie.set_path(&self.path);
        cookie.set_same_site(match self.same_site {
            SameSite::Strict => cookie::SameSite::Strict,
            SameSite::Lax => cookie::SameSite::Lax,
            SameSite::None => cookie::SameSite::None,
        });
        if self.partitioned {
            cookie.set_partitioned(true);
        }
        if let Some(domain) = &self.domain {
            cookie.set_domain(domain);
        }
        cookie.to_string().split_off("=".len())
    }
}

/// A token of RFC 9110, section 5.6.2, as RFC 6265bis has it.
fn check_name(name: &str) -> Result<(), ConfigError> {
    let legal = |octet: &u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(octet);
    if !name.is_empty() && name.as_bytes().iter().all(legal) {
        return Ok(());
    }
    refuse(format!(
        "{name:?} is no cookie name: it has one or more of the letters A to Z and a to z, digits, and !#$%&'*+-.^_`|~"
    ))
}

fn check_domain(domain: &str) -> Result<(), ConfigError> {
    check_attribute("Domain", domain)?;
    let legal = |octet: &u8| octet.is_ascii_alphanumeric() || b"-.".contains(octet);
    let labels = domain.strip_prefix('.').unwrap_or(domain);
    if labels.as_bytes().iter().all(legal) && labels.split('.').all(|label| !label.is_empty()) {
        return Ok(());
    }
    refuse(format!(
        "{domain:?} is no host for a cookie's Domain: it has letters, digits, '-' and single dots; write \
         other scripts in Punycode"
    ))
}

fn check_attribute(what: &str, value: &str) -> Result<(), ConfigError> {
    if value.len() > MAX_ATTRIBUTE_OCTETS {
        return refuse(format!(
            "browsers ignore a cookie's {what} of more than {MAX_ATTRIBUTE_OCTETS} octets, and this one has {}",
            value.len()
        ));
    }
    if value.bytes().any(|octet| octet == b';' || !(b' '..=b'~').contains(&octet)) {
        return refuse(format!(
            "{value:?} cannot be a cookie's {what}: it is printable ASCII without ';'; percent-encode the rest"
        ));
    }
    Ok(())
}

fn refuse<T>(message: String) -> Result<T, ConfigError> {
    Err(ConfigError(message))
}
