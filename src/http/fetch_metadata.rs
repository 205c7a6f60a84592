//! What browsers say of a request's origin and purpose in headers that no page can set (W3C Fetch Metadata).

use http::HeaderMap;

/// Whether a browser will show the answer as a page of its own or inside another, as far as it tells: the Fetch
/// Standard's navigation requests, and fenced frames.
pub(super) fn is_for_a_document(headers: &HeaderMap) -> bool {
    const DOCUMENTS: [&str; 6] = ["document", "iframe", "frame", "fencedframe", "embed", "object"];
    let mut destinations = headers.get_all("sec-fetch-dest").iter();
    destinations.all(|destination| DOCUMENTS.iter().any(|document| destination == document))
}
