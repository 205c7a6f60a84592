//! The session that every peer carries, and its JSON form for the peers that take bytes.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The lengths of the session data, in bytes. The last is what just fits into a cookie of 4096.
pub const SIZES: [usize; 4] = [64, 256, 1024, 2900];

/// How long the sessions live, in seconds.
pub const TTL_S: u64 = 24 * 60 * 60;

/// What is sealed. The data is known to be JSON, so that no peer pays for finding out that does not ask.
#[derive(Debug, Clone)]
pub struct Claims {
    /// Who is logged in.
    pub user: String,
    /// When the session began, in milliseconds since 1970; full seconds, because many peers keep no more.
    pub created_ms: u64,
    /// When it ends.
    pub expires_ms: u64,
    /// What the application keeps in it: a JSON object.
    pub data: Box<RawValue>,
}

impl Claims {
    /// A session that began now and lives for [`TTL_S`], with so many bytes of data.
    #[must_use]
    pub fn new(data_len: usize) -> Self {
        let created_ms = now_ms() / 1000 * 1000;
        let data = RawValue::from_string(data(data_len)).expect("the data is JSON");
        Self { user: "user-8675309".into(), created_ms, expires_ms: created_ms + TTL_S * 1000, data }
    }

    /// The same, a week earlier: it has expired.
    #[must_use]
    pub fn of_yesterday(&self) -> Self {
        let week_ms = 7 * 24 * 60 * 60 * 1000;
        let (created_ms, expires_ms) = (self.created_ms - week_ms, self.expires_ms - week_ms);
        Self { created_ms, expires_ms, ..self.clone() }
    }

    /// Its JSON, for the peers that carry bytes or text.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(&JsonOut::from(self)).expect("a struct of texts and numbers is JSON")
    }

    /// The same, for data that might not be JSON: a text is checked before it is embedded.
    #[must_use]
    pub fn to_json_checking_data(&self) -> String {
        let data = serde_json::from_str(self.data.get()).expect("the data is JSON");
        serde_json::to_string(&JsonOut { data, ..self.into() })
            .expect("a struct of texts and numbers is JSON")
    }

    /// How long it lives, in milliseconds.
    #[must_use]
    pub fn ttl_ms(&self) -> u64 {
        self.expires_ms - self.created_ms
    }
}

/// What opening gives back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// As in [`Claims`], like the others.
    pub user: String,
    /// When the session began.
    pub created_ms: u64,
    /// When it ends.
    pub expires_ms: u64,
    /// The JSON text.
    pub data: String,
}

impl Opened {
    /// Itself, unless it has expired: for the peers that do not look.
    #[must_use]
    pub fn live(self) -> Option<Self> {
        (now_ms() < self.expires_ms).then_some(self)
    }

    /// From the JSON of [`Claims::to_json`], if it has not expired.
    #[must_use]
    pub fn from_json(json: &str) -> Option<Self> {
        Self::from(serde_json::from_str::<JsonIn>(json).ok()?).live()
    }

    /// As [`from_json`](Self::from_json), for the peers that give bytes.
    #[must_use]
    pub fn from_json_bytes(json: &[u8]) -> Option<Self> {
        Self::from(serde_json::from_slice::<JsonIn>(json).ok()?).live()
    }
}

/// The claims as JSON is written: the data stands in it as it is, neither escaped nor parsed.
#[derive(Serialize)]
pub struct JsonOut<'a> {
    sub: &'a str,
    iat: u64,
    exp: u64,
    data: &'a RawValue,
}

impl<'a> From<&'a Claims> for JsonOut<'a> {
    fn from(claims: &'a Claims) -> Self {
        Self { sub: &claims.user, iat: claims.created_ms, exp: claims.expires_ms, data: &claims.data }
    }
}

impl JsonOut<'_> {
    /// With the times in seconds, as JWT has them.
    #[must_use]
    pub fn in_seconds(self) -> Self {
        Self { iat: self.iat / 1000, exp: self.exp / 1000, ..self }
    }
}

/// The claims as JSON is read. The data is scanned for where it ends, and copied.
#[derive(Clone, Serialize, Deserialize)]
pub struct JsonIn {
    sub: String,
    iat: u64,
    exp: u64,
    data: Box<RawValue>,
}

impl JsonIn {
    /// With the times in milliseconds, for times that were in seconds.
    #[must_use]
    pub fn in_milliseconds(self) -> Self {
        Self { iat: self.iat * 1000, exp: self.exp * 1000, ..self }
    }
}

impl From<&Claims> for JsonIn {
    fn from(claims: &Claims) -> Self {
        let Claims { user, created_ms, expires_ms, data } = claims;
        Self { sub: user.clone(), iat: *created_ms, exp: *expires_ms, data: data.clone() }
    }
}

impl From<JsonIn> for Opened {
    fn from(json: JsonIn) -> Self {
        let data = Box::<str>::from(json.data).into_string();
        Self { user: json.sub, created_ms: json.iat, expires_ms: json.exp, data }
    }
}

/// A shop's session: a few settings, then as many items in the cart as fit, then a note for the rest.
fn data(len: usize) -> String {
    let head = r#"{"locale":"en-GB","theme":"dark","cart":["#;
    let mut text = String::from(head);
    for item in 0.. {
        let comma = if item == 0 { "" } else { "," };
        let next = format!(
            r#"{comma}{{"sku":"B0{:05}","qty":{},"price":{}}}"#,
            item * 7919,
            1 + item % 5,
            499 + item * 100
        );
        if text.len() + next.len() + r#"],"note":""}"#.len() > len {
            break;
        }
        text.push_str(&next);
    }
    let room = len - text.len() - r#"],"note":""}"#.len();
    let note: String = "left at the door ".chars().cycle().take(room).collect();
    text.push_str(&format!(r#"],"note":"{note}"}}"#));
    text
}

/// Milliseconds since 1970.
#[must_use]
pub fn now_ms() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is right");
    u64::try_from(since_1970.as_millis()).expect("until the year 584 million")
}

/// A time as PASETO has it.
#[must_use]
pub fn to_rfc3339(ms: u64) -> String {
    let seconds = i64::try_from(ms / 1000).expect("a time of this age");
    let time = OffsetDateTime::from_unix_timestamp(seconds).expect("a time of this age");
    time.format(&Rfc3339).expect("a time of this age")
}

/// And back.
#[must_use]
pub fn from_rfc3339(text: &str) -> Option<u64> {
    u64::try_from(OffsetDateTime::parse(text, &Rfc3339).ok()?.unix_timestamp()).ok().map(|s| s * 1000)
}
