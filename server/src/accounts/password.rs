//! Where a password comes from: a terminal, a pipe, or chance. Never the command line, which every process may read.

use std::io::{self, Read};

use tandem_protocol::{LoginName, Secret};

/// Characters that a password has at least. A login is guessed at over a network that slows the guesser down; against
/// that, twelve are enough.
const CHARS_MIN: usize = 12;

/// Characters that a password has at most; longer ones only cost the time to hash them.
const CHARS_MAX: usize = 128;

/// Bytes that are read from a pipe: the longest password, and enough more to see that it is too long.
const PIPED_BYTES_MAX: u64 = 4 * 1024;

/// What a made-up password consists of: no two that look alike, 5 bits each.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Characters of a made-up password; 80 bits of chance.
const MADE_UP_CHARS: usize = 16;

/// Where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// Asked for twice at the terminal, without echo.
    Terminal,
    /// All of stdin, but for the line's end.
    Stdin,
    /// Made up.
    Chance,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordError {
    /// It can be guessed, or is no password.
    #[error(
        "the password is refused; it must be {CHARS_MIN} to {CHARS_MAX} characters, none of them a control character"
    )]
    Unfit,
    /// It was mistyped.
    #[error("the two passwords differ; nothing is changed")]
    Differ,
    /// Nobody can be asked.
    #[error("no password can be asked for at a terminal; where there is none, use --password-stdin or --generate")]
    Terminal(#[source] io::Error),
    /// The pipe is broken, or not text.
    #[error("no password can be read from stdin")]
    Stdin(#[source] io::Error),
    /// The system gives no random bytes.
    #[error("no password can be made up: {0}")]
    Chance(getrandom::Error),
}

impl PasswordError {
    /// Whether another password, given in the same way, would do.
    pub(crate) fn is_about_the_password(&self) -> bool {
        matches!(self, Self::Unfit | Self::Differ)
    }
}

impl Source {
    /// Gets the password for an account; blocks.
    pub(crate) fn password(self, name: &LoginName) -> Result<Secret, PasswordError> {
        match self {
            Self::Terminal => asked(|prompt| rpassword::prompt_password(prompt).map(Secret::new), name),
            Self::Stdin => piped(io::stdin().lock()),
            Self::Chance => made_up(),
        }
    }
}

/// A password that nobody guesses, easy to read out and to type: `k7xm-q2vn-9hda-t4rw`.
pub(crate) fn made_up() -> Result<Secret, PasswordError> {
    let mut chance = [0; MADE_UP_CHARS];
    getrandom::fill(&mut chance).map_err(PasswordError::Chance)?;
    let letters = chance.map(|byte| ALPHABET[usize::from(byte) % ALPHABET.len()]);
    let groups: Vec<_> = letters.chunks(4).map(String::from_utf8_lossy).collect();
    Ok(Secret::new(groups.join("-")))
}

fn asked(ask: impl Fn(String) -> io::Result<Secret>, name: &LoginName) -> Result<Secret, PasswordError> {
    let ask = |prompt: String| ask(prompt).map_err(PasswordError::Terminal);
    let password = fit(ask(format!("Password for {name}: "))?)?;
    if ask("The same once more: ".to_owned())? == password { Ok(password) } else { Err(PasswordError::Differ) }
}

fn piped(pipe: impl Read) -> Result<Secret, PasswordError> {
    let mut text = String::new();
    pipe.take(PIPED_BYTES_MAX).read_to_string(&mut text).map_err(PasswordError::Stdin)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    fit(Secret::new(line.strip_suffix('\r').unwrap_or(line)))
}

fn fit(password: Secret) -> Result<Secret, PasswordError> {
    let text = password.reveal();
    let is_fit = (CHARS_MIN..=CHARS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if is_fit { Ok(password) } else { Err(PasswordError::Unfit) }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn ben() -> LoginName {
        LoginName::new("ben").expect("is a login name")
    }

    /// Somebody who types these.
    fn types(answers: [&str; 2]) -> (Result<Secret, PasswordError>, Vec<String>) {
        let prompts = RefCell::new(Vec::new());
        let ask = |prompt: String| {
            prompts.borrow_mut().push(prompt);
            Ok(Secret::new(answers[prompts.borrow().len() - 1]))
        };
        let outcome = asked(ask, &ben());
        (outcome, prompts.into_inner())
    }

    #[test]
    fn a_password_is_asked_for_twice() {
        let (password, prompts) = types(["correct horse", "correct horse"]);
        assert_eq!(password.expect("is fit").reveal(), "correct horse");
        assert_eq!(prompts, ["Password for ben: ", "The same once more: "]);
        let (password, _) = types(["correct horse", "correct hose!"]);
        assert!(matches!(password, Err(PasswordError::Differ)));
        let (password, prompts) = types(["short", "short"]);
        assert!(matches!(password, Err(PasswordError::Unfit)));
        assert_eq!(prompts.len(), 1, "what is refused is not asked for again");
    }

    #[test]
    fn a_piped_password_ends_with_its_line() {
        for text in ["correct horse", "correct horse\n", "correct horse\r\n"] {
            assert_eq!(piped(text.as_bytes()).expect("is fit").reveal(), "correct horse");
        }
        assert_eq!(piped(&b" a space at each end \n"[..]).expect("is fit").reveal(), " a space at each end ");
    }

    #[test]
    fn a_password_that_is_none_is_refused() {
        let long = "x".repeat(129);
        let endless = "x".repeat(10_000);
        for bad in ["", "\n", "12 bytes ééé"[..11].trim(), "two\nlines of it", "a bell \u{7} in it", &long, &endless]
        {
            assert!(matches!(piped(bad.as_bytes()), Err(PasswordError::Unfit)), "{bad:?}");
        }
        assert!(matches!(piped(&b"\xff\xfe not text at all"[..]), Err(PasswordError::Stdin(_))));
        let said = PasswordError::Unfit.to_string();
        let expected = "the password is refused; it must be 12 to 128 characters, none of them a control character";
        assert_eq!(said, expected);
    }

    #[test]
    fn a_made_up_password_is_fit_and_never_the_same() {
        let [one, other] = [made_up(), made_up()].map(|password| password.expect("is made up"));
        assert_ne!(one, other);
        assert_eq!(one.reveal().len(), 19);
        assert!(one.reveal().bytes().all(|b| b == b'-' || ALPHABET.contains(&b)), "{}", one.reveal());
        assert!(fit(one).is_ok());
    }
}
