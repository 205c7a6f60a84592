//! Step 1: the length and the base64url of the text.

use super::super::refusal::Refusal;
use super::super::scene::{Scene, salt_for, scene};

const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub(super) fn all() -> Vec<Refusal> {
    [too_short(), too_long(), padding(), alphabet(), foreign_letters(), trailing_bits(), white_space()]
        .into_iter()
        .flatten()
        .collect()
}

/// A scene whose token has so many characters above a multiple of 4: 0, 2 (four spare bits) or 3 (two).
pub(super) fn of_remainder(remainder: usize) -> Scene {
    let fitting = |padding: &usize| {
        let len = scene().with(|s| s.padding = *padding).token(&[0; 24]).len();
        len % 4 == remainder
    };
    let padding = (0..3).find(fitting).unwrap();
    scene().with(|s| s.padding = padding)
}

fn of_data_len(len: usize) -> Scene {
    scene().with(|s| (s.user, s.data) = (None, "x".repeat(len)))
}

fn too_short() -> Vec<Refusal> {
    let shortest = of_data_len(0);
    let mut all = Vec::new();
    for len in [0, 1, 2, 4, 76, 136, 137] {
        let comment = format!("the first {len} characters of the shortest token");
        all.push(Refusal::respelt((&comment, "Truncated", "length"), &shortest, |good| good[..len].into()));
    }
    for len in [0, 1, 40, 45] {
        let comment = format!("a record of {len} bytes, sealed: shorter than any token");
        let bad = shortest.record()[..len].to_vec();
        all.push(Refusal::malformed((&comment, "Size", "length"), &shortest, bad));
    }
    all
}

fn too_long() -> Vec<Refusal> {
    let longest = of_data_len(6_041);
    let respelt = |comment, change: &dyn Fn(&str) -> String| {
        Refusal::respelt((comment, "Size", "length"), &longest, change)
    };
    let mut all = vec![
        respelt("8193 characters: the longest token and one more", &|good| format!("{good}A")),
        respelt("8196 characters: the longest token and three bytes", &|good| format!("{good}AAAA")),
        respelt("8193 octets in 8192 characters", &|good| format!("{}é", &good[..8191])),
        respelt("the longest token twice", &|good| good.repeat(2)),
    ];
    for (data_len, chars) in [(6_042, 8194), (6_043, 8195), (6_044, 8196), (12_185, 16_384)] {
        let comment = format!("a sealed token of {chars} characters");
        let bad = of_data_len(data_len).record();
        all.push(Refusal::malformed((&comment, "Size", "length"), &longest, bad));
    }
    all
}

fn padding() -> Vec<Refusal> {
    let [even, four, two] = [0, 2, 3].map(of_remainder);
    let respelt = |comment, scene: &Scene, change: &dyn Fn(&str) -> String| {
        Refusal::respelt((comment, "Base64Padding", "base64"), scene, change)
    };
    vec![
        respelt("the = that other base64 has", &two, &|good| format!("{good}=")),
        respelt("the == that other base64 has", &four, &|good| format!("{good}==")),
        respelt("one = where other base64 has two", &four, &|good| format!("{good}=")),
        respelt("=== where other base64 has one =", &two, &|good| format!("{good}===")),
        respelt("==== where no base64 has any", &even, &|good| format!("{good}====")),
        respelt("= for the last character", &even, &|good| replaced(good, good.len() - 1, "=")),
        respelt("= in the middle", &even, &|good| replaced(good, 70, "=")),
        respelt("= in front", &even, &|good| format!("={good}")),
        respelt("a percent-encoded = at the end", &two, &|good| format!("{good}%3D")),
    ]
}

fn alphabet() -> Vec<Refusal> {
    let mut all = Vec::new();
    for (comment, from, to) in [
        ("a plus sign for a hyphen, as in other base64", "-", "+"),
        ("a slash for an underscore, as in other base64", "_", "/"),
        ("a percent-encoded hyphen", "-", "%2D"),
        ("a tilde for an underscore", "_", "~"),
        ("an en dash for a hyphen", "-", "\u{2013}"),
        ("a full-width letter for its like", "A", "\u{ff21}"),
        ("a Cyrillic letter for its like", "A", "\u{410}"),
        ("a Kelvin sign for the K that it lowers to", "K", "\u{212a}"),
        ("a long s for the s that it raises to", "s", "\u{17f}"),
    ] {
        let scene = scene();
        let salt = salt_for(comment, |salt| scene.token(salt).contains(from));
        let good = scene.token(&salt);
        let bad = good.replacen(from, to, 1);
        all.push(Refusal::of_text((comment, "Base64Alphabet", "base64"), &scene, bad, good));
    }
    let scene = scene();
    let salt = salt_for("standard base64", |salt| {
        let token = scene.token(salt);
        token.contains('-') && token.contains('_')
    });
    let good = scene.token(&salt);
    let bad = good.replace('-', "+").replace('_', "/");
    let what = ("the whole alphabet of other base64", "Base64Alphabet", "base64");
    all.push(Refusal::of_text(what, &scene, bad, good));
    all
}

fn foreign_letters() -> Vec<Refusal> {
    let even = of_remainder(0);
    let mut all = Vec::new();
    for (what, character) in [
        ("a dot", "."),
        ("a comma", ","),
        ("a colon", ":"),
        ("a semicolon", ";"),
        ("an asterisk", "*"),
        ("a backslash", "\\"),
        ("an at sign, before A in ASCII", "@"),
        ("a bracket, after Z in ASCII", "["),
        ("a backtick, before a in ASCII", "`"),
        ("a brace, after z in ASCII", "{"),
        ("an é", "é"),
        ("U+0080", "\u{80}"),
        ("U+0141, whose low byte is an A", "\u{141}"),
        ("an emoji", "😀"),
        ("the last code point", "\u{10ffff}"),
    ] {
        let comment = format!("{what} for a character");
        let change = |good: &str| replaced(good, 70, character);
        all.push(Refusal::respelt((&comment, "Base64Alphabet", "base64"), &even, change));
    }
    let what = ("quotation marks around it", "Base64Alphabet", "base64");
    all.push(Refusal::respelt(what, &even, |good| format!("\"{good}\"")));
    let what = ("137 characters of 138 octets are long enough, but no base64url", "Base64Alphabet", "base64");
    all.push(Refusal::respelt(what, &of_data_len(0), |good| format!("{}é", &good[..136])));
    all
}

fn trailing_bits() -> Vec<Refusal> {
    let mut all = Vec::new();
    for (remainder, values) in [(2, [1, 2, 4, 8, 15].as_slice()), (3, &[1, 2, 3])] {
        for value in values {
            let bits = if remainder == 2 { "four" } else { "two" };
            let comment = format!("{value} in the {bits} bits that encode nothing");
            let change = |good: &str| {
                let last = last_digit(good) + value;
                replaced(good, good.len() - 1, &DIGITS[last..=last])
            };
            let scene = of_remainder(remainder);
            all.push(Refusal::respelt((&comment, "Base64TrailingBits", "base64"), &scene, change));
        }
    }
    let [even, four] = [0, 2].map(of_remainder);
    let what = ("a character too many, 4k + 1", "Base64Length", "base64");
    all.push(Refusal::respelt(what, &even, |good| format!("{good}A")));
    let what = ("a character too few, 4k + 1", "Base64Length", "base64");
    all.push(Refusal::respelt(what, &four, |good| good[..good.len() - 1].into()));
    // The byte of the tag that is lost leaves bits behind.
    let comment = "the last character cut, its neighbour's bits left over";
    let cut = |token: String| token[..token.len() - 1].to_owned();
    let salt = salt_for(comment, |salt| !last_digit(&cut(even.token(salt))).is_multiple_of(4));
    let good = even.token(&salt);
    let bad = cut(good.clone());
    all.push(Refusal::of_text((comment, "Truncated", "base64"), &even, bad, good));
    all
}

fn white_space() -> Vec<Refusal> {
    let even = of_remainder(0);
    let mut all = Vec::new();
    for (what, text) in [
        ("a space", " "),
        ("a line feed", "\n"),
        ("a carriage return", "\r"),
        ("a carriage return and a line feed", "\r\n"),
        ("a tab", "\t"),
        ("a NUL", "\0"),
        ("a no-break space", "\u{a0}"),
    ] {
        for (place, at) in
            [("in front", 0), ("in the middle", 70), ("at the end", even.token(&[0; 24]).len())]
        {
            let comment = format!("{what} {place}");
            let change = |good: &str| format!("{}{text}{}", &good[..at], &good[at..]);
            all.push(Refusal::respelt((&comment, "Base64WhiteSpace", "base64"), &even, change));
        }
    }
    for (what, text) in
        [("a vertical tab", "\u{b}"), ("a form feed", "\u{c}"), ("a zero-width space", "\u{200b}")]
    {
        let comment = format!("{what} at the end");
        let change = |good: &str| format!("{good}{text}");
        all.push(Refusal::respelt((&comment, "Base64WhiteSpace", "base64"), &even, change));
    }
    let what = ("a byte order mark in front", "Base64WhiteSpace", "base64");
    all.push(Refusal::respelt(what, &even, |good| format!("\u{feff}{good}")));
    let what = ("lines of 76 characters, as in mail", "Base64WhiteSpace", "base64");
    all.push(Refusal::respelt(what, &even, |good| format!("{}\r\n{}", &good[..76], &good[76..])));
    all
}

/// The value of the last character.
pub(super) fn last_digit(text: &str) -> usize {
    DIGITS.find(&text[text.len() - 1..]).unwrap()
}

/// The text with another character at a place.
fn replaced(text: &str, at: usize, by: &str) -> String {
    format!("{}{by}{}", &text[..at], &text[at + 1..])
}
