//! Telling code from comments and strings, well enough for the rules.

/// What a character of a Rust file belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Code,
    Comment,
    Text,
}

/// The file with everything but `keep` blanked out; lines and columns stay where they are.
pub(super) fn only(source: &str, keep: Kind) -> String {
    let chars: Vec<char> = source.chars().collect();
    let kinds = kinds(&chars);
    let shown = chars.iter().zip(kinds).map(|(c, kind)| if kind == keep || *c == '\n' { *c } else { ' ' });
    shown.collect()
}

fn kinds(chars: &[char]) -> Vec<Kind> {
    let (mut kinds, mut i) = (Vec::with_capacity(chars.len()), 0);
    while i < chars.len() {
        let (kind, length) = next(chars, i);
        let length = length.clamp(1, chars.len() - i);
        kinds.resize(kinds.len() + length, kind);
        i += length;
    }
    kinds
}

/// What starts at `i`, and how long it is.
fn next(chars: &[char], i: usize) -> (Kind, usize) {
    let rest = &chars[i..];
    let is_word = |c: &char| c.is_alphanumeric() || *c == '_';
    match rest {
        ['/', '/', ..] => (Kind::Comment, rest.iter().position(|c| *c == '\n').unwrap_or(rest.len())),
        ['/', '*', ..] => (Kind::Comment, block_comment(rest)),
        ['"', ..] => (Kind::Text, quoted(rest, '"')),
        ['r', '"' | '#', ..] if i == 0 || !is_word(&chars[i - 1]) || chars[i - 1] == 'b' => {
            raw_string(rest).map_or((Kind::Code, 1), |length| (Kind::Text, length))
        }
        ['\'', '\\', ..] => (Kind::Text, quoted(rest, '\'')),
        ['\'', _, '\'', ..] => (Kind::Text, 3),
        _ => (Kind::Code, 1),
    }
}

fn quoted(rest: &[char], end: char) -> usize {
    let mut i = 1;
    while i < rest.len() && rest[i] != end {
        i += if rest[i] == '\\' { 2 } else { 1 };
    }
    i + 1
}

fn raw_string(rest: &[char]) -> Option<usize> {
    let hashes = rest[1..].iter().take_while(|c| **c == '#').count();
    if rest.get(1 + hashes) != Some(&'"') {
        return None;
    }
    let start = 2 + hashes;
    let ends =
        |i: &usize| rest[*i] == '"' && rest[*i + 1..].iter().take_while(|c| **c == '#').count() >= hashes;
    Some((start..rest.len()).find(ends).map_or(rest.len(), |i| i + 1 + hashes))
}

fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut i) = (0_usize, 0);
    while i + 1 < rest.len() {
        match (rest[i], rest[i + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                i += 1;
                continue;
            }
        }
        i += 2;
        if depth == 0 {
            return i;
        }
    }
    rest.len()
}

/// True when `word` stands in `line` with no letter, digit or underscore beside it.
pub(super) fn has_word(line: &str, word: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(i, _)| {
        !line[..i].chars().next_back().is_some_and(is_word)
            && !line[i + word.len()..].chars().next().is_some_and(is_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_comments_and_texts_are_told_apart() {
        let source = r####"let a = "b \" // c"; // d "e"
let f = r#"g " h"#; /* i /* j */ k */ let l: &'m str = 'n'; let o = '\''; p"####;
        let squeeze = |kind| only(source, kind).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(squeeze(Kind::Code), "let a = ; let f = ; let l: &'m str = ; let o = ; p");
        assert_eq!(squeeze(Kind::Comment), r#"// d "e" /* i /* j */ k */"#);
        assert_eq!(squeeze(Kind::Text), r####""b \" // c" r#"g " h"# 'n' '\''"####);
    }

    #[test]
    fn words_stand_alone() {
        assert!(has_word("x: f64,", "f64") && !has_word("af64", "f64") && !has_word("f64_x", "f64"));
    }
}
