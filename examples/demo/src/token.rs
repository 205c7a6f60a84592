//! A token taken apart for the eye: everything but the record can be seen without a key.

use crate::html::escape;

/// The fields of a token of version 1, in order: name, class on the page, octets, where the ciphertext takes what
/// the others leave (SPEC.md, section 3).
const FIELDS: [(&str, &str, Option<usize>); 5] = [
    ("version", "version", Some(1)),
    ("key id", "key-id", Some(16)),
    ("salt", "salt", Some(24)),
    ("ciphertext", "ciphertext", None),
    ("tag", "tag", Some(16)),
];

/// A field, and the characters that show it.
pub(crate) struct Field<'t> {
    pub(crate) name: &'static str,
    pub(crate) class: &'static str,
    pub(crate) octets: usize,
    pub(crate) text: &'t str,
    /// Where its text begins.
    pub(crate) at: usize,
}

/// The fields of a token; none for a text that is too short to be one.
///
/// Four characters are three octets, so one on a border belongs to two fields. It goes to the first.
pub(crate) fn fields(token: &str) -> Vec<Field<'_>> {
    let fixed: usize = FIELDS.iter().filter_map(|(_, _, octets)| *octets).sum();
    let Some(record) = (token.len() * 3 / 4).checked_sub(fixed) else { return Vec::new() };
    let (mut from, mut fields) = (0, Vec::new());
    for (name, class, octets) in FIELDS {
        let octets = octets.unwrap_or(record);
        let (at, to) = ((from * 4_usize).div_ceil(3), ((from + octets) * 4).div_ceil(3));
        let Some(text) = token.get(at..to.min(token.len())) else { return Vec::new() };
        fields.push(Field { name, class, octets, text, at });
        from += octets;
    }
    fields
}

/// The text of a token with its fields marked. What is no token is shown as it is.
pub(crate) fn coloured(token: &str) -> String {
    let fields = fields(token);
    if fields.is_empty() {
        return escape(token);
    }
    fields
        .iter()
        .map(|field| {
            format!(r#"<span class="{}" title="{}">{}</span>"#, field.class, field.name, escape(field.text))
        })
        .collect()
}

/// What the colours mean, and how long each field is.
pub(crate) fn legend(token: &str) -> String {
    fields(token)
        .iter()
        .map(|Field { name, class, octets, .. }| {
            let unit = if *octets == 1 { "byte" } else { "bytes" };
            format!(r#"<li><span class="swatch {class}"></span>{name} <b>{octets} {unit}</b></li>"#)
        })
        .collect()
}
