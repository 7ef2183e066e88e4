//! Asks a person at the terminal whether something is to be done that was just described to him.

use std::io;

/// Anything but a yes is a no, and then nothing is done.
pub(super) fn is_agreed() -> io::Result<bool> {
    eprint!("Go on? [y/N] ");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    let is_agreed = matches!(answer.trim().to_lowercase().as_str(), "y" | "yes");
    if !is_agreed {
        eprintln!("Nothing is done.");
    }
    Ok(is_agreed)
}
