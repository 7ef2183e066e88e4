//! What is known of one pair: asked of its primary, and judged.

use std::time::Duration;

use serde::Serialize;
use tandem_protocol::{
    Pair, PairName,
    control::{Control, Outlook, PairStatus, Takeover, Told},
};
use tokio::time::timeout;

use crate::{
    operator::{Operator, Unanswered},
    settings::LinksSection,
};

/// How long a primary may take to say how things stand, which it knows. One that hangs is left by its links after
/// three seconds; who has taken over from it by then is asked again.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// How long the journal may take to say how the primary came to serve: it is read from the store, which may hang, and
/// is of less weight.
const JOURNAL_MAX: Duration = Duration::from_secs(2);

/// How well a pair is; a later one is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Health {
    /// As it should be.
    Well,
    /// It serves, and a person should look.
    Degraded,
    /// Nobody says how things stand; somebody may well serve.
    Unknown,
    /// Nobody serves.
    Down,
}

impl Health {
    /// The code by which a monitor knows it.
    pub(super) fn exit_code(self) -> u8 {
        match self {
            Self::Well => 0,
            Self::Degraded => 1,
            Self::Down => 2,
            Self::Unknown => 3,
        }
    }
}

/// See the module. Written as JSON for programs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Verdict {
    pub(super) pair: PairName,
    pub(super) health: Health,
    /// What a person should look at, a sentence each; none when all is well.
    pub(super) concerns: Vec<String>,
    /// As the primary says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<Box<PairStatus>>,
    /// What would happen if a process died now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) outlook: Vec<Outlook>,
    /// How this primary came to serve, as it is written down; none where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_takeover: Option<Takeover>,
}

impl Verdict {
    /// Asks the pair's primary, which is found through this address.
    pub(super) async fn on(pair: PairName, address: String, links: LinksSection) -> Self {
        let operator = match Operator::connect(pair.clone(), address, "status", &links).await {
            Ok(operator) => operator,
            Err(unanswered @ Unanswered::NoPrimary { .. }) => {
                return Self::without_status(pair, Health::Down, unanswered.to_string());
            }
            Err(unanswered) => return Self::without_status(pair, Health::Unknown, unanswered.to_string()),
        };
        let asked = timeout(ANSWER_MAX, status_of(&operator)).await;
        let last_takeover = if let Ok(Ok(_)) = &asked { last_takeover(&operator).await } else { None };
        let met = operator.met().clone();
        operator.end().await;
        match asked {
            Ok(Ok(status)) => Self::of(status, last_takeover),
            Ok(Err(Unanswered::Refused(refusal))) => {
                let concern = format!("{} and does not say how things stand: {refusal}", serves(&met));
                Self::without_status(pair, Health::Unknown, concern)
            }
            Ok(Err(Unanswered::Strange | Unanswered::Credentials(_) | Unanswered::NoLink { .. })) => {
                let concern = format!("{} and says how things stand in a way that makes no sense", serves(&met));
                Self::without_status(pair, Health::Unknown, concern)
            }
            Ok(Err(Unanswered::Late(_) | Unanswered::NoPrimary { .. })) | Err(_) => {
                let concern = format!("{} and has not answered within {} s", served(&met), ANSWER_MAX.as_secs());
                Self::without_status(pair, Health::Down, concern)
            }
        }
    }

    pub(super) fn of(status: Box<PairStatus>, last_takeover: Option<Takeover>) -> Self {
        let concerns: Vec<String> = status.concerns().iter().map(ToString::to_string).collect();
        let health = if concerns.is_empty() { Health::Well } else { Health::Degraded };
        let outlook = status.outlook();
        Self { pair: status.pair.clone(), health, concerns, status: Some(status), outlook, last_takeover }
    }

    /// With what has been seen beside what its primary says.
    pub(super) fn with_concerns(mut self, others: &[String]) -> Self {
        if !others.is_empty() {
            self.health = self.health.max(Health::Degraded);
            self.concerns.extend_from_slice(others);
        }
        self
    }

    fn without_status(pair: PairName, health: Health, concern: String) -> Self {
        Self { pair, health, concerns: vec![concern], status: None, outlook: Vec::new(), last_takeover: None }
    }
}

async fn status_of(operator: &Operator) -> Result<Box<PairStatus>, Unanswered> {
    match operator.control(Control::Status).await? {
        Told::Status(status) => Ok(status),
        _ => Err(Unanswered::Strange),
    }
}

/// None where the journal cannot be read: an engine may serve well all the same.
async fn last_takeover(operator: &Operator) -> Option<Takeover> {
    let asked = operator.control(Control::Takeovers { before: None, limit: 1 });
    match timeout(JOURNAL_MAX, asked).await {
        Ok(Ok(Told::Takeovers(takeovers))) => takeovers.into_iter().next(),
        _ => None,
    }
}

fn serves(met: &Pair) -> String {
    format!("engine {} serves in epoch {}", met.primary.name, met.epoch)
}

fn served(met: &Pair) -> String {
    format!("engine {} served in epoch {}", met.primary.name, met.epoch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_concern_of_this_machine_makes_nothing_better_and_what_is_well_degraded() {
        let pair = PairName::new("main").expect("is a name");
        let judged = |health, others: &[String]| {
            let verdict = Verdict::without_status(pair.clone(), health, "first".into()).with_concerns(others);
            (verdict.health, verdict.concerns.len())
        };
        let expiring = ["the certificate in links.pem expires in 4 days".to_owned()];
        assert_eq!(judged(Health::Well, &[]), (Health::Well, 1));
        for (before, after) in [
            (Health::Well, Health::Degraded),
            (Health::Degraded, Health::Degraded),
            (Health::Unknown, Health::Unknown),
            (Health::Down, Health::Down),
        ] {
            assert_eq!(judged(before, &expiring), (after, 2));
        }
    }
}
