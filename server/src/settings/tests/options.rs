//! `[engine.settings]`: each option's words and bounds, and that they reach the engine as they are written.

use tandem_session::Restoration;

use super::*;

/// What a value of `[engine.settings]` is refused with, after the key and the value.
fn refused_option(line: &str) -> String {
    let whole = refused(&format!("[engine.settings]\n{line}"));
    let expected = format!("FILE: engine.settings.{line} is refused; it must be ");
    whole.strip_prefix(&expected).unwrap_or_else(|| panic!("{whole}")).to_owned()
}

/// The options as they are understood.
fn options(text: &str) -> crate::settings::options::OptionsSection {
    let (_folder, path) = file(&format!("[engine.settings]\n{text}"));
    load(&Given { file: Some(path), ..Given::default() }).expect("is fine").settings.engine.settings
}

#[test]
fn a_restoration_mode_is_none_or_simple() {
    assert_eq!(options("").session_restoration_mode.0, Restoration::Simple);
    assert_eq!(options("session-restoration-mode = \"none\"").session_restoration_mode.0, Restoration::None);
    assert_eq!(refused_option("session-restoration-mode = \"full\""), "\"none\" or \"simple\"");
    assert_eq!(refused_option("session-restoration-mode = true"), "\"none\" or \"simple\"");
}

#[test]
fn a_customer_may_be_away_for_five_seconds_to_twenty_days() {
    for fits in ["5 s", "20 days"] {
        options(&format!("client-disconnect-timeout = \"{fits}\""));
    }
    for refused in ["4999 ms", "20days 1ms"] {
        let allowed = refused_option(&format!("client-disconnect-timeout = \"{refused}\""));
        assert_eq!(allowed, "a duration from 5s to 20days, such as \"500 ms\" or \"60 s\"");
    }
}
