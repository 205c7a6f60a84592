//! The settings of a cookie, and the contradictions that a browser would answer by dropping it.

use super::attributes::{check_name, refuse};
use super::{CookiePolicy, CookieScope, GONE, IN_TWO, SameSite};
use crate::error::ConfigError;
use crate::policy::MAX_COOKIE_OCTETS;
use crate::token;

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
    scope: CookieScope,
    former: Vec<CookieScope>,
    same_site: SameSite,
    browser_session: bool,
    max_octets: usize,
    local_development: bool,
}

impl CookiePolicyBuilder {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            scope: CookieScope::host_only(),
            former: Vec::new(),
            same_site: SameSite::Lax,
            browser_session: false,
            max_octets: MAX_COOKIE_OCTETS,
            local_development: false,
        }
    }

    /// Sends the cookie to this host and all below it. By default only to the host that set it.
    ///
    /// It is written in lower case and without a leading dot. Not allowed are an IP address and a single label, such
    /// as `com` or `localhost`: at best a browser takes them as if there were no Domain. Browsers drop the cookie for
    /// other public suffixes too (`co.uk`, `github.io`; <https://publicsuffix.org>), and for a host that is not the
    /// one of the answer or above it; [`build`](Self::build) cannot know these.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.scope.domain = Some(domain.into());
        self
    }

    /// Sends the cookie to this path and all below it. Default `/`. It keeps no secret from other paths.
    ///
    /// Write it as browsers write the path of a request, percent-encoded where they do so. `/app/` leaves out `/app`
    /// itself.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.scope = self.scope.path(path);
        self
    }

    /// Which requests of other sites carry the cookie. Default [`SameSite::Lax`].
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// Keeps one cookie for every site that embeds this one (CHIPS). Default no. It needs [`SameSite::None`]: with any
    /// other, no embedded page gets a cookie.
    pub fn partitioned(mut self, partitioned: bool) -> Self {
        self.scope.partitioned = partitioned;
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
    ///
    /// A server without this setting cannot read two cookies, and would log out whoever has them. So turn it on in two
    /// deployments: first with tokens of one character more than fit one cookie (the layer's error says how many these are),
    /// and with longer ones when all servers have it. Turn it off the other way round.
    pub fn chunked(mut self, chunked: bool) -> Self {
        self.scope.chunked = chunked;
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

    /// Says what Domain, Path or Partitioned the cookie had before, under the name that it still has. Call it once for
    /// each deployment that differs.
    ///
    /// Browsers take a cookie with another Domain, Path or Partitioned for another cookie, and keep the former beside
    /// it. A request then brings two: a logout removes one of them, and after a login the two sessions contradict each
    /// other. A policy that was told of the former scope removes its cookie with every cookie that it sets or removes,
    /// always, as no request shows which scope a cookie has. Each removal is a header of its own in such an answer.
    /// [`same_site`](Self::same_site), [`browser_session`](Self::browser_session) and
    /// [`max_octets`](Self::max_octets) make no difference here: change them as you like.
    ///
    /// ```
    /// use sealed_session::SessionId;
    /// use sealed_session::http::{CookiePolicy, CookieScope, Presented};
    ///
    /// // It was host-only, and had the path /app before that.
    /// let policy = CookiePolicy::builder("session")
    ///     .domain("shop.example")
    ///     .formerly(CookieScope::host_only())
    ///     .formerly(CookieScope::host_only().path("/app"))
    ///     .build()?;
    ///
    /// let set = policy.set(&SessionId::new("token"), 60_000, 0, &Presented::default())?;
    /// let gone = "Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    /// assert_eq!(set, [
    ///     format!("session=; HttpOnly; SameSite=Lax; Secure; Path=/; {gone}"),
    ///     format!("session=; HttpOnly; SameSite=Lax; Secure; Path=/app; {gone}"),
    ///     "session=token; HttpOnly; SameSite=Lax; Secure; Path=/; Domain=shop.example; Max-Age=60".to_owned(),
    /// ]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Take it out again when the longest TTL ([`max_ttl`](crate::SealedStoreBuilder::max_ttl)) has passed since the
    /// last server with the former settings stopped: its last cookie has then expired.
    ///
    /// Give the store another [`cookie_name`](crate::SealedStoreBuilder::cookie_name) instead, which logs everybody
    /// out, where a removal would not arrive: for a former host-only cookie of a host that answers no more, for
    /// former cookies with `SameSite=None` in pages that other sites embed if today's cookie has another, or if
    /// nobody knows what there was.
    ///
    /// Two things to expect. A page outside the former Path or host does not get the former cookie, so a session that
    /// begins there takes its place. And where one cookie becomes several (a Domain that is taken out, `Partitioned`),
    /// the first host or embedding site that gets an answer takes the session along: at the others users log in again.
    pub fn formerly(mut self, scope: CookieScope) -> Self {
        self.former.push(scope);
        self
    }

    /// Builds the policy.
    ///
    /// # Errors
    /// [`ConfigError`] for what a browser would drop the cookie for: a name with a prefix (`__Host-`, `__Secure-`,
    /// `__Http-`, `__Host-Http-`, in any case) whose promise the attributes break, or `SameSite=None` or `Partitioned`
    /// without `Secure`; for what has no effect: `Partitioned` without `SameSite=None`, a Domain that is an IP address
    /// or a single label, or with `insecure_for_local_development` of another machine; a path that no request can have, a former scope that is today's or was given twice; for an
    /// illegal name, domain or path, which one program drops, another ignores and a third takes otherwise; and for so
    /// few octets that no token fits.
    pub fn build(mut self) -> Result<CookiePolicy, ConfigError> {
        check_name(&self.name)?;
        self.scope = self.scope.checked()?;
        self.check_prefix()?;
        self.check_local()?;
        self.check_secure()?;
        self.check_partitioned()?;
        self.check_octets()?;
        Ok(CookiePolicy {
            former: self.former_removals()?,
            second_name: second_name(&self.name),
            attributes: self.attributes(&self.scope),
            name: self.name,
            browser_session: self.browser_session,
            max_octets: self.max_octets,
            chunked: self.scope.chunked,
            local_development: self.local_development,
            #[cfg(feature = "tower")]
            same_site: self.same_site,
            #[cfg(feature = "dbsc")]
            of_whole_origin: self.scope.is_whole_origin(),
        })
    }

    /// Browsers compare the prefixes without regard to case (RFC 6265bis, section 5.7). Every cookie is `HttpOnly`,
    /// which is what `__Host-Http-` asks for beyond `__Host-`.
    fn check_prefix(&self) -> Result<(), ConfigError> {
        let prefix = match () {
            () if self.has_prefix("__Host-") => "__Host-…",
            () if self.has_prefix("__Secure-") || self.has_prefix("__Http-") => "__Secure-… or __Http-…",
            () => return Ok(()),
        };
        let fault = if self.local_development {
            "is not Secure: for development over http, give the store another cookie_name"
        } else if prefix != "__Host-…" {
            return Ok(());
        } else if self.scope.domain.is_some() {
            "has a Domain: leave it out, or give the store a cookie_name that begins with __Secure-"
        } else if self.scope.path != "/" {
            "has a Path other than '/': leave it out, or give the store another cookie_name"
        } else {
            return Ok(());
        };
        refuse(format!("browsers drop a cookie named {prefix} that {fault}"))
    }

    fn has_prefix(&self, prefix: &str) -> bool {
        self.name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    }

    /// Such a layer answers for this machine only, and no browser takes another host's cookie from it.
    fn check_local(&self) -> Result<(), ConfigError> {
        match &self.scope.domain {
            Some(domain) if self.local_development && !domain.ends_with(".localhost") => refuse(format!(
                "browsers on this machine drop a cookie for {domain:?}: do without Domain or \
                     insecure_for_local_development"
            )),
            _ => Ok(()),
        }
    }

    fn check_secure(&self) -> Result<(), ConfigError> {
        let is_partitioned = self.scope.partitioned || self.former.iter().any(|scope| scope.partitioned);
        let needs = match () {
            () if !self.local_development => return Ok(()),
            () if self.same_site == SameSite::None => "SameSite=None",
            () if is_partitioned => "Partitioned",
            () => return Ok(()),
        };
        refuse(format!(
            "browsers drop a cookie with {needs} that is not Secure: do without \
             insecure_for_local_development"
        ))
    }

    fn check_partitioned(&self) -> Result<(), ConfigError> {
        if !self.scope.partitioned || self.same_site == SameSite::None {
            return Ok(());
        }
        refuse(format!(
            "partitioned needs SameSite::None: browsers send no cookie with SameSite={:?} to pages that other sites \
             embed, which it is for; set .same_site(SameSite::None), or do without partitioned",
            self.same_site
        ))
    }

    fn check_octets(&self) -> Result<(), ConfigError> {
        let least = self.name.len() + token::MIN_CHARS + if self.scope.chunked { IN_TWO.len() } else { 0 };
        if (least..=MAX_COOKIE_OCTETS).contains(&self.max_octets) {
            return Ok(());
        }
        refuse(format!(
            "a cookie of this name may have {least} to {MAX_COOKIE_OCTETS} octets, and max_octets is {}",
            self.max_octets
        ))
    }

    /// What removes the cookies of all former scopes.
    fn former_removals(&self) -> Result<Vec<String>, ConfigError> {
        let mut known: Vec<CookieScope> = Vec::new();
        let mut removals = Vec::new();
        for former in self.former.iter().cloned().map(CookieScope::checked) {
            let former = former?;
            if known.iter().any(|other| other.is_that_of(&former)) {
                return refuse(format!("the former scope {} is given twice: once is enough", former.text()));
            }
            self.check_former(&former)?;
            let end = [&self.attributes(&former), GONE].concat();
            removals.extend(self.names_of_former(&former).map(|name| format!("{name}={end}")));
            known.push(former);
        }
        Ok(removals)
    }

    fn check_former(&self, former: &CookieScope) -> Result<(), ConfigError> {
        if self.has_prefix("__Host-") && (former.domain.is_some() || former.path != "/") {
            return refuse(format!(
                "no browser has a cookie named __Host-… with a Domain or another Path than '/': leave out the former \
                 scope {}",
                former.text()
            ));
        }
        if self.names_of_former(former).next().is_none() {
            return refuse(format!(
                "the former scope {} is the one of today: name the one before, or leave it out",
                former.text()
            ));
        }
        Ok(())
    }

    /// Which cookies there may be that today's does not replace or remove by itself.
    fn names_of_former(&self, former: &CookieScope) -> impl Iterator<Item = String> {
        let has_moved = !former.is_that_of(&self.scope);
        let is_in_two = match has_moved {
            true => former.chunked || self.scope.chunked,
            false => former.chunked && !self.scope.chunked,
        };
        let first = has_moved.then(|| self.name.clone());
        first.into_iter().chain(is_in_two.then(|| second_name(&self.name)))
    }

    /// As a cookie of this scope has them. Former ones have the `SameSite` of today, or else an answer to another site
    /// would remove them where the browser does not take what stands in their place.
    fn attributes(&self, scope: &CookieScope) -> String {
        scope.attributes(self.same_site, !self.local_development)
    }
}

/// The name of the cookie that the second half of a token stands in.
pub(super) fn second_name(name: &str) -> String {
    format!("{name}.1")
}
