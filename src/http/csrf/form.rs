//! The token in a form.

use bytes::Bytes;
use http::Request;
use http_body::Body;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::future::{BoxError, Refusal};
use super::settings::Settings;
use crate::http::Session;

/// Reads a form, checks the token in it, and gives the request back as it was.
pub(super) async fn checked<B>(
    request: Request<B>,
    session: &Session,
    settings: &Settings,
) -> Result<Request<B>, Refusal>
where
    B: Body + From<Bytes>,
    B::Error: Into<BoxError>,
{
    let (parts, body) = request.into_parts();
    let form = read(body, settings.form_limit).await?;
    let mut fields = form_urlencoded::parse(&form);
    let token = fields.find_map(|(name, value)| (name == settings.field).then_some(value));
    if session.check_csrf(&token.ok_or(Refusal::NoToken)?) {
        Ok(Request::from_parts(parts, B::from(form)))
    } else {
        Err(Refusal::WrongToken)
    }
}

async fn read<B: Body>(body: B, limit: usize) -> Result<Bytes, Refusal>
where
    B::Error: Into<BoxError>,
{
    match Limited::new(body, limit).collect().await {
        Ok(form) => Ok(form.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Refusal::FormTooLarge),
        Err(_) => Err(Refusal::BodyBroken),
    }
}
