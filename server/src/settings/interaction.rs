//! `[interaction]`: which engine the interaction server links to, where it keeps its directory, and how it finds an agent
//! for a customer. Its queues are `[[interaction.queues]]`.

use figment::Figment;
use serde::{Deserialize, Serialize};
use tandem_interaction::{Hours, InteractionSettings, QueueSettings};
use tandem_protocol::{QueueName, limits::QUEUE_TEXT_BYTES_MAX};

use super::{
    engine::EngineSection,
    lists::{Choices, Items},
    pairs::{self, Pairs},
    refusal::{Refusal, bad_value, origin_of},
    section_value,
    values::{FilePath, HostPort, Rank, Reasoned, Sentence, SkillName, Span, SpanOrOff, Text},
};

const HOUR_MS: u64 = 60 * 60 * 1000;

/// A hundred years, as they are written: no law wants more.
const RETENTION_MAX_MS: u64 = 876_600 * HOUR_MS;

/// The section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct InteractionSection {
    /// The configured primary engine of the pair that `[pair]` names; the backup is learnt from it. None when there is
    /// a list of pairs.
    pub(crate) primary: Option<Text<HostPort>>,
    /// `[[interaction.pairs]]`: several pairs, whose sessions all reach the same agents.
    pub(crate) pairs: Pairs,
    /// The file in which the last known pair is kept, so that a start works while the primary is down. With a list of
    /// pairs each has one of its own, which has the pair's name in it too.
    pub(crate) pair_cache: Option<Text<FilePath>>,
    /// The directory of accounts, logins and canned replies; the engine's when it is not given.
    pub(crate) data_dir: Text<FilePath>,
    /// How long an agent may take to answer an offer or an invitation.
    pub(crate) offer_timeout: Span<200, HOUR_MS>,
    /// How long somebody who declined is not asked for the same session again.
    pub(crate) decline_pause: Span<0, HOUR_MS>,
    /// How long an agent without a desk still counts as connected.
    pub(crate) presence_timeout: Span<200, HOUR_MS>,
    /// How long after that his chats stay his.
    pub(crate) agent_grace: Span<0, { 24 * HOUR_MS }>,
    /// How long a session waits for a bot before it goes on to people.
    pub(crate) bot_wait: Span<200, HOUR_MS>,
    /// How long a login lasts.
    pub(crate) login_lifetime: Span<1_000, { 90 * 24 * HOUR_MS }>,
    /// How long after its end what was said in a chat is erased. Nobody can bring it back.
    pub(crate) transcript_retention: SpanOrOff<HOUR_MS, RETENTION_MAX_MS>,
    /// What may be chosen at the end of a chat.
    pub(crate) dispositions: Choices<1>,
    /// What may be chosen as reason for not being ready.
    pub(crate) reasons: Choices<0>,
    /// The queues, the first of which is for sessions that name none. [`super::check`] compares them. Every desk shows
    /// all of them, and every view carries them.
    pub(crate) queues: Items<QueueSection, 1, 100>,
}

/// One queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct QueueSection {
    /// A session asks for it by its property `queue`.
    pub(crate) name: Text<QueueName>,
    /// Sessions of a queue with a greater priority are taken first.
    #[serde(default)]
    pub(crate) priority: Rank<-1_000, 1_000>,
    /// What an agent must be able to.
    #[serde(default)]
    pub(crate) skills: Items<Text<SkillName>, 0, 16>,
    /// Bots take from it, and nobody else.
    #[serde(default)]
    pub(crate) bot: bool,
    /// Of a bot queue: where sessions go that no bot takes.
    #[serde(default)]
    pub(crate) then: Option<Text<QueueName>>,
    /// When somebody is there; always when absent.
    #[serde(default)]
    pub(crate) hours: Option<Reasoned<Hours>>,
    /// What a customer who comes outside the hours is told.
    #[serde(default = "default_text_outside")]
    pub(crate) text_outside: Sentence<QUEUE_TEXT_BYTES_MAX>,
}

impl Default for InteractionSection {
    fn default() -> Self {
        let service = InteractionSettings::default();
        Self {
            primary: Some(Text("127.0.0.1:7301".parse().expect("is a host and a port"))),
            pairs: Pairs::default(),
            pair_cache: None,
            data_dir: EngineSection::default().data_dir,
            offer_timeout: Span(service.offer_timeout),
            decline_pause: Span(service.decline_pause),
            presence_timeout: Span(service.presence_timeout),
            agent_grace: Span(service.agent_grace),
            bot_wait: Span(service.bot_wait),
            login_lifetime: Span(service.login_lifetime),
            transcript_retention: SpanOrOff(service.transcript_retention),
            dispositions: Choices(service.dispositions),
            reasons: Choices(service.reasons),
            queues: Items(service.queues.into_iter().map(QueueSection::of).collect()),
        }
    }
}

impl InteractionSection {
    /// What the interaction server is told.
    pub(crate) fn service(&self) -> InteractionSettings {
        InteractionSettings {
            queues: self.queues.0.iter().map(QueueSection::service).collect(),
            offer_timeout: self.offer_timeout.0,
            decline_pause: self.decline_pause.0,
            presence_timeout: self.presence_timeout.0,
            agent_grace: self.agent_grace.0,
            bot_wait: self.bot_wait.0,
            login_lifetime: self.login_lifetime.0,
            transcript_retention: self.transcript_retention.0,
            dispositions: self.dispositions.0.clone(),
            reasons: self.reasons.0.clone(),
        }
    }
}

impl QueueSection {
    fn of(queue: QueueSettings) -> Self {
        let skill = |skill: String| Text(skill.parse().expect("the default queues name skills well"));
        Self {
            name: Text(queue.name),
            priority: Rank(queue.priority),
            skills: Items(queue.skills.into_iter().map(skill).collect()),
            bot: queue.bot,
            then: queue.then.map(Text),
            hours: queue.hours.map(Reasoned),
            text_outside: Sentence(queue.text_outside),
        }
    }

    fn service(&self) -> QueueSettings {
        QueueSettings {
            name: self.name.0.clone(),
            priority: self.priority.0,
            skills: self.skills.0.iter().map(|skill| skill.0.to_string()).collect(),
            bot: self.bot,
            then: self.then.clone().map(|then| then.0),
            hours: self.hours.clone().map(|hours| hours.0),
            text_outside: self.text_outside.0.clone(),
        }
    }
}

fn default_text_outside() -> Sentence<QUEUE_TEXT_BYTES_MAX> {
    let any = QueueName::new("any").expect("is a queue name");
    Sentence(QueueSettings::named(any).text_outside)
}

/// Reads the section. `engine` is the engine's section, where that is fine: one setting of the data directory does for
/// both, since whoever moves the one means the other.
pub(super) fn extract(merged: &Figment, engine: Option<&EngineSection>) -> Result<InteractionSection, Refusal> {
    let section = section_value(merged, "interaction").deserialize();
    let mut section: InteractionSection = section.map_err(|error| bad_value(merged, "interaction", &error))?;
    if let (Some(engine), true) = (engine, origin_of(merged, "interaction.data-dir") == "default") {
        section.data_dir = engine.data_dir.clone();
    }
    pairs::settle(merged, "interaction", &mut section.primary, &section.pairs)?;
    Ok(section)
}
