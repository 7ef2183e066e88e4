//! How a pair stands, for a person at a terminal.

use tandem_protocol::{
    Blocker, Timestamp,
    control::{EngineStatus, LinkStatus, PairStatus, SavingStatus, SessionCounts, Takeover, TakeoverCause, Traffic},
};

use super::{
    super::{
        layout::{labelled, span},
        table::{millis, moment},
    },
    verdict::{Health, Verdict},
};

/// Where what is said begins, after its label.
const INDENT: usize = 16;

/// Where it begins below a heading, after the name of a process.
const PROCESS_INDENT: usize = 20;

/// The page of one pair.
pub(super) fn page(verdict: &Verdict) -> String {
    let mut page = match &verdict.status {
        None => format!("Pair {}\n", verdict.pair),
        Some(status) => of_status(status, verdict.last_takeover.as_ref()),
    };
    if !verdict.outlook.is_empty() {
        page += "\n  If this process died now\n";
        for outlook in &verdict.outlook {
            page += &labelled(&format!("    {}", outlook.process), PROCESS_INDENT, &outlook.says);
        }
    }
    page += "\n";
    for concern in &verdict.concerns {
        page += &labelled("  !", 4, concern);
    }
    page + match verdict.health {
        Health::Well => "  All is well.\n",
        Health::Degraded => "  Degraded: the pair serves, and a person should look.\n",
        Health::Unknown => "  Unknown: the pair does not say how it stands.\n",
        Health::Down => "  Down: nobody serves.\n",
    }
}

fn of_status(status: &PairStatus, last: Option<&Takeover>) -> String {
    let for_ms = |since: Timestamp| span(status.at_ms.0.saturating_sub(since.0));
    let line = |label: &str, text: &str| labelled(&format!("  {label}"), INDENT, text);
    let mut page = format!("Pair {}, epoch {}, served for {}\n\n", status.pair, status.epoch, for_ms(status.since_ms));
    page += &line("primary", &engine(&status.primary));
    page += &match &status.backup {
        None => line("backup", "none stands by"),
        Some(backup) => {
            let heard = format!("stands by for {}, heard {} ms ago", for_ms(backup.since_ms), backup.heard_ms_ago);
            line("backup", &format!("{}; {heard}", engine(&backup.engine)))
        }
    };
    for (at, link) in status.links.iter().enumerate() {
        page += &line(if at == 0 { "links" } else { "" }, &of_link(link, link.since_ms.map(for_ms)));
    }
    page += &line("sessions", &of_sessions(&status.sessions));
    page += &line("traffic", &of_traffic(&status.traffic));
    page += &line("saving", &of_saving(&status.saving));
    let reach = if status.store.in_reach { "in reach" } else { "out of reach" };
    page += &line("store", &format!("{}, {reach}", status.store.place));
    if let Some(last) = last {
        page += &line("last takeover", &of_takeover(last));
    }
    let way = match &status.blockers[..] {
        [] => "nothing is in the way".into(),
        blockers => format!("blocked: {}", Blocker::listed(blockers)),
    };
    page + &line("switchover", &way)
}

fn engine(engine: &EngineStatus) -> String {
    let EngineStatus { name, address, host, pid, version, .. } = engine;
    let host = if host.is_empty() { "a host that it has not said" } else { host };
    let version = if version.is_empty() { "not said" } else { version };
    format!("engine {name} at {address}, process {pid} on {host}, version {version}")
}

fn of_link(link: &LinkStatus, linked_for: Option<String>) -> String {
    let LinkStatus { name, role, from, heard_ms_ago, knows_pair, .. } = link;
    let role = match role.as_str() {
        role if role == name => String::new(),
        "external" => " (program)".into(),
        "control" => " (operator)".into(),
        role => format!(" ({role})"),
    };
    let since = linked_for.map_or_else(|| "waits to be welcomed".to_owned(), |span| format!("for {span}"));
    let unaware = if *knows_pair { "" } else { ", has not acknowledged the pair" };
    format!("{name}{role} from {from}, {since}, heard {heard_ms_ago} ms ago{unaware}")
}

fn of_sessions(counts: &SessionCounts) -> String {
    let SessionCounts { open, waiting, live, clients, sessions_max, clients_max } = counts;
    format!(
        "{open} open of at most {sessions_max}, {live} of them in memory, {waiting} waiting in a queue; {clients} clients \
         of at most {clients_max}"
    )
}

fn of_traffic(traffic: &Traffic) -> String {
    let answered = match (traffic.answer_p50_us, traffic.answer_p99_us) {
        (Some(p50), Some(p99)) => format!(", half acknowledged within {}, 99 % within {}", millis(p50), millis(p99)),
        _ => String::new(),
    };
    format!("{:.1} messages a second{answered}; {} since it serves", traffic.messages_per_s, traffic.messages)
}

fn of_saving(saving: &SavingStatus) -> String {
    let mut said = match saving.waiting {
        0 => "nothing waits".to_owned(),
        1 => "1 event waits".to_owned(),
        waiting => format!("{waiting} events wait"),
    };
    if let Some(batch_ms) = saving.batch_ms {
        said += &format!(", a batch is at the store for {batch_ms} ms");
    }
    if let (Some(p50), Some(p99)) = (saving.save_p50_us, saving.save_p99_us) {
        said += &format!("; half of the batches took up to {}, 99 % up to {}", millis(p50), millis(p99));
    }
    if saving.at_end {
        said += "; transcripts are saved when their sessions end";
    }
    said
}

fn of_takeover(takeover: &Takeover) -> String {
    let Takeover { at_ms, from, to, cause, took_us, sessions, gap_ms, .. } = takeover;
    let from = from.as_ref().map(|from| format!(" from engine {from}")).unwrap_or_default();
    let cause = match cause {
        TakeoverCause::First => "the first ever",
        TakeoverCause::Released => "which had stopped in order",
        TakeoverCause::Returned => "come back before any other took over",
        TakeoverCause::Died => "which had died",
        TakeoverCause::Silent => "which was silent",
        TakeoverCause::Planned => "as planned",
    };
    let gap = gap_ms.map(|ms| format!("; clients noticed {ms} ms")).unwrap_or_default();
    format!("{}: engine {to}{from}, {cause}, within {}, {sessions} sessions{gap}", moment(*at_ms), millis(*took_us))
}

#[cfg(test)]
mod tests;
