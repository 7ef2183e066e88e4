//! What an interaction server is told at its start. The executable reads it from flags, environment and file.

use std::time::Duration;

use tandem_protocol::{PairName, QueueName, limits::QUEUE_TEXT_BYTES_MAX};

use crate::hours::Hours;

/// The settings of the interaction server.
#[derive(Debug, Clone)]
pub struct InteractionSettings {
    /// The queues, the first of which is for sessions that name none.
    pub queues: Vec<QueueSettings>,
    /// How long an agent may take to answer an offer or an invitation before it goes on and he is set not ready.
    pub offer_timeout: Duration,
    /// How long somebody who declined is not asked for the same session again.
    pub decline_pause: Duration,
    /// How long an agent without a desk still counts as connected, so that a reload costs him nothing.
    pub presence_timeout: Duration,
    /// How long after that his chats stay his before they are offered to others.
    pub agent_grace: Duration,
    /// How long a session waits for a bot before it goes on to people.
    pub bot_wait: Duration,
    /// How long a login lasts.
    pub login_lifetime: Duration,
    /// How long after its end a chat is erased; none for never.
    pub transcript_retention: Option<Duration>,
    /// What may be chosen at the end of a chat.
    pub dispositions: Vec<String>,
    /// What may be chosen as reason for not being ready.
    pub reasons: Vec<String>,
}

/// One queue.
#[derive(Debug, Clone)]
pub struct QueueSettings {
    /// Its name; a session asks for it by its property `queue`.
    pub name: QueueName,
    /// Sessions of a queue with a greater priority are taken first.
    pub priority: i32,
    /// What an agent must be able to.
    pub skills: Vec<String>,
    /// Bots take from it, and nobody else.
    pub bot: bool,
    /// Of a bot queue: where sessions go that no bot takes.
    pub then: Option<QueueName>,
    /// When somebody is there; none for always.
    pub hours: Option<Hours>,
    /// What a customer who comes outside the hours is told.
    pub text_outside: String,
}

impl Default for InteractionSettings {
    fn default() -> Self {
        Self {
            queues: vec![QueueSettings::named(QueueName::new("default").expect("is a queue name"))],
            offer_timeout: Duration::from_secs(20),
            decline_pause: Duration::from_secs(30),
            presence_timeout: Duration::from_secs(10),
            agent_grace: Duration::from_secs(60),
            bot_wait: Duration::from_secs(10),
            login_lifetime: Duration::from_secs(12 * 3600),
            transcript_retention: None,
            dispositions: ["solved", "follow-up", "no answer", "spam"].map(str::to_owned).to_vec(),
            reasons: ["break", "lunch", "meeting", "training"].map(str::to_owned).to_vec(),
        }
    }
}

/// Settings that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSettings {
    /// Two queues have one name.
    #[error("there are two queues named {0}")]
    TwoQueues(QueueName),
    /// Every queue is for bots, or there is none.
    #[error("there must be a queue for people; bots pass on to it")]
    NoPeople,
    /// A bot queue passes on to what is no queue for people.
    #[error("the queue {queue} passes on to {then}, which is no queue for people")]
    Then {
        /// The bot queue.
        queue: QueueName,
        /// What it names.
        then: QueueName,
    },
    /// A sentence is longer than a customer may be told.
    #[error("the text of the queue {0} for outside its hours must have 1 to {QUEUE_TEXT_BYTES_MAX} bytes")]
    Text(QueueName),
    /// There is nothing to link to.
    #[error("there must be a pair to link to")]
    NoPair,
    /// Two pairs have one name.
    #[error("there are two pairs named {0}")]
    TwoPairs(PairName),
    /// Two pairs have one tag.
    #[error("the ids of sessions cannot tell the pairs {0} and {1} apart; give the newer one another name")]
    SameTag(PairName, PairName),
}

/// Finds what keeps pairs from being linked to together.
pub(crate) fn check_pairs(pairs: &[PairName]) -> Result<(), InvalidSettings> {
    for (at, pair) in pairs.iter().enumerate() {
        match pairs[..at].iter().find(|earlier| earlier.tag() == pair.tag()) {
            Some(earlier) if earlier == pair => return Err(InvalidSettings::TwoPairs(pair.clone())),
            Some(earlier) => return Err(InvalidSettings::SameTag(earlier.clone(), pair.clone())),
            None => {}
        }
    }
    if pairs.is_empty() { Err(InvalidSettings::NoPair) } else { Ok(()) }
}

impl InteractionSettings {
    /// Finds what contradicts itself; whoever reads settings may call it, and a start does.
    pub fn check(&self) -> Result<(), InvalidSettings> {
        let is_for_people = |name: &QueueName| self.queues.iter().any(|queue| queue.name == *name && !queue.bot);
        for (at, queue) in self.queues.iter().enumerate() {
            if self.queues[..at].iter().any(|earlier| earlier.name == queue.name) {
                return Err(InvalidSettings::TwoQueues(queue.name.clone()));
            }
            if let Some(then) = queue.then.as_ref().filter(|then| !is_for_people(then)) {
                return Err(InvalidSettings::Then { queue: queue.name.clone(), then: then.clone() });
            }
            if !(1..=QUEUE_TEXT_BYTES_MAX).contains(&queue.text_outside.len()) {
                return Err(InvalidSettings::Text(queue.name.clone()));
            }
        }
        if self.queues.iter().all(|queue| queue.bot) { Err(InvalidSettings::NoPeople) } else { Ok(()) }
    }
}

impl QueueSettings {
    /// A queue for people, always open, with nothing special about it.
    #[must_use]
    pub fn named(name: QueueName) -> Self {
        let text_outside = "Nobody is here at the moment. Your message stays, and somebody answers when we are back.";
        Self {
            name,
            priority: 0,
            skills: Vec::new(),
            bot: false,
            then: None,
            hours: None,
            text_outside: text_outside.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> QueueName {
        QueueName::new(name).expect("is a queue name")
    }

    fn of(queues: Vec<QueueSettings>) -> Result<(), InvalidSettings> {
        InteractionSettings { queues, ..InteractionSettings::default() }.check()
    }

    #[test]
    fn what_contradicts_itself_is_found() {
        let people = QueueSettings::named(name("people"));
        let bot = QueueSettings { bot: true, ..QueueSettings::named(name("bot")) };
        assert_eq!(InteractionSettings::default().check(), Ok(()));
        assert_eq!(of(vec![bot.clone(), people.clone()]), Ok(()));
        assert_eq!(of(vec![people.clone(), people.clone()]), Err(InvalidSettings::TwoQueues(name("people"))));
        assert_eq!(of(vec![bot.clone()]), Err(InvalidSettings::NoPeople));
        let to_itself = QueueSettings { then: Some(name("bot")), ..bot };
        let expected = InvalidSettings::Then { queue: name("bot"), then: name("bot") };
        assert_eq!(of(vec![to_itself, people.clone()]), Err(expected));
        let silent = QueueSettings { text_outside: String::new(), ..people };
        assert_eq!(of(vec![silent]), Err(InvalidSettings::Text(name("people"))));
    }
}
