//! What browsers say of a request's origin and purpose in headers that no page can set (W3C Fetch Metadata).

use http::HeaderMap;

/// Where a request comes from, by `Sec-Fetch-Site`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Site {
    Absent,
    /// The own origin, or the user: an address that was typed, a bookmark.
    Own,
    /// Another origin, of the same site or not; or a word that is not known here.
    Other,
}

impl Site {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let said = headers.get_all("sec-fetch-site");
        match said.iter().next() {
            None => Self::Absent,
            Some(_) if said.iter().all(|site| site == "same-origin" || site == "none") => Self::Own,
            Some(_) => Self::Other,
        }
    }
}

/// Whether a browser will show the answer as a page of its own or inside another, as far as it tells: the Fetch
/// Standard's navigation requests, and fenced frames.
pub(super) fn is_for_a_document(headers: &HeaderMap) -> bool {
    const DOCUMENTS: [&str; 6] = ["document", "iframe", "frame", "fencedframe", "embed", "object"];
    let mut destinations = headers.get_all("sec-fetch-dest").iter();
    destinations.all(|destination| DOCUMENTS.iter().any(|document| destination == document))
}
