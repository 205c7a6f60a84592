//! Flash messages: what one response tells the next page, and only that.

use serde::{Deserialize, Serialize};

use super::data::{self, DataError, MESSAGES};
use super::session::Session;

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

/// A message that is read once. It travels with the session until then, and takes room in its cookie, but is not part
/// of its data: `get`, `insert`, `load`, `store`, `clear` and the like neither see it nor touch it. A logout, and a login
/// as another user, end it.
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
    /// As [`insert`](Self::insert): the message takes room in the cookie until it is read. [`DataError::Type`] when
    /// something else stands in the place of messages, which only a store without this layer can have put there.
    pub fn flash(&self, level: FlashLevel, text: impl Into<String>) -> Result<(), DataError> {
        self.change(|state| {
            let mut all: Vec<Flash> = data::get(state.data(), MESSAGES)?.unwrap_or_default();
            all.push(Flash { level, text: text.into() });
            match data::with(state.data(), MESSAGES, &data::written(&all)?)? {
                Some(text) => state.set_data(self.limits(), &self.config().rules, text),
                None => Ok(()),
            }
        })
    }

    /// The messages that were left, oldest first. They are gone afterwards, once this response has arrived. In answer
    /// to a HEAD request, which shows nothing, they stay.
    ///
    /// # Errors
    /// [`DataError::TooLate`], and [`DataError::Type`] as for [`flash`](Self::flash).
    pub fn take_flashes(&self) -> Result<Vec<Flash>, DataError> {
        let shows = !self.is_head();
        self.change(|state| {
            let all = data::get(state.data(), MESSAGES)?.unwrap_or_default();
            match data::without(state.data(), MESSAGES)?.filter(|_| shows) {
                Some(text) => state.set_data(self.limits(), &self.config().rules, text).map(|()| all),
                None => Ok(all),
            }
        })
    }
}
