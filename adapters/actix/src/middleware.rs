//! The middleware of actix-session with ours on both sides of it: one reads the cookies before it does, the other
//! sees what the handler has done before it acts.

use std::fmt;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::rc::Rc;

use actix_session::config::{CookieContentSecurity, SessionLifecycle, SessionMiddlewareBuilder};
use actix_session::{SessionExt, SessionMiddleware};
use actix_web::body::MessageBody;
use actix_web::cookie::{Cookie, Key, SameSite};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::error::InternalError;
use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse};

use crate::cookies::{Brought, Reader};
use crate::visit::{FoundSession, Outcome, Visit, decide};
use crate::{SIGNING_KEY, SealedSessionStore, telemetry};

/// The settings of a [`SealedSessionMiddleware`]: those of actix-session, but for the cookie's name and key, which
/// are the store's. By [`SealedSessionStore::middleware`].
#[must_use]
pub struct SealedMiddlewareBuilder {
    sessions: SealedSessionStore,
    stock: SessionMiddlewareBuilder<SealedSessionStore>,
    /// The cookie without its value, to remove it by.
    cookie: Cookie<'static>,
}

impl SealedMiddlewareBuilder {
    pub(crate) fn new(sessions: SealedSessionStore) -> Self {
        let name = sessions.store().cookie_name().to_owned();
        let stock = SessionMiddleware::builder(sessions.clone(), Key::from(&SIGNING_KEY))
            .cookie_name(name.clone())
            .cookie_content_security(CookieContentSecurity::Signed);
        let cookie =
            Cookie::build(name, "").path("/").secure(true).http_only(true).same_site(SameSite::Lax).finish();
        Self { sessions, stock, cookie }
    }

    /// How long a session lives, and how long the browser keeps its cookie. Default: a day, and until the browser
    /// ends.
    pub fn session_lifecycle(mut self, lifecycle: impl Into<SessionLifecycle>) -> Self {
        self.stock = self.stock.session_lifecycle(lifecycle);
        self
    }

    /// Whether the cookie is sent over https only. Default: it is.
    pub fn cookie_secure(mut self, secure: bool) -> Self {
        self.stock = self.stock.cookie_secure(secure);
        self.cookie.set_secure(secure);
        self
    }

    /// Whether scripts cannot read the cookie. Default: they cannot.
    pub fn cookie_http_only(mut self, http_only: bool) -> Self {
        self.stock = self.stock.cookie_http_only(http_only);
        self.cookie.set_http_only(http_only);
        self
    }

    /// Which requests of other sites carry the cookie. Default: `Lax`.
    pub fn cookie_same_site(mut self, same_site: SameSite) -> Self {
        self.stock = self.stock.cookie_same_site(same_site);
        self.cookie.set_same_site(same_site);
        self
    }

    /// The path that the cookie is sent to. Default: `/`.
    pub fn cookie_path(mut self, path: String) -> Self {
        self.stock = self.stock.cookie_path(path.clone());
        self.cookie.set_path(path);
        self
    }

    /// The domain whose hosts the cookie is sent to. Default: only to the host that set it.
    pub fn cookie_domain(mut self, domain: Option<String>) -> Self {
        self.stock = self.stock.cookie_domain(domain.clone());
        match domain {
            Some(domain) => self.cookie.set_domain(domain),
            None => self.cookie.unset_domain(),
        }
        self
    }

    /// Whether the middleware signs the cookie or encrypts it. Default: it signs. Leave it at that: encrypted a second
    /// time, large sessions are dropped by browsers.
    pub fn cookie_content_security(mut self, security: CookieContentSecurity) -> Self {
        self.stock = self.stock.cookie_content_security(security);
        self
    }

    /// The middleware, for [`App::wrap`](actix_web::App::wrap).
    #[must_use]
    pub fn build(self) -> SealedSessionMiddleware {
        let Self { sessions, stock, cookie } = self;
        SealedSessionMiddleware { stock: stock.build(), gate: Rc::new(Gate { sessions, cookie }) }
    }
}

impl fmt::Debug for SealedMiddlewareBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedMiddlewareBuilder").field("sessions", &self.sessions).finish_non_exhaustive()
    }
}

/// Sealed sessions for actix-web: the middleware of actix-session, behind one that reads the cookies by their exact
/// bytes. By [`SealedSessionStore::middleware`].
///
/// Wrap it last, so that it sees a request first. A middleware around it that asks for the request's cookies has the
/// framework keep what it read: where that differs from what the exact bytes say, the answer is a 500, and the log
/// says why.
#[derive(Clone)]
pub struct SealedSessionMiddleware {
    stock: SessionMiddleware<SealedSessionStore>,
    gate: Rc<Gate>,
}

impl fmt::Debug for SealedSessionMiddleware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedSessionMiddleware")
            .field("sessions", &self.gate.sessions)
            .finish_non_exhaustive()
    }
}

impl<S, B> Transform<S, ServiceRequest> for SealedSessionMiddleware
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = SealedSessionService<
        <SessionMiddleware<SealedSessionStore> as Transform<Watch<S>, ServiceRequest>>::Transform,
    >;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let stock = self.stock.new_transform(Watch { inner: service }).into_inner();
        let gate = Rc::clone(&self.gate);
        ready(stock.map(|inner| SealedSessionService { inner, gate }))
    }
}

/// What [`SealedSessionMiddleware`] makes of a service.
#[derive(Debug)]
pub struct SealedSessionService<T> {
    inner: T,
    gate: Rc<Gate>,
}

type Answer<B> = Result<ServiceResponse<B>, Error>;

impl<T, B> Service<ServiceRequest> for SealedSessionService<T>
where
    T: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    T::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Answer<B>>>>;

    forward_ready!(inner);

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let brought = match self.gate.admit(&mut request) {
            Ok(brought) => brought,
            Err(error) => return Box::pin(ready(Err(error))),
        };
        let untold = brought.ambiguous || (brought.is_empty() && self.gate.is_held_back(&request));
        let (visit, gate) = (Visit::new(untold), Rc::clone(&self.gate));
        let answer = Rc::clone(&visit).around(self.inner.call(request));
        Box::pin(async move {
            let answer = answer.await;
            match visit.outcome() {
                Outcome::AsStored => answer,
                Outcome::Replaced => gate.replace(answer, &brought).await,
                Outcome::Withheld => answer.map(|response| gate.without_cookie(response)),
                Outcome::Ended => gate.end(answer, &brought, visit.found()).await,
            }
        })
    }
}

/// Around the middleware of actix-session.
#[derive(Debug)]
struct Gate {
    sessions: SealedSessionStore,
    cookie: Cookie<'static>,
}

impl Gate {
    fn reader(&self) -> &Reader {
        &self.sessions.reader
    }

    /// Reads the cookies, and leaves the framework those that it cannot misread.
    fn admit(&self, request: &mut ServiceRequest) -> Result<Brought, Error> {
        let (brought, left) = self.reader().read(request.headers(), self.sessions.store());
        if let Some(left) = left {
            let sent = request.headers_mut().remove(COOKIE).collect();
            request.extensions_mut().insert(CookiesAsSent(sent));
            left.into_iter().for_each(|value| request.headers_mut().append(COOKIE, value));
        }
        let named = |cookie: &&Cookie<'_>| cookie.name() == self.reader().name();
        let found = request.cookies().map_or(0, |cookies| cookies.iter().filter(named).count());
        if brought.admits(found) {
            return Ok(brought);
        }
        telemetry::cookies_read_before();
        let text =
            "another middleware has read the cookies before the sessions could: wrap the sessions last";
        Err(InternalError::from_response(text, HttpResponse::InternalServerError().finish()).into())
    }

    /// Whether the browser sends no cookie of ours with such a request, even if it has one. Of the requests from other
    /// sites, `Strict` holds it back from all, and `Lax` from all but safe navigations of a whole page.
    fn is_held_back(&self, request: &ServiceRequest) -> bool {
        let says = |name: &str, text: &str| request.headers().get(name).is_some_and(|value| value == text);
        let of_page = says("sec-fetch-mode", "navigate") && says("sec-fetch-dest", "document");
        let withheld = match self.cookie.same_site() {
            Some(SameSite::Strict) => true,
            Some(SameSite::Lax) => !(of_page && request.method().is_safe()),
            Some(SameSite::None) | None => false,
        };
        withheld && says("sec-fetch-site", "cross-site")
    }

    fn without_cookie<B>(&self, mut response: ServiceResponse<B>) -> ServiceResponse<B> {
        self.reader().withhold(response.headers_mut());
        response
    }

    /// Revokes every session that was brought, expired or not, where the answer sets another in their place.
    async fn replace<B>(&self, answer: Answer<B>, brought: &Brought) -> Answer<B> {
        let response = answer?;
        if !self.reader().is_set_by(response.headers()) {
            return Ok(response);
        }
        for id in self.reader().tokens(brought) {
            if let Err(error) = self.sessions.revoke_beside(&id).await {
                let text = "Not logged in: the session before could not be revoked.\n";
                let response = HttpResponse::InternalServerError().body(text);
                return Err(InternalError::from_response(error, response).into());
            }
        }
        Ok(response)
    }

    /// Revokes every session that was brought, expired or not, and removes the cookie, whatever the answer is.
    async fn end<B>(&self, answer: Answer<B>, brought: &Brought, found: Option<FoundSession>) -> Answer<B> {
        if brought.is_empty() {
            return answer;
        }
        let mut recorded = Ok(());
        for id in self.reader().tokens(brought) {
            recorded = recorded.and(self.sessions.revoke(&id).await);
        }
        if let Some(found) = found {
            recorded = recorded.and(self.sessions.revoke_found(&found).await);
        }
        match (recorded, answer) {
            (Ok(()), Ok(mut response)) => {
                self.remove(response.headers_mut());
                Ok(response)
            }
            (Ok(()), Err(error)) => {
                let response = error.error_response();
                Err(self.failure(error, response))
            }
            (Err(error), _) => {
                let text = "Logged out in this browser only: the session could not be revoked.\n";
                Err(self.failure(error, HttpResponse::InternalServerError().body(text)))
            }
        }
    }

    /// An error with this response, which removes the cookie.
    fn failure(&self, error: impl fmt::Debug + fmt::Display + 'static, mut response: HttpResponse) -> Error {
        self.remove(response.headers_mut());
        InternalError::from_response(error, response).into()
    }

    fn remove(&self, headers: &mut HeaderMap) {
        self.reader().withhold(headers);
        let mut gone = self.cookie.clone();
        gone.make_removal();
        // A name and attributes that have been sent before can be sent again.
        if let Ok(value) = HeaderValue::from_str(&gone.encoded().to_string()) {
            headers.append(SET_COOKIE, value);
        }
    }
}

/// The headers `Cookie` as the client sent them: at least one cookie was taken out of them.
struct CookiesAsSent(Vec<HeaderValue>);

/// The values of the headers `Cookie` as the client sent them, with the cookies that
/// [`SealedSessionMiddleware`] has taken out before the framework could read them.
///
/// For applications that read bytes which are not UTF-8. Compare names as they stand there: decoded or trimmed they
/// may be names that browsers protect, of cookies that anybody has planted.
///
/// ```
/// use actix_web::test::TestRequest;
/// use sealed_session_actix::cookies_as_sent;
///
/// let request = TestRequest::default().insert_header(("cookie", "theme=dark")).to_http_request();
/// assert_eq!(cookies_as_sent(&request), ["theme=dark"]);
/// ```
#[must_use]
pub fn cookies_as_sent(request: &HttpRequest) -> Vec<HeaderValue> {
    let sent = request.extensions().get::<CookiesAsSent>().map(|sent| sent.0.clone());
    sent.unwrap_or_else(|| request.headers().get_all(COOKIE).cloned().collect())
}

/// Within the middleware of actix-session: sees what the handler has done to the session, and how it is answered.
#[derive(Debug)]
pub struct Watch<S> {
    inner: S,
}

impl<S, B> Service<ServiceRequest> for Watch<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Answer<B>>>>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let session = request.get_session();
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await;
            let status = match &answer {
                Ok(response) => response.status(),
                Err(error) => error.as_response_error().status_code(),
            };
            decide(&session.status(), status);
            answer
        })
    }
}
