//! Values that are hard to bring back: what `insert` takes is what `get` reads, or it is an error when it is put in.

use serde::ser::{SerializeMap as _, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A value by its number, as its text would be after serde_json has read it; nothing for one that JSON does not have.
pub struct Hard {
    which: u8,
}

impl Hard {
    pub fn new(which: u8) -> Self {
        Self { which }
    }

    /// What is to come back, if it is taken.
    pub fn expected(&self) -> Option<String> {
        match self.which % 16 {
            // These are no JSON.
            0..=2 => None,
            // Of members with one name, no reader knows which counts.
            3 => None,
            _ => Some(self.json().to_string()),
        }
    }

    fn json(&self) -> Value {
        let bits = u64::from(self.which).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        match self.which % 16 {
            4 => json!(f64::from_bits(bits >> 2)),
            5 => json!(-f64::from_bits(bits >> 2)),
            6 => json!([0.1 + 0.2, f64::MIN_POSITIVE, f64::MAX, 5e-324, -0.0, 1e21, 1e23]),
            7 => json!([u64::MAX, i64::MIN, 0, -1]),
            8 => json!("\u{0}\u{1f}\"\\\u{7f}\u{2028}\u{feff}\u{10ffff}</script>"),
            9 => json!({"": {"\u{0}": [null, true]}, "_flash": 1, "items": [7]}),
            10 => nested(20 + usize::from(self.which) / 5),
            11 => json!({"a": [], "b": {}, "c": "", "d": null}),
            12 => json!(" { \"a\" : 1 } "),
            13 => json!(bits),
            14 => json!([bits as i64, (bits >> 11) as f64]),
            _ => json!(null),
        }
    }
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(1), |inner, at| if at % 2 == 0 { json!([inner]) } else { json!({ "n": inner }) })
}

impl Serialize for Hard {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.which % 16 {
            0 => f64::NAN.serialize(serializer),
            1 => [f64::INFINITY].serialize(serializer),
            2 => {
                std::collections::BTreeMap::from([(Some(1.5_f32.to_bits()), f32::NAN)]).serialize(serializer)
            }
            3 => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("one", &1)?;
                map.serialize_entry("one", &2)?;
                map.end()
            }
            _ => self.json().serialize(serializer),
        }
    }
}

/// What stands in a session, as text.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct Found(Value);

impl Found {
    pub fn text(&self) -> String {
        self.0.to_string()
    }
}
