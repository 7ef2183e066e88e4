//! An operator's command as it speaks to a pair: over a link, as a gateway does, so that it gets its answer from whoever
//! is primary in the end. It needs neither the data directory nor the machine that the engines run on.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use clap::Args;
use tandem_drill::Primary;
use tandem_link::{Full, Incoming, Link, LinkSettings, LinkTask, Owner};
use tandem_protocol::{
    Pair, PairName, Refusal,
    control::{Actor, Control, ControlAsk, Told},
    link::{Answer, LinkRole, Outcome, Request},
};
use tokio::{
    sync::{oneshot, watch},
    time::{error::Elapsed, timeout},
};

use crate::{
    credentials::{self, CredentialFault},
    lifecycle::failure::Failure,
    settings::{HostPort, LinksSection, Loaded, PairLink, Settings, Text, links},
    telemetry,
};

/// How long a primary is looked for: longer than a takeover on silence takes.
const FIND_MAX: Duration = Duration::from_secs(8);

/// How long an answer is waited for: longer than all waits of a switchover together.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// The flags by which a pair is found.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct PairArgs {
    /// Either engine of the pair; the primary is found through it. [default: 127.0.0.1:7301]
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) primary: Option<String>,
    /// The pair, where the settings' gateway has several. [default: the only one]
    #[arg(long, value_name = "NAME")]
    pub(crate) pair: Option<String>,
}

/// Why nobody can be asked.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unnamed {
    #[error("--primary {0} is refused; it is HOST:PORT")]
    BadPrimary(String),
    #[error("--pair {0} is refused; a pair's name is 1 to 32 of a-z, 0-9, '-' and '_'")]
    BadPair(String),
    #[error("--pair {0} is refused; the settings know of {1}, and of others --primary says where they are")]
    UnknownPair(String, String),
    #[error("there are several pairs; say which with --pair: {0}")]
    Several(String),
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unanswered {
    #[error(transparent)]
    Credentials(#[from] CredentialFault),
    #[error("no engine of the pair {pair} is found to be primary through {address}")]
    NoPrimary { pair: String, address: String },
    #[error("the primary did not answer in time; `tandem switchover --dry-run` says how things stand")]
    Late(#[from] Elapsed),
    #[error("the primary refused: {0}")]
    Refused(#[from] Refusal),
    #[error("the primary's answer makes no sense")]
    Strange,
}

impl PairArgs {
    /// The pair, and an engine through which its primary is found: as the flags say, and what they leave open as the
    /// gateway is told.
    pub(crate) fn whom_to_ask(&self, settings: &Settings) -> Result<(PairName, String), Unnamed> {
        let place = &settings.gateway.place;
        let known = links(&settings.pair.name.0, place.primary.as_ref(), &place.pairs, None);
        let names = || known.iter().map(|link| link.name.to_string()).collect::<Vec<_>>().join(", ");
        let primary = self.primary.as_ref().map(|given| {
            let is_address = given.parse::<HostPort>().is_ok();
            if is_address { Ok(given.clone()) } else { Err(Unnamed::BadPrimary(given.clone())) }
        });
        let primary = primary.transpose()?;
        if let (Some(primary), Some(pair)) = (&primary, &self.pair) {
            let name = PairName::new(pair).map_err(|_| Unnamed::BadPair(pair.clone()))?;
            return Ok((name, primary.clone()));
        }
        let is_meant = |link: &&PairLink| match (&primary, &self.pair) {
            (_, Some(pair)) => link.name.as_str() == pair,
            (Some(primary), None) => known.len() == 1 || link.primary == *primary,
            (None, None) => true,
        };
        let meant: Vec<&PairLink> = known.iter().filter(is_meant).collect();
        match (&meant[..], &self.pair) {
            ([link], _) => Ok((link.name.clone(), primary.unwrap_or_else(|| link.primary.clone()))),
            ([], Some(pair)) => Err(Unnamed::UnknownPair(pair.clone(), names())),
            _ => Err(Unnamed::Several(names())),
        }
    }
}

/// The settings of an operator's command: how a link is made is of no interest to whoever wants to know what became of
/// it, so it logs warnings only, unless it is told otherwise.
pub(crate) fn quiet(loaded: Loaded) -> Settings {
    let is_level_given = loaded.given_by("log.level").is_some();
    let Loaded { mut settings, .. } = loaded;
    if !is_level_given {
        settings.log.level = Text("warn".parse().expect("is a level"));
    }
    settings
}

/// Asks the pair's primary these, one after the other, and says what each was answered: all of a command that only looks.
pub(crate) fn ask_once(
    loaded: Loaded,
    pair: &PairArgs,
    command: &'static str,
    asked: Vec<Control>,
) -> Result<Vec<Told>, Failure> {
    let settings = quiet(loaded);
    telemetry::start(command, &settings.log);
    let (pair, address) = pair.whom_to_ask(&settings).map_err(Failure::usage)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::runtime)?;
    let answers = async {
        let operator = Operator::connect(pair, address, command, &settings.links).await?;
        let mut told = Vec::new();
        for act in asked {
            match operator.control(act).await {
                Ok(answer) => told.push(answer),
                Err(unanswered) => {
                    operator.end().await;
                    return Err(unanswered);
                }
            }
        }
        operator.end().await;
        Ok(told)
    };
    runtime.block_on(answers).map_err(Failure::runtime)
}

/// Who runs this process, and as what, for the audit log.
pub(crate) fn actor(command: &str) -> Actor {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let user = std::env::var("SUDO_USER").or_else(|_| std::env::var("USER"));
    let user = user.unwrap_or_else(|_| format!("uid {}", rustix::process::getuid().as_raw()));
    Actor { who: format!("{user}@{host}"), from: format!("tandem {command} (process {})", std::process::id()) }
}

/// A link to the primary, by whichever engine it is found.
pub(crate) struct Operator {
    link: Link<Meeting>,
    task: LinkTask,
    met: Pair,
    pairs: watch::Receiver<Option<Pair>>,
    by: Actor,
}

impl Operator {
    /// Finds the primary. `command` is what the operator has called, without the executable's name; `links` what a link
    /// proves itself with.
    pub(crate) async fn connect(
        pair: PairName,
        address: String,
        command: &str,
        links: &LinksSection,
    ) -> Result<Self, Unanswered> {
        let mut settings = LinkSettings::new(pair.clone(), LinkRole::Control, command, vec![address.clone()]);
        settings.credentials = credentials::of_links(links)?;
        let (known, mut pairs) = watch::channel(None);
        let (link, task) = Link::start(settings, Arc::new(Meeting(known)));
        let met = timeout(FIND_MAX, pairs.wait_for(Option::is_some)).await;
        let met = met.ok().and_then(|known| known.ok()?.clone());
        match met {
            Some(met) => Ok(Self { link, task, met, pairs, by: actor(command) }),
            None => {
                link.stop();
                let _ = task.await;
                Err(Unanswered::NoPrimary { pair: pair.to_string(), address })
            }
        }
    }

    /// The pair as the first primary has told it.
    pub(crate) fn met(&self) -> &Pair {
        &self.met
    }

    /// The pair, now and at each change, as whoever is primary tells it.
    pub(crate) fn pairs(&self) -> watch::Receiver<Option<Pair>> {
        self.pairs.clone()
    }

    /// Who asks, for the audit log.
    pub(crate) fn by(&self) -> &Actor {
        &self.by
    }

    /// Asks, and waits for the answer of whoever is primary.
    pub(crate) async fn ask(&self, request: Request) -> Result<Answer, Unanswered> {
        let (reply, answer) = oneshot::channel();
        self.link.submit(request, reply).map_err(|Full { refusal, .. }| refusal)?;
        match timeout(ANSWER_MAX, answer).await? {
            Ok(Outcome::Done(answer)) => Ok(answer),
            Ok(Outcome::Refused(refusal)) => Err(refusal.into()),
            Err(_) => Err(Unanswered::Strange),
        }
    }

    /// Asks what only operators ask.
    pub(crate) async fn control(&self, act: Control) -> Result<Told, Unanswered> {
        match self.ask(Request::Control(ControlAsk { by: self.by.clone(), act })).await? {
            Answer::Control(told) => Ok(told),
            _ => Err(Unanswered::Strange),
        }
    }

    /// Ends the link.
    pub(crate) async fn end(self) {
        self.link.stop();
        // Its end is bounded, and there is nobody to tell of another one.
        let _ = self.task.await;
    }
}

/// So that a drill can be carried out over it.
#[async_trait]
impl Primary for Operator {
    async fn ask(&self, request: Request) -> Result<Answer, tandem_drill::Unanswered> {
        Self::ask(self, request).await.map_err(|unanswered| match unanswered {
            Unanswered::Refused(refusal) => tandem_drill::Unanswered::Refused(refusal),
            Unanswered::Late(_) | Unanswered::NoPrimary { .. } => tandem_drill::Unanswered::Late,
            Unanswered::Strange | Unanswered::Credentials(_) => tandem_drill::Unanswered::Strange,
        })
    }
}

/// The owner of the link.
struct Meeting(watch::Sender<Option<Pair>>);

impl Owner for Meeting {
    type Tag = oneshot::Sender<Outcome>;

    fn on(&self, incoming: Incoming<Self::Tag>) {
        match incoming {
            Incoming::Connected { pair } | Incoming::Pair(pair) => drop(self.0.send_replace(Some(pair))),
            Incoming::Answered { tag, outcome } => drop(tag.send(outcome)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::PairPlace;

    /// Those flags beside settings in which the gateway has several pairs, or the default.
    fn asked(primary: Option<&str>, pair: Option<&str>, is_several: bool) -> Result<(String, String), String> {
        let mut settings = Settings::default();
        if is_several {
            let place = |name, primary: &str| PairPlace {
                name: Text(PairName::new(name).expect("valid")),
                primary: Text(primary.parse().expect("valid")),
            };
            settings.gateway.place.primary = None;
            settings.gateway.place.pairs.0 = vec![place("main", "m:1"), place("west", "w:1")];
        }
        let [primary, pair] = [primary, pair].map(|flag| flag.map(str::to_owned));
        let found = PairArgs { primary, pair }.whom_to_ask(&settings).map_err(|unnamed| unnamed.to_string());
        found.map(|(pair, address)| (pair.to_string(), address))
    }

    #[test]
    fn the_pair_that_is_meant_is_asked_or_its_name_is_asked_for() {
        let found = |pair: &str, address: &str| Ok((pair.to_owned(), address.to_owned()));
        assert_eq!(asked(None, None, false), found("main", "127.0.0.1:7301"));
        assert_eq!(asked(Some("h:2"), None, false), found("main", "h:2"));
        assert_eq!(asked(None, Some("west"), true), found("west", "w:1"));
        assert_eq!(asked(Some("w:1"), None, true), found("west", "w:1"));
        assert_eq!(asked(Some("h:2"), Some("east"), true), found("east", "h:2"));
        for (primary, pair) in [(None, None), (Some("h:2"), None)] {
            let refused = asked(primary, pair, true).expect_err("it could be either");
            assert_eq!(refused, "there are several pairs; say which with --pair: main, west");
        }
        let refused = asked(None, Some("east"), true).expect_err("nobody knows where it is");
        assert!(refused.starts_with("--pair east is refused"), "{refused}");
        for (primary, pair) in [(Some("h"), None), (Some("h:2"), Some("East"))] {
            let refused = asked(primary, pair, false).expect_err("is no address, or no name");
            assert!(refused.contains("is refused"), "{refused}");
        }
    }
}
