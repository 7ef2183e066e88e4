//! `[engine.settings]`: each option's words and bounds, and that they reach the engine as they are written.

use std::time::Duration;

use tandem_session::{AutoSave, CountedNotices, KeptNotices, OnSaveError, Restoration};

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
fn the_transcript_keeps_no_notices_the_major_ones_or_all() {
    let kept = |text: &str| options(text).transcript_save_notices.0;
    assert_eq!(kept(""), KeptNotices::Major);
    assert_eq!(kept("transcript-save-notices = \"none\""), KeptNotices::None);
    assert_eq!(kept("transcript-save-notices = \"all\""), KeptNotices::All);
    assert_eq!(refused_option("transcript-save-notices = \"some\""), "\"none\", \"major\" or \"all\"");
}

#[test]
fn a_transcript_is_saved_in_one_of_three_ways_and_an_error_closes_or_not() {
    let ways = ["0", "1", "2"].map(|way| options(&format!("transcript-auto-save = {way}")).auto_save());
    assert_eq!(ways, [AutoSave::AtEnd, AutoSave::Each, AutoSave::EachWithNotices]);
    assert_eq!(options("").auto_save(), AutoSave::Each);
    assert_eq!(refused_option("transcript-auto-save = 3"), "a whole number from 0 to 2");
    assert_eq!(options("").transcript_save_on_error.0, OnSaveError::Close);
    let goes_on = options("transcript-save-on-error = \"continue\"").transcript_save_on_error.0;
    assert_eq!(goes_on, OnSaveError::Continue);
    assert_eq!(refused_option("transcript-save-on-error = \"ignore\""), "\"close\" or \"continue\"");
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

/// The section of inactivity as the engine is told.
fn inactivity(text: &str) -> Option<tandem_session::Inactivity> {
    let (_folder, path) = file(&format!("[engine.inactivity-control]\n{text}"));
    let loaded = load(&Given { file: Some(path), ..Given::default() }).expect("is fine");
    loaded.settings.engine.inactivity_control.inactivity()
}

#[test]
fn inactivity_is_not_controlled_unless_it_is_enabled() {
    assert_eq!(inactivity("timeout-alert = \"10 s\""), None);
    let defaults = inactivity("enabled = true").expect("is enabled");
    assert_eq!(defaults.timeout_alert, Duration::from_secs(255));
    assert_eq!((defaults.timeout_alert2, defaults.timeout_close), (None, Duration::from_secs(45)));
    assert_eq!(defaults.counted, CountedNotices::Major);
    let text = "enabled = true\ntimeout-alert2 = \"3 s\"\nmessage-alert = \"\"\ninclude-notices = \"typing\"";
    let chosen = inactivity(text).expect("is enabled");
    assert_eq!((chosen.timeout_alert2, chosen.counted), (Some(Duration::from_secs(3)), CountedNotices::Typing));
    assert_eq!(chosen.message_alert, "");
    for off in ["0", "\"0 s\""] {
        assert_eq!(inactivity(&format!("enabled = true\ntimeout-alert2 = {off}")).expect("on").timeout_alert2, None);
    }
}

#[test]
fn a_bad_value_of_inactivity_control_is_refused_with_what_is_allowed() {
    let long = "x".repeat(1_025);
    let cases = [
        ("timeout-alert = 0", "a duration from 1s to 1day, such as \"500 ms\" or \"60 s\""),
        ("timeout-close = \"2 days\"", "a duration from 1s to 1day, such as \"500 ms\" or \"60 s\""),
        ("timeout-alert2 = 7", "a duration from 0s to 1day, such as \"500 ms\" or \"60 s\""),
        ("include-notices = \"most\"", "\"none\", \"major\", \"typing\" or \"all\""),
        (&format!("message-close = \"{long}\""), "a text of at most 1024 bytes, \"\" for none"),
        ("enabled = \"yes\"", "true or false"),
    ];
    for (line, allowed) in cases {
        let expected = format!("FILE: engine.inactivity-control.{line} is refused; it must be {allowed}");
        assert_eq!(refused(&format!("[engine.inactivity-control]\n{line}")), expected);
    }
    let expected = "FILE: unknown key engine.inactivity-control.timeout; [engine.inactivity-control] allows enabled, \
                    include-notices, message-alert, message-alert2, message-close, timeout-alert, timeout-alert2, \
                    timeout-close";
    assert_eq!(refused("[engine.inactivity-control]\ntimeout = \"1 s\""), expected);
}
