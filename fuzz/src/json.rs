//! JSON (RFC 8259), read to the letter: members in their order, twice if they stand there twice.

/// A value. What matters here and a map would hide is kept.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    /// As it is spelled.
    Number(String),
    Text(Text),
    Array(Vec<Json>),
    Object(Vec<(Text, Json)>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// What the text says; nothing if half of a surrogate pair stands in it.
    pub says: Option<String>,
    /// Whether there is a backslash in it.
    pub escaped: bool,
}

/// The value that a text is, with white space around it.
pub fn read(text: &str) -> Option<Json> {
    let mut reader = Reader(text);
    let value = reader.value()?;
    reader.0.is_empty().then_some(value)
}

struct Reader<'a>(&'a str);

impl Reader<'_> {
    fn value(&mut self) -> Option<Json> {
        self.space();
        let value = match self.0.as_bytes().first()? {
            b'n' => self.word("null").map(|()| Json::Null),
            b't' => self.word("true").map(|()| Json::Bool(true)),
            b'f' => self.word("false").map(|()| Json::Bool(false)),
            b'"' => self.text().map(Json::Text),
            b'[' => self.list('[', ']', Self::value).map(Json::Array),
            b'{' => self.list('{', '}', Self::member).map(Json::Object),
            _ => self.number().map(Json::Number),
        };
        self.space();
        value
    }

    fn list<T>(&mut self, open: char, close: char, item: fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut items = Vec::new();
        self.mark(open)?;
        self.space();
        if self.mark(close).is_some() {
            return Some(items);
        }
        loop {
            items.push(item(self)?);
            if self.mark(close).is_some() {
                return Some(items);
            }
            self.mark(',')?;
        }
    }

    fn member(&mut self) -> Option<(Text, Json)> {
        self.space();
        let name = self.text()?;
        self.space();
        self.mark(':')?;
        Some((name, self.value()?))
    }

    fn text(&mut self) -> Option<Text> {
        self.mark('"')?;
        let mut units: Vec<u16> = Vec::new();
        let mut escaped = false;
        loop {
            match self.next()? {
                '"' => return Some(Text { says: String::from_utf16(&units).ok(), escaped }),
                '\\' => {
                    escaped = true;
                    units.push(self.escape()?);
                }
                '\0'..'\x20' => return None,
                letter => units.extend(letter.encode_utf16(&mut [0; 2]).iter()),
            }
        }
    }

    fn escape(&mut self) -> Option<u16> {
        Some(match self.next()? {
            letter @ ('"' | '\\' | '/') => letter as u16,
            'b' => 0x08,
            'f' => 0x0C,
            'n' => 0x0A,
            'r' => 0x0D,
            't' => 0x09,
            'u' => {
                let (digits, rest) = self.0.split_at_checked(4)?;
                self.0 = rest;
                let all_digits = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                u16::from_str_radix(digits, 16).ok().filter(|_| all_digits)?
            }
            _ => return None,
        })
    }

    fn number(&mut self) -> Option<String> {
        let before = self.0;
        let _ = self.mark('-');
        if self.mark('0').is_none() {
            self.digits()?;
        }
        if self.mark('.').is_some() {
            self.digits()?;
        }
        if self.mark('e').or_else(|| self.mark('E')).is_some() {
            let _ = self.mark('+').or_else(|| self.mark('-'));
            self.digits()?;
        }
        Some(before[..before.len() - self.0.len()].to_owned())
    }

    fn digits(&mut self) -> Option<()> {
        let rest = self.0.trim_start_matches(|c: char| c.is_ascii_digit());
        let some = rest.len() < self.0.len();
        self.0 = rest;
        some.then_some(())
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(word)?;
        Some(())
    }

    fn mark(&mut self, mark: char) -> Option<()> {
        self.0 = self.0.strip_prefix(mark)?;
        Some(())
    }

    fn next(&mut self) -> Option<char> {
        let letter = self.0.chars().next()?;
        self.0 = &self.0[letter.len_utf8()..];
        Some(letter)
    }

    fn space(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t', '\n', '\r']);
    }
}
