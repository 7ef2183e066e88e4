//! What would happen if a process died now, of each process that belongs to a pair; computed from the pair's status.
//!
//! It says what the guarantees say, of this very moment: who would take over, how much would be restored, what would be
//! lost. It is for people, on the control page and in `tandem status`; nothing decides by it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{LinkStatus, PairStatus, SessionCounts};
use crate::{Blocker, EngineName};

/// How bad it would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// No customer and no agent would notice.
    NothingNoticed,
    /// Some would notice, and chats would go on.
    Degraded,
    /// Chats would stop, or something that was said would be lost.
    Outage,
}

/// What would happen if this process died now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outlook {
    /// The process, such as `engine a` or `gateway`.
    pub process: String,
    /// How bad it would be.
    pub severity: Severity,
    /// What would happen, in a sentence that begins in lower case and has no full stop.
    pub says: String,
}

impl fmt::Display for Outlook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.process, self.says)
    }
}

impl PairStatus {
    /// Of each process: the engines, then the links in the order in which they came, then the store. Operators' commands
    /// are none that anybody would miss.
    #[must_use]
    pub fn outlook(&self) -> Vec<Outlook> {
        let mut outlook = vec![self.without_primary()];
        outlook.extend(self.without_backup());
        outlook.extend(self.links.iter().filter_map(|link| self.without_link(link)));
        outlook.push(self.without_store());
        outlook
    }

    fn without_primary(&self) -> Outlook {
        let own = &self.primary.name;
        let (mut severity, mut says) = match &self.backup {
            None => (Severity::Outage, format!("nobody takes over: chats stop until engine {own} is back")),
            Some(backup) if !self.store.in_reach => {
                let other = &backup.engine.name;
                let says = format!("engine {other} cannot take over while the store is out of reach: chats stop");
                (Severity::Outage, says)
            }
            Some(backup) => (Severity::Degraded, self.taken_over_by(&backup.engine.name)),
        };
        let behind = self.saving.sessions_behind;
        if behind > 0 {
            severity = Severity::Outage;
            says += &format!("; what was told in {} and is not saved is lost", sessions(behind));
        }
        Outlook { process: format!("engine {own}"), severity, says }
    }

    fn taken_over_by(&self, other: &EngineName) -> String {
        let open = self.sessions.open;
        let restored = if open == 0 { "there is no session to restore".into() } else { restored(open) };
        let mut says = format!("engine {other} takes over; {restored}; customers and agents keep their connections");
        for blocker in &self.blockers {
            match blocker {
                Blocker::BackupOlder { .. } => {
                    says += "; it is of an older version and may not understand all sessions"
                }
                Blocker::LinkUnaware { link } => says += &format!("; {link} has to find it first"),
                Blocker::NoBackup | Blocker::StoreNotWritable | Blocker::UnderWay => {}
            }
        }
        says
    }

    fn without_backup(&self) -> Option<Outlook> {
        let (own, other) = (&self.primary.name, &self.backup.as_ref()?.engine.name);
        let says = format!("nobody notices; until it is back, nobody would take over from engine {own}");
        Some(Outlook { process: format!("engine {other}"), severity: Severity::NothingNoticed, says })
    }

    fn without_link(&self, link: &LinkStatus) -> Option<Outlook> {
        let (severity, says) = match link.role.as_str() {
            "gateway" => self.without_gateway(),
            "interaction" => self.without_interaction_server(link),
            "external" => {
                (Severity::Degraded, "chats go on; nothing is answered by this program until it is back".to_owned())
            }
            _ => return None,
        };
        let is_namesake = |other: &LinkStatus| other.name == link.name && other.from != link.from;
        let is_ambiguous = self.links.iter().any(is_namesake);
        let process = if is_ambiguous { format!("{} ({})", link.name, link.from) } else { link.name.clone() };
        Some(Outlook { process, severity, says })
    }

    fn without_gateway(&self) -> (Severity, String) {
        match self.of_role("gateway").count() - 1 {
            0 => {
                let says = "no customer and no agent reaches a chat until it is back; pages keep what is said meanwhile \
                            and send it then";
                (Severity::Outage, says.to_owned())
            }
            others => {
                let others = if others == 1 { "the other gateway".into() } else { format!("the {others} others") };
                (Severity::Degraded, format!("whoever is connected to it connects again, to {others}; nothing is lost"))
            }
        }
    }

    fn without_interaction_server(&self, link: &LinkStatus) -> (Severity, String) {
        if link.since_ms.is_none() {
            return (Severity::NothingNoticed, "nobody notices: it waits to take another one's place".into());
        }
        if let Some(other) = self.of_role("interaction").find(|other| other.since_ms.is_none()) {
            let says = format!("chats go on; {} takes its place and asks agents anew", other.name);
            return (Severity::Degraded, says);
        }
        let SessionCounts { waiting, .. } = self.sessions;
        let waiting = if waiting == 0 { String::new() } else { format!(", and {} on waiting", go(waiting)) };
        (Severity::Degraded, format!("chats go on; nobody new is routed to an agent until it is back{waiting}"))
    }

    fn of_role<'a>(&'a self, role: &'a str) -> impl Iterator<Item = &'a LinkStatus> {
        self.links.iter().filter(move |link| link.role == role)
    }

    fn without_store(&self) -> Outlook {
        let says = if self.store.in_reach {
            "nothing that is said is acknowledged until it is back; for how long that is waited for, and what becomes of \
             the chats then, the settings say"
        } else {
            "it is out of reach already: nothing that is said is acknowledged"
        };
        Outlook { process: "the store".into(), severity: Severity::Outage, says: says.into() }
    }
}

fn sessions(count: u64) -> String {
    if count == 1 { "1 session".into() } else { format!("{count} sessions") }
}

fn restored(count: u64) -> String {
    if count == 1 { "1 session is restored".into() } else { format!("{count} sessions are restored") }
}

fn go(count: u64) -> String {
    if count == 1 { "1 session goes".into() } else { format!("{count} sessions go") }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};

    /// What is said of this process.
    fn of(status: &PairStatus, process: &str) -> (Severity, String) {
        let all = status.outlook();
        let found = all.iter().find(|outlook| outlook.process == process);
        let found = found.unwrap_or_else(|| panic!("{process} is not among {all:?}"));
        (found.severity, found.says.clone())
    }

    #[test]
    fn each_process_of_the_pair_is_told_of_once_and_no_operators_command() {
        let processes: Vec<String> = whole().outlook().into_iter().map(|outlook| outlook.process).collect();
        assert_eq!(processes, ["engine a", "engine b", "gateway", "interaction", "echo", "the store"]);
    }

    #[test]
    fn the_backup_takes_over_from_a_primary_and_sessions_are_restored() {
        let says = "engine b takes over; 120 sessions are restored; customers and agents keep their connections";
        assert_eq!(of(&whole(), "engine a"), (Severity::Degraded, says.into()));
        let mut status = whole();
        status.sessions.open = 1;
        assert!(of(&status, "engine a").1.contains("; 1 session is restored; "));
        status.sessions.open = 0;
        assert!(of(&status, "engine a").1.contains("; there is no session to restore; "));
    }

    #[test]
    fn nobody_takes_over_from_a_primary_that_is_alone() {
        let status = PairStatus { backup: None, ..whole() };
        let says = "nobody takes over: chats stop until engine a is back";
        assert_eq!(of(&status, "engine a"), (Severity::Outage, says.into()));
        assert!(!status.outlook().iter().any(|outlook| outlook.process == "engine b"));
    }

    #[test]
    fn nobody_takes_over_without_the_store() {
        let mut status = whole();
        status.store.in_reach = false;
        let says = "engine b cannot take over while the store is out of reach: chats stop";
        assert_eq!(of(&status, "engine a"), (Severity::Outage, says.into()));
        let says = "it is out of reach already: nothing that is said is acknowledged";
        assert_eq!(of(&status, "the store"), (Severity::Outage, says.into()));
    }

    #[test]
    fn what_was_told_and_is_not_saved_is_lost_with_the_primary() {
        let mut status = whole();
        status.saving.sessions_behind = 3;
        let (severity, says) = of(&status, "engine a");
        assert_eq!(severity, Severity::Outage);
        assert!(says.ends_with("; what was told in 3 sessions and is not saved is lost"), "{says}");
    }

    #[test]
    fn it_is_said_who_would_not_know_the_successor_and_whether_that_one_is_older() {
        let mut status = whole();
        status.blockers = vec![
            Blocker::BackupOlder { backup: "0.1.0".into(), primary: "0.2.0".into() },
            Blocker::LinkUnaware { link: "echo".into() },
        ];
        let (_, says) = of(&status, "engine a");
        let expected = "; it is of an older version and may not understand all sessions; echo has to find it first";
        assert!(says.ends_with(expected), "{says}");
    }

    #[test]
    fn nobody_notices_that_a_backup_dies() {
        let says = "nobody notices; until it is back, nobody would take over from engine a";
        assert_eq!(of(&whole(), "engine b"), (Severity::NothingNoticed, says.into()));
    }

    #[test]
    fn the_only_gateway_is_missed_and_of_several_the_others_serve() {
        let (severity, says) = of(&whole(), "gateway");
        assert_eq!(severity, Severity::Outage);
        assert!(says.starts_with("no customer and no agent reaches a chat until it is back"), "{says}");
        let mut status = whole();
        status.links.push(link("gateway", "gateway", "10.0.0.4:1"));
        let (severity, says) = of(&status, "gateway (10.0.0.4:1)");
        assert_eq!(severity, Severity::Degraded);
        assert_eq!(says, "whoever is connected to it connects again, to the other gateway; nothing is lost");
        status.links.push(link("gateway", "gateway", "10.0.0.5:1"));
        assert!(of(&status, "gateway (10.0.0.4:1)").1.contains("to the 2 others"));
    }

    #[test]
    fn without_an_interaction_server_nobody_new_is_routed_unless_another_one_waits() {
        let says = "chats go on; nobody new is routed to an agent until it is back, and 3 sessions go on waiting";
        assert_eq!(of(&whole(), "interaction"), (Severity::Degraded, says.into()));
        let mut status = whole();
        let mut second = link("interaction-2", "interaction", "10.0.0.4:2");
        second.since_ms = None;
        status.links.push(second);
        let says = "chats go on; interaction-2 takes its place and asks agents anew";
        assert_eq!(of(&status, "interaction"), (Severity::Degraded, says.into()));
        let says = "nobody notices: it waits to take another one's place";
        assert_eq!(of(&status, "interaction-2"), (Severity::NothingNoticed, says.into()));
        status.links.pop();
        status.sessions.waiting = 0;
        assert!(of(&status, "interaction").1.ends_with("until it is back"));
    }

    #[test]
    fn a_bots_customers_go_on() {
        let says = "chats go on; nothing is answered by this program until it is back";
        assert_eq!(of(&whole(), "echo"), (Severity::Degraded, says.into()));
    }

    #[test]
    fn an_outlook_looks_on_the_wire_as_documented() {
        let outlook = whole().outlook().remove(1);
        let json = serde_json::to_value(&outlook).expect("serialises");
        let says = "nobody notices; until it is back, nobody would take over from engine a";
        let expected = serde_json::json!({ "process": "engine b", "severity": "nothing_noticed", "says": says });
        assert_eq!(json, expected);
        assert_eq!(outlook.to_string(), format!("engine b: {says}"));
    }
}
