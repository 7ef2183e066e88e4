//! What a word is, for the full-text index and for who searches it.
//!
//! It exists so that every backend finds the same: a database's own idea of a word, which differs from one to the next,
//! is never asked. Whoever changes what [`words`] gives has every index built anew, since words are removed from one by
//! the same rule by which they were added.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Characters of a word that count; what follows them in a longer one is not looked at.
const WORD_CHARS_MAX: usize = 64;

/// Bytes of one message that an index takes. A `tsvector` holds a mebibyte; a message is far shorter, but one letter may
/// stand for many.
const INDEXED_BYTES_MAX: usize = 512 * 1024;

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// Where it begins in the text, in bytes.
    pub(crate) from: usize,
    /// Where it ends.
    pub(crate) to: usize,
    /// As it is compared: in lower case, without accents. Only letters and digits.
    pub(crate) folded: String,
}

/// The words of a text, in order. Where a script does not part words, each character is one.
pub(crate) fn words(text: &str) -> Vec<Word> {
    let mut spans: Vec<(usize, usize)> = Vec::new();
    let mut begun: Option<usize> = None;
    for (at, letter) in text.char_indices() {
        let goes_on = begun.is_some() && is_combining_mark(letter);
        if !(letter.is_alphanumeric() || goes_on) || stands_alone(letter) {
            spans.extend(begun.take().map(|from| (from, at)));
            if stands_alone(letter) {
                spans.push((at, at + letter.len_utf8()));
            }
        } else if begun.is_none() {
            begun = Some(at);
        }
    }
    spans.extend(begun.map(|from| (from, text.len())));
    let word = |(from, to): (usize, usize)| Word { from, to, folded: folded(&text[from..to]) };
    spans.into_iter().map(word).filter(|word| !word.folded.is_empty()).collect()
}

/// The words of a text as an index takes them, parted by spaces. What comes after [`INDEXED_BYTES_MAX`] is not found.
pub(crate) fn joined(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    for word in words(text) {
        if joined.len() + word.folded.len() >= INDEXED_BYTES_MAX {
            break;
        }
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(&word.folded);
    }
    joined
}

/// A text as it is compared by somebody who looks for a part of it.
pub(crate) fn fold(text: &str) -> String {
    let decomposed = text.nfkd().filter(|letter| !is_combining_mark(*letter));
    decomposed.flat_map(char::to_lowercase).filter(|letter| !is_combining_mark(*letter)).map(one_sigma).collect()
}

/// The words that a search names. The last one may be a beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(Vec<String>);

impl Words {
    /// Reads what somebody looks for; none without a word. Signs mean nothing, so nothing can be a syntax error.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let words: Vec<String> = words(text).into_iter().map(|word| word.folded).collect();
        (!words.is_empty()).then_some(Self(words))
    }

    /// Whether a word of a text is one of these.
    pub(crate) fn has(&self, folded: &str) -> bool {
        let is_last = self.0.last().is_some_and(|last| folded.starts_with(last.as_str()));
        is_last || self.0.iter().any(|word| word == folded)
    }

    /// All of them as a query of FTS5. Quoted, since `and` would be an operator.
    pub(crate) fn for_fts5(&self) -> String {
        self.each(|word| format!("\"{word}\""), "*", " ")
    }

    /// All of them as a `tsquery`. Letters and digits need no escape within quotes.
    pub(crate) fn for_tsquery(&self) -> String {
        self.each(|word| format!("'{word}'"), ":*", " & ")
    }

    fn each(&self, quoted: impl Fn(&str) -> String, prefix: &str, between: &str) -> String {
        let quoted: Vec<String> = self.0.iter().map(|word| quoted(word)).collect();
        quoted.join(between) + prefix
    }
}

fn folded(word: &str) -> String {
    fold(word).chars().filter(|letter| letter.is_alphanumeric()).take(WORD_CHARS_MAX).collect()
}

/// Greek writes one letter in another way at the end of a word.
fn one_sigma(letter: char) -> char {
    if letter == 'ς' { 'σ' } else { letter }
}

/// Whether a character is of a script that writes no spaces between words: Han, Kana, Thai, Lao, Khmer, Burmese.
fn stands_alone(letter: char) -> bool {
    matches!(letter,
        '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3134f}' | '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_compared_without_case_accents_and_signs() {
        assert_eq!(joined("Où est l'ÉTÉ?  Ça-va…"), "ou est l ete ca va");
        assert_eq!(joined("e\u{301}te\u{301}"), "ete", "accents of their own are no ends of words");
        assert_eq!(joined("ﬁle İstanbul 𝐀 ΟΔΟΣ οδος"), "file istanbul a οδοσ οδοσ");
        assert_eq!(joined("order #4711: 12.50 €"), "order 4711 12 50");
        assert_eq!(joined(" *** \0\u{202e} "), "");
    }

    #[test]
    fn scripts_without_spaces_have_words_of_one_character() {
        assert_eq!(joined("退货 ok"), "退 货 ok");
        assert_eq!(joined("ส่ง"), "ส ง");
    }

    #[test]
    fn a_word_says_where_it_stands() {
        let text = "« Été »!";
        let word = &words(text)[0];
        assert_eq!(&text[word.from..word.to], "Été");
    }

    #[test]
    fn a_very_long_word_is_cut_in_the_index_and_in_a_search_alike() {
        let long = "x".repeat(10_000);
        assert_eq!(joined(&long).len(), WORD_CHARS_MAX);
        assert!(Words::of(&long).expect("is a word").has(&joined(&long)));
    }

    #[test]
    fn a_search_has_no_syntax() {
        let of = |text: &str| Words::of(text).map(|words| (words.for_fts5(), words.for_tsquery()));
        let two = |fts5: &str, tsquery: &str| Some((fts5.to_owned(), tsquery.to_owned()));
        assert_eq!(of(r#"a" AND -b*"#), two(r#""a" "and" "b"*"#, "'a' & 'and' & 'b':*"));
        assert_eq!(of("it's (\\fine) | !no"), two(r#""it" "s" "fine" "no"*"#, "'it' & 's' & 'fine' & 'no':*"));
        assert_eq!(of("\"* -"), None);
        assert_eq!(of(""), None);
    }
}
