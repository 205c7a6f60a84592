//! Flash messages: what one response tells the next page, and only that.

use serde::{Deserialize, Serialize};

use super::data::{self, DataError};
use super::session::Session;

/// The member of the session's data that holds them.
const MEMBER: &str = "_flash";

/// What kind of message it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum FlashLevel {
    /// Something to know.
    Info,
    /// Something was done.
    Success,
    /// Something may go wrong.
    Warning,
    /// Something was not done.
    Error,
}

/// A message that is read once. It is in the session's data, under the name `_flash`, until then.
///
/// ```
/// use sealed_session::http::{DataError, FlashLevel, Session};
///
/// fn save(session: &Session) -> Result<(), DataError> {
///     session.flash(FlashLevel::Success, "Saved.") // and redirect
/// }
///
/// fn page(session: &Session) -> Result<String, DataError> {
///     Ok(session.take_flashes()?.iter().map(|flash| format!("<p role=status>{}</p>", flash.text)).collect())
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    /// What kind of message it is.
    pub level: FlashLevel,
    /// The message: text, which a page must escape like any other.
    pub text: String,
}

impl Session {
    /// Leaves a message for the next page.
    ///
    /// # Errors
    /// As [`insert`](Self::insert): the message takes room in the cookie until it is read.
    pub fn flash(&self, level: FlashLevel, text: impl Into<String>) -> Result<(), DataError> {
        self.change(|config, state| {
            let mut all: Vec<Flash> = data::get(state.data(), MEMBER)?.unwrap_or_default();
            all.push(Flash { level, text: text.into() });
            match data::with(state.data(), MEMBER, &data::written(&all)?)? {
                Some(text) => state.set_data(config.limits(), &config.rules, text),
                None => Ok(()),
            }
        })
    }

    /// The messages that were left, oldest first. They are gone afterwards, once this response has arrived.
    ///
    /// # Errors
    /// [`DataError::TooLate`], and [`DataError::Type`] when something else stands under `_flash`.
    pub fn take_flashes(&self) -> Result<Vec<Flash>, DataError> {
        Ok(self.take(MEMBER)?.unwrap_or_default())
    }
}
