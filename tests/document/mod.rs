//! The blocks of a Markdown document that tests run, and what they are said to print.

/// A block that is fenced with three backticks, wherever it is indented to.
pub(crate) struct Block {
    pub(crate) line: usize,
    pub(crate) language: String,
    pub(crate) text: String,
}

pub(crate) fn blocks(document: &str) -> Vec<Block> {
    let (mut blocks, mut open): (Vec<Block>, Option<usize>) = (Vec::new(), None);
    for (number, line) in (1..).zip(document.lines()) {
        let fence = line.trim_start().strip_prefix("```");
        match (open, fence) {
            (None, Some(language)) => {
                open = Some(line.len() - line.trim_start().len());
                blocks.push(Block { line: number, language: language.to_owned(), text: String::new() });
            }
            (Some(_), Some(_)) => open = None,
            (Some(indent), None) => {
                let text = &mut blocks.last_mut().unwrap().text;
                text.push_str(line.get(indent..).unwrap_or_default());
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block has no end");
    blocks
}

/// Whether a text is what a pattern shows, in which `...` stands for anything.
pub(crate) fn shows(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once("...") else { return pattern == text };
    let Some(mut left) = text.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = rest.split("...").collect();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        match left.split_once(piece) {
            Some((_, after)) => left = after,
            None => return false,
        }
    }
    left.ends_with(last)
}
