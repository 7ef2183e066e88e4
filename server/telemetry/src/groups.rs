//! The table: each metric with its name, its labels and what it says, and the static by which it is counted.
//!
//! A name begins with `tandem_` and ends with its unit, or with `_total` for what is counted. Whoever adds a row counts it
//! where it happens, describes it in `server/METRICS.md`, and shows it to an operator who would miss it.

use std::sync::LazyLock;

use prometheus_client::registry::Registry;

use crate::{
    kinds::{By, Count, Level, Measured, Number, Seconds, Sizes, TotalSeconds},
    row::{Group, Label, Row},
};

/// Makes a group: its struct, its rows and its static, so that no name stands in two places.
macro_rules! group {
    (
        $(#[$doc:meta])* $group:ident, $static:ident, $rows:ident;
        $( $field:ident: $kind:ty = $name:literal
            $( by $( $label:literal $([ $($value:literal)+ ])? ),+ )?
            => $help:literal; )*
    ) => {
        static $rows: &[Row] = &[$( Row {
            name: $name,
            kind: <$kind as Measured>::KIND,
            labels: &[$($( Label { name: $label, values: &[$($($value),+)?] } ),+)?],
            help: $help,
        } ),*];

        $(#[$doc])*
        #[derive(Debug)]
        pub struct $group {
            $( #[doc = $help] pub $field: $kind, )*
        }

        $(#[$doc])*
        pub static $static: LazyLock<$group> = LazyLock::new(|| {
            let mut rows = $rows.iter();
            $group { $( $field: Measured::new(rows.next().expect("there is a row for each field")), )* }
        });

        impl Group for $group {
            fn rows(&self) -> &'static [Row] {
                $rows
            }

            fn register(&self, registry: &mut Registry) {
                let mut rows = $rows.iter();
                $( self.$field.register(rows.next().expect("there is a row for each field"), registry); )*
            }
        }
    };
}

/// All groups, by what has them.
#[must_use]
pub fn table() -> Vec<(&'static str, &'static [Row])> {
    vec![
        ("Every process", PROCESS_ROWS),
        ("Engine", ENGINE_ROWS),
        ("Links", LINK_ROWS),
        ("Gateway", GATEWAY_ROWS),
        ("Interaction server", INTERACTION_ROWS),
    ]
}

group! {
    /// What every process shows.
    Process, PROCESS, PROCESS_ROWS;
    build: By<Level> = "tandem_build_info" by "version", "role" => "Always 1; which version of which role runs";
    cpu: TotalSeconds = "process_cpu_seconds_total" => "Processor time, of user and kernel together";
    memory: Level = "process_resident_memory_bytes" => "Memory that is in use";
    threads: Level = "process_threads" => "Threads";
    fds: Level = "process_open_fds" => "Open file descriptors, connections among them";
    fds_max: Level = "process_max_fds" => "File descriptors that may be open";
    spans_lost: Count = "tandem_trace_spans_lost_total" => "Spans of traces that the collector did not take, or for which there was no room";
    certificates: By<Number> = "tandem_certificate_expires_timestamp_seconds" by "file" => "When the first certificate in a file of the settings expires, in seconds since 1970";
    started: Number = "process_start_time_seconds" => "When the process began, in seconds since 1970";
}

group! {
    /// What an engine counts.
    Engine, ENGINE, ENGINE_ROWS;
    primary: Level = "tandem_engine_primary" => "1 while this engine serves, else 0";
    standby: Level = "tandem_engine_backup" => "1 while this engine stands by a primary, else 0";
    has_backup: Level = "tandem_engine_backup_present" => "1 while this engine serves and another stands by it, else 0";
    epoch: Level = "tandem_engine_epoch" => "The epoch in which it serves or stands by; 0 before it knows";
    store_in_reach: Level = "tandem_engine_store_in_reach" => "1 while the lease could be read and written when that was tried last, else 0";
    failovers: By<Count> = "tandem_failovers_total" by "cause" ["died" "silent" "released" "planned"]
        => "Times this engine took over from the other one, by what had become of that: its process was gone, it was silent for as long as the lease lasts, it had stopped in order, it handed over as planned";
    takeover: Seconds = "tandem_takeover_seconds" => "From the moment in which it found that it must take over until it served; of a planned switchover how long requests were held";
    fenced: Count = "tandem_fenced_writes_total" => "Times the store refused this engine because another one has taken over (F-1)";
    sessions: Level = "tandem_sessions_open" => "Open sessions, 0 at a backup";
    sessions_max: Level = "tandem_sessions_max" => "Open sessions at which new ones are refused (limit-for-sessions)";
    clients: Level = "tandem_clients_attached" => "Participants attached through all links, 0 at a backup";
    clients_max: Level = "tandem_clients_max" => "Attached participants at which new ones are refused (limit-for-clients)";
    links: By<Level> = "tandem_links" by "role" ["gateway" "interaction" "external" "standby" "control"] => "Links that are served, by what is at their other end";
    slow_links: Count = "tandem_slow_links_cut_total" => "Links that were cut because they read too slowly";
    messages: Count = "tandem_messages_total" => "Messages that are on the disk, repeats not counted";
    saves: By<Count> = "tandem_saves_total" by "outcome" ["saved" "failed" "fenced"] => "Batches that were given to the store, by what became of them";
    save: Seconds = "tandem_save_seconds" => "How long the store took for a batch, repeats included";
    save_retries: Count = "tandem_save_retries_total" => "Times a batch was given to the store once more after an error that may pass";
    batch: Sizes = "tandem_save_batch_events" => "Events in a batch";
    unsaved: Level = "tandem_save_waiting_events" => "Events that are numbered and neither saved nor told";
    behind: Level = "tandem_sessions_behind" => "Sessions of which something was told that is not saved";
    restored: Count = "tandem_sessions_restored_total" => "Sessions that were restored from their transcripts";
    refused: By<Count> = "tandem_limits_hit_total" by "limit" ["sessions" "clients" "participants" "events" "message_bytes" "waiting"]
        => "Requests that were refused at a limit: limit-for-sessions, limit-for-clients, a session's participants or events, message-bytes-max, or what may wait for the store";
}

group! {
    /// What is counted of links, at whoever holds them: gateway, interaction server, echo participant.
    Links, LINK, LINK_ROWS;
    connected: By<Level> = "tandem_link_connected" by "pair" => "1 while a primary of the pair serves this link, else 0";
    epoch: By<Level> = "tandem_link_epoch" by "pair" => "The greatest epoch that this link has served in";
    unacked: By<Level> = "tandem_link_unacknowledged" by "pair" => "Requests that wait for their answer";
    losses: By<Count> = "tandem_link_losses_total" by "pair" => "Times a primary was lost, planned moves included";
    resent: By<Count> = "tandem_link_resent_total" by "pair" => "Requests that were sent again to a next primary";
}

group! {
    /// What a gateway counts.
    Gateway, GATEWAY, GATEWAY_ROWS;
    sockets: By<Level> = "tandem_gateway_websockets" by "purpose" ["chat" "desk"] => "WebSockets of customers and desks";
    acknowledgement: Seconds = "tandem_gateway_acknowledgement_seconds" => "From the arrival of a message until it was answered, over a failover too";
    gap: By<Seconds> = "tandem_gateway_gap_seconds" by "kind" ["loss" "move"] => "For each session that was read when a primary was lost, or moved as planned, how long it was without one";
    slow_readers: By<Count> = "tandem_gateway_slow_readers_total" by "purpose" ["chat" "desk"] => "WebSockets that were cut because they read too slowly; they come back and miss nothing";
    limits: By<Count> = "tandem_gateway_limits_hit_total" by "limit" ["clients" "desks" "message_bytes" "frame_bytes" "waiting"]
        => "What was refused at a limit of the gateway: clients-max, desks-max, message-bytes-max, frame-bytes-max, or the requests that may wait for a pair";
    requests: By<Count> = "tandem_http_requests_total" by "route", "method", "status" => "HTTP requests by the route's pattern; those without a route count under none";
    request: By<Seconds> = "tandem_http_request_seconds" by "route" => "How long an HTTP request took, until its answer began";
}

group! {
    /// What the interaction server counts.
    Interaction, INTERACTION, INTERACTION_ROWS;
    waiting: By<Level> = "tandem_queue_waiting" by "queue" => "Sessions that wait in a queue";
    agents: By<Level> = "tandem_agents" by "state" ["ready" "not_ready"] => "Agents who are connected, by the state that they have chosen";
    attended: Level = "tandem_sessions_attended" => "Sessions that somebody attends to";
    offers: By<Count> = "tandem_offers_total" by "outcome" ["made" "declined" "unanswered"] => "Offers to agents, and what became of those that were not taken";
    joins: Count = "tandem_agent_joins_total" => "Times an agent came into a session";
}

#[cfg(test)]
mod tests;
