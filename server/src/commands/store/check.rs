//! `tandem store check`: whether everything is as it was written.

use clap::Args;
use serde_json::json;
use tandem_store::check::Checked;

use super::{Context, Done};
use crate::{
    lifecycle::failure::Failure,
    store_tools::{check::check, progress::Audience},
};

/// Check that everything in the store is as it was written.
///
/// The files themselves; every transcript: events numbered from 1 without a gap, each bound to those before it by its
/// hash, nothing behind the end; the leases; and that what is derived from the log agrees with it. It changes nothing and
/// holds nobody up. Ends with exit code 1 when it finds something, and says what, a line each.
///
/// What it cannot see: that the last events of a transcript in PostgreSQL are gone. An export made before shows it:
/// `tandem transcript verify --file`.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {}

pub(super) async fn execute(context: &Context) -> Result<Done, Failure> {
    let checked = check(&context.store, context.audience).await.map_err(Failure::runtime)?;
    let said = match context.audience {
        Audience::Program => as_json(&checked),
        Audience::Person => as_text(context, &checked),
    };
    Ok(Done { said, is_good: checked.findings.is_empty() })
}

fn as_text(context: &Context, checked: &Checked) -> String {
    let mut text: String = checked.findings.iter().map(|finding| format!("{finding}\n")).collect();
    let Checked { events, transcripts, unchained, .. } = checked;
    let store = &context.store;
    if checked.findings.is_empty() {
        text.push_str(&format!("{store} is as it was written: {transcripts} transcripts, {events} events\n"));
    } else {
        let findings = checked.findings.len();
        text.push_str(&format!(
            "{store} is damaged: {findings} findings in {transcripts} transcripts, {events} events\n"
        ));
    }
    if *unchained > 0 {
        text.push_str(&format!("{unchained} transcripts begin with events from before there was a chain\n"));
    }
    text
}

fn as_json(checked: &Checked) -> String {
    let findings: Vec<_> = checked.findings.iter().map(ToString::to_string).collect();
    json!({
        "check": {
            "events": checked.events,
            "transcripts": checked.transcripts,
            "unchained": checked.unchained,
            "findings": findings,
        }
    })
    .to_string()
        + "\n"
}
