//! What a session of the web layers keeps.

use serde::{Deserialize, Serialize};

/// The theme that a session begins with, and that `/read` answers with.
pub const BEFORE: &str = "dark";
/// The theme that `/update` sets.
pub const AFTER: &str = "light";

/// A user and the data of the session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// Who is logged in.
    pub user: String,
    /// What the application keeps.
    pub data: Data,
}

/// Some small members, and a text that fills the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Data {
    /// Read by nobody.
    pub locale: String,
    /// Read and changed by the handlers.
    pub theme: String,
    /// Read by nobody.
    pub visits: u32,
    /// The rest.
    pub note: String,
}

impl Visit {
    /// With so many bytes of data, as JSON.
    ///
    /// # Panics
    /// For fewer than the small members take.
    #[must_use]
    pub fn new(data_len: usize) -> Self {
        let [locale, theme] = ["en-GB", BEFORE].map(str::to_owned);
        let mut data = Data { locale, theme, visits: 7, note: String::new() };
        let room = data_len.checked_sub(data.to_json().len()).expect("room for the small members");
        data.note = "left at the door ".chars().cycle().take(room).collect();
        Self { user: "user-8675309".into(), data }
    }

    /// After `/update`.
    #[must_use]
    pub fn updated(mut self) -> Self {
        self.data.theme = AFTER.into();
        self
    }

    /// Its JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a struct of texts and numbers is JSON")
    }
}

impl Data {
    /// Its JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a struct of texts and numbers is JSON")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::SIZES;

    #[test]
    fn the_data_has_the_sizes_that_it_says() {
        for size in SIZES {
            assert_eq!(Visit::new(size).data.to_json().len(), size);
        }
    }
}
