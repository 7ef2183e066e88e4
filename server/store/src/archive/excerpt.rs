//! The part of a message that shows a reader of search results why it was found.

use super::words::{Words, words};

/// Characters of an excerpt, the signs for what is left out apart.
const EXCERPT_CHARS_MAX: usize = 160;

/// Characters before the first word that was found.
const BEFORE_CHARS: usize = 40;

/// Stands for what is left out.
const LEFT_OUT: char = '…';

/// A part of the text around the first of the words, and where the words stand in it: pairs of the first UTF-16 code
/// unit and the one after the last. Line ends and other signs that control a display are spaces in it.
pub(crate) fn excerpt(text: &str, sought: &Words) -> (String, Vec<(u32, u32)>) {
    let found: Vec<(usize, usize)> =
        words(text).into_iter().filter(|word| sought.has(&word.folded)).map(|word| (word.from, word.to)).collect();
    let first = found.first().map_or(0, |(from, _)| *from);
    let from = text[..first].char_indices().rev().take(BEFORE_CHARS).last().map_or(first, |(at, _)| at);
    let to = text[from..].char_indices().nth(EXCERPT_CHARS_MAX).map_or(text.len(), |(at, _)| from + at);
    let mut excerpt = Excerpt::default();
    if from > 0 {
        excerpt.push(LEFT_OUT);
    }
    for (at, letter) in text[from..to].char_indices().map(|(at, letter)| (from + at, letter)) {
        excerpt.pass(at, &found);
        excerpt.push(if letter.is_control() { ' ' } else { letter });
    }
    excerpt.pass(to, &found);
    if to < text.len() {
        excerpt.push(LEFT_OUT);
    }
    (excerpt.text, excerpt.marks)
}

#[derive(Debug, Default)]
struct Excerpt {
    text: String,
    length_utf16: u32,
    begun: Option<u32>,
    marks: Vec<(u32, u32)>,
}

impl Excerpt {
    fn push(&mut self, letter: char) {
        self.text.push(letter);
        self.length_utf16 += if letter.len_utf16() == 2 { 2 } else { 1 };
    }

    /// The place `at` of the text is reached, where a word may end and another begin. One that the end of the excerpt
    /// cuts is not marked.
    fn pass(&mut self, at: usize, found: &[(usize, usize)]) {
        if found.iter().any(|(_, to)| *to == at) {
            self.marks.extend(self.begun.take().map(|from| (from, self.length_utf16)));
        }
        if found.iter().any(|(from, _)| *from == at) {
            self.begun = Some(self.length_utf16);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(text: &str, sought: &str) -> (String, Vec<String>) {
        let (excerpt, marks) = excerpt(text, &Words::of(sought).expect("has words"));
        let units: Vec<u16> = excerpt.encode_utf16().collect();
        let of = |(from, to): &(u32, u32)| String::from_utf16(&units[*from as usize..*to as usize]).expect("is whole");
        let marked = marks.iter().map(of).collect();
        (excerpt, marked)
    }

    #[test]
    fn every_word_that_was_sought_is_marked() {
        let (excerpt, marked) = marked("👋 The Refund for order 4711: refunds take\n3 days", "4711 refund");
        assert_eq!(excerpt, "👋 The Refund for order 4711: refunds take 3 days");
        assert_eq!(marked, ["Refund", "4711", "refunds"]);
    }

    #[test]
    fn only_the_last_word_may_be_a_beginning() {
        assert_eq!(marked("refunds for orders", "refund order").1, ["orders"]);
    }

    #[test]
    fn a_long_text_is_cut_around_the_first_word_found() {
        let text = format!("{}needle {}", "é ".repeat(500), "é ".repeat(500));
        let (excerpt, marked) = marked(&text, "needle");
        assert!(excerpt.starts_with('…') && excerpt.ends_with('…'), "{excerpt}");
        assert_eq!(excerpt.chars().count(), EXCERPT_CHARS_MAX + 2);
        assert_eq!(marked, ["needle"]);
    }

    #[test]
    fn a_word_that_the_end_cuts_is_shown_and_not_marked() {
        let text = format!("needle {}needle", "x".repeat(EXCERPT_CHARS_MAX - 10));
        assert_eq!(marked(&text, "needle").1, ["needle"]);
        assert_eq!(marked(&"y".repeat(1_000), &"y".repeat(64)).1, [] as [&str; 0]);
    }

    #[test]
    fn neighbours_without_a_space_are_marked_one_by_one() {
        assert_eq!(marked("请退货吧", "退货").1, ["退", "货"]);
    }
}
