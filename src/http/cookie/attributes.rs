//! What a name, a Domain and a Path may be: other values are dropped or ignored by browsers, or match no request.

use crate::error::ConfigError;

/// The longest `Path` that browsers keep (RFC 6265bis, section 5.6).
const MAX_PATH_BYTES: usize = 1024;
/// The longest label of a host, and the longest host (RFC 1035, section 2.3.4).
const MAX_LABEL_BYTES: usize = 63;
const MAX_HOST_BYTES: usize = 253;

/// A token of RFC 9110, section 5.6.2, as RFC 6265bis has it.
pub(super) fn check_name(name: &str) -> Result<(), ConfigError> {
    let legal = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    if !name.is_empty() && name.as_bytes().iter().all(legal) {
        return Ok(());
    }
    refuse(format!(
        "{name:?} is no cookie name: it has one or more of the letters A to Z and a to z, digits, and !#$%&'*+-.^_`|~"
    ))
}

/// A Domain as browsers keep it: in lower case, without the dot that may stand before it.
///
/// Browsers refuse public suffixes of more than one label too, such as `co.uk`. Their list is not compiled in: it has
/// some 10,000 rules, changes weekly, and a domain that is added to it must not keep a server from starting.
pub(super) fn canonical_domain(domain: &str) -> Result<String, ConfigError> {
    let host = domain.strip_prefix('.').unwrap_or(domain);
    let last = host.rsplit('.').next().unwrap_or_default();
    let fault = match () {
        () if !has_labels_of_legal_bytes(host) => {
            "is no host for a cookie's Domain: it has letters, digits, '-' and single dots; write other scripts in \
             Punycode"
        }
        () if host.split('.').any(|label| label.starts_with('-') || label.ends_with('-')) => {
            "is no host for a cookie's Domain: none of its labels begins or ends with '-'"
        }
        () if host.len() > MAX_HOST_BYTES || host.split('.').any(|label| label.len() > MAX_LABEL_BYTES) => {
            "is no host for a cookie's Domain: a label has at most 63 bytes, and all of it 253"
        }
        () if is_number(last) => {
            "cannot be a cookie's Domain, because browsers read a host that ends in a number as an IP address, and \
             such a cookie is for that address alone: leave the Domain out"
        }
        () if last == host => {
            "cannot be a cookie's Domain: it is one label, as the public suffixes are, so browsers drop the cookie, or \
             keep it for that host alone: leave the Domain out"
        }
        () => return Ok(host.to_ascii_lowercase()),
    };
    refuse(format!("{domain:?} {fault}"))
}

/// No underscores: names in DNS may have them, but no certificate is issued for such a host.
fn has_labels_of_legal_bytes(host: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    host.split('.').all(|label| !label.is_empty() && label.bytes().all(legal))
}

/// As the URL standard has it: digits, or hexadecimal digits behind `0x`.
fn is_number(label: &str) -> bool {
    let hexadecimal = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
    hexadecimal.is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
        || label.bytes().all(|digit| digit.is_ascii_digit())
}

/// A Path that some request can match.
pub(super) fn check_path(path: &str) -> Result<(), ConfigError> {
    if path.len() > MAX_PATH_BYTES {
        return refuse(format!(
            "browsers ignore a cookie's Path of more than {MAX_PATH_BYTES} bytes, and this one has {}",
            path.len()
        ));
    }
    if !path.bytes().all(stands_in_the_path_of_a_request) {
        return refuse(format!(
            "{path:?} cannot be a cookie's Path: it is compared with the path of a request as a browser writes it, \
             which has no query, no ';' and only some of ASCII; percent-encode the rest"
        ));
    }
    if !path.starts_with('/') {
        return refuse(format!("a cookie's Path begins with '/', and {path:?} does not"));
    }
    if path.split('/').any(is_dot_segment) {
        return refuse(format!(
            "{path:?} has a segment '.' or '..', which browsers resolve before they send a request: write the \
             cookie's Path without"
        ));
    }
    Ok(())
}

/// What browsers leave as it is (the path percent-encode set of the URL standard), but `;`, which ends an attribute.
fn stands_in_the_path_of_a_request(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,=:@|[]/".contains(&byte)
}

fn is_dot_segment(segment: &str) -> bool {
    matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

pub(super) fn refuse<T>(message: String) -> Result<T, ConfigError> {
    Err(ConfigError(message))
}
