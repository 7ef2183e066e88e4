//! An operator's command as it speaks to a pair: over a link, as a gateway does, so that it gets its answer from whoever
//! is primary in the end. It needs neither the data directory nor the machine that the engines run on.

use std::{fs, path::Path, sync::Arc, time::Duration};

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

/// Between the addresses of one pair.
const SEPARATOR: char = ',';

/// A file of a kept pair is some 300 bytes; whatever is much larger is not one.
const CACHE_BYTES_MAX: u64 = 16 * 1024;

/// The flags by which a pair is found.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct PairArgs {
    /// Either engine of the pair, through which the primary is found; or both, with a comma between them, so that either
    /// may be down. [default: 127.0.0.1:7301]
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) primary: Option<String>,
    /// The pair, where the settings' gateway has several. [default: the only one]
    #[arg(long, value_name = "NAME")]
    pub(crate) pair: Option<String>,
}

/// Why nobody can be asked.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unnamed {
    #[error("--primary {0} is refused; it is HOST:PORT, or several with commas between them")]
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
    #[error("no link to the pair {pair} is made; {why}")]
    NoLink { pair: String, why: String },
    #[error("the primary did not answer in time; `tandem switchover --dry-run` says how things stand")]
    Late(#[from] Elapsed),
    #[error("the primary refused: {0}")]
    Refused(Refusal),
    #[error("the primary's answer makes no sense")]
    Strange,
}

/// Its sentence is the whole of it: as a source it would be said twice.
impl From<Refusal> for Unanswered {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Unanswered> for Failure {
    /// A setting that is wrong is one thing, and what is in the way another.
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Credentials(_) => Self::usage(unanswered),
            _ => Self::runtime(unanswered),
        }
    }
}

impl PairArgs {
    /// As [`PairArgs::whom_to_ask`]; where the flags name none of several pairs, all of them.
    pub(crate) fn all_to_ask(&self, settings: &Settings) -> Result<Vec<(PairName, String)>, Unnamed> {
        if self.primary.is_some() || self.pair.is_some() {
            return Ok(vec![self.whom_to_ask(settings)?]);
        }
        Ok(known_pairs(settings).into_iter().map(|link| (link.name.clone(), addresses(&link))).collect())
    }

    /// The pair, and the engines through which its primary is found, with commas between them: as the flags say, and what
    /// they leave open as the gateway is told.
    pub(crate) fn whom_to_ask(&self, settings: &Settings) -> Result<(PairName, String), Unnamed> {
        let known = known_pairs(settings);
        let names = || known.iter().map(|link| link.name.to_string()).collect::<Vec<_>>().join(", ");
        let primary = self.primary.as_ref().map(|given| {
            let are_addresses = given.split(SEPARATOR).all(|address| address.parse::<HostPort>().is_ok());
            if are_addresses { Ok(given.clone()) } else { Err(Unnamed::BadPrimary(given.clone())) }
        });
        let primary = primary.transpose()?;
        if let (Some(primary), Some(pair)) = (&primary, &self.pair) {
            let name = PairName::new(pair).map_err(|_| Unnamed::BadPair(pair.clone()))?;
            return Ok((name, primary.clone()));
        }
        let is_meant = |link: &&PairLink| match (&primary, &self.pair) {
            (_, Some(pair)) => link.name.as_str() == pair,
            (Some(primary), None) => known.len() == 1 || primary.split(SEPARATOR).any(|given| given == link.primary),
            (None, None) => true,
        };
        let meant: Vec<&PairLink> = known.iter().filter(is_meant).collect();
        match (&meant[..], &self.pair) {
            ([link], _) => Ok((link.name.clone(), primary.unwrap_or_else(|| addresses(link)))),
            ([], Some(pair)) => Err(Unnamed::UnknownPair(pair.clone(), names())),
            _ => Err(Unnamed::Several(names())),
        }
    }
}

fn known_pairs(settings: &Settings) -> Vec<PairLink> {
    let place = &settings.gateway.place;
    links(&settings.pair.name.0, place.primary.as_ref(), &place.pairs, place.pair_cache.as_ref())
}

/// The configured primary, and both engines as a gateway on this machine has kept them: the configured one may be dead.
fn addresses(link: &PairLink) -> String {
    let mut addresses = vec![link.primary.clone()];
    let kept = link.cache.as_deref().and_then(|cache| kept_pair(cache, &link.name));
    for peer in kept.iter().flat_map(|pair| [&pair.primary].into_iter().chain(&pair.backup)) {
        if !addresses.contains(&peer.address) {
            addresses.push(peer.address.clone());
        }
    }
    addresses.join(&SEPARATOR.to_string())
}

/// Read only, and of no more weight than an address: whatever is wrong with the file is for the gateway to say.
fn kept_pair(cache: &Path, name: &PairName) -> Option<Pair> {
    if fs::metadata(cache).ok()?.len() > CACHE_BYTES_MAX {
        return None;
    }
    let pair: Pair = serde_json::from_slice(&fs::read(cache).ok()?).ok()?;
    Some(pair).filter(|pair| pair.name == *name)
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

/// Does what a command is to do over a link to the pair's primary, and ends the link.
pub(crate) fn over_link<T>(
    loaded: Loaded,
    pair: &PairArgs,
    command: &'static str,
    work: impl AsyncFnOnce(&Operator) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let settings = quiet(loaded);
    telemetry::start(command, &settings.log);
    let (pair, address) = pair.whom_to_ask(&settings).map_err(Failure::usage)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::runtime)?;
    runtime.block_on(async {
        let operator = Operator::connect(pair, address, command, &settings.links).await?;
        let came_to = work(&operator).await;
        operator.end().await;
        came_to
    })
}

/// Asks the pair's primary these, one after the other, and says what each was answered: all of a command that only looks.
pub(crate) fn ask_once(
    loaded: Loaded,
    pair: &PairArgs,
    command: &'static str,
    asked: Vec<Control>,
) -> Result<Vec<Told>, Failure> {
    over_link(loaded, pair, command, async |operator| {
        let mut told = Vec::new();
        for act in asked {
            told.push(operator.control(act).await?);
        }
        Ok(told)
    })
}

/// Who runs this process, and as what, for the audit log.
pub(crate) fn actor(command: &str) -> Actor {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let (uid, process) = (rustix::process::getuid().as_raw(), std::process::id());
    // Of the account, since a service or a container has no USER; there may be none for a container's user.
    let user = std::env::var("SUDO_USER").ok().or_else(|| whoami::username().ok()).unwrap_or_else(|| "?".to_owned());
    // Who has called sudo may be made up; what the process runs as may not.
    Actor { who: format!("{user}@{host}"), from: format!("tandem {command} (process {process}, uid {uid})") }
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
    /// Finds the primary through these addresses, which have commas between them. `command` is what the operator has
    /// called, without the executable's name; `links` what a link proves itself with.
    pub(crate) async fn connect(
        pair: PairName,
        address: String,
        command: &str,
        links: &LinksSection,
    ) -> Result<Self, Unanswered> {
        let addresses = address.split(SEPARATOR).map(str::to_owned).collect();
        let mut settings = LinkSettings::new(pair.clone(), LinkRole::Control, command, addresses);
        settings.credentials = credentials::of_links(links)?;
        let (known, mut pairs) = watch::channel(None);
        let (link, task) = Link::start(settings, Arc::new(Meeting(known)));
        let met = timeout(FIND_MAX, pairs.wait_for(Option::is_some)).await;
        let met = met.ok().and_then(|known| known.ok()?.clone());
        match met {
            Some(met) => Ok(Self { link, task, met, pairs, by: actor(command) }),
            None => {
                let refused = link.status().refused;
                link.stop();
                let _ = task.await;
                let pair = pair.to_string();
                Err(match refused {
                    Some(why) => Unanswered::NoLink { pair, why },
                    None => Unanswered::NoPrimary { pair, address },
                })
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
            Unanswered::Strange | Unanswered::Credentials(_) | Unanswered::NoLink { .. } => {
                tandem_drill::Unanswered::Strange
            }
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

    /// Settings in which the gateway has several pairs.
    fn several() -> Settings {
        let place = |name, primary: &str| PairPlace {
            name: Text(PairName::new(name).expect("valid")),
            primary: Text(primary.parse().expect("valid")),
        };
        let mut settings = Settings::default();
        settings.gateway.place.primary = None;
        settings.gateway.place.pairs.0 = vec![place("main", "m:1"), place("west", "w:1")];
        settings
    }

    /// Those flags beside settings in which the gateway has several pairs, or the default.
    fn asked(primary: Option<&str>, pair: Option<&str>, is_several: bool) -> Result<(String, String), String> {
        let settings = if is_several { several() } else { Settings::default() };
        let [primary, pair] = [primary, pair].map(|flag| flag.map(str::to_owned));
        let found = PairArgs { primary, pair }.whom_to_ask(&settings).map_err(|unnamed| unnamed.to_string());
        found.map(|(pair, address)| (pair.to_string(), address))
    }

    #[test]
    fn the_pair_that_is_meant_is_asked_or_its_name_is_asked_for() {
        let found = |pair: &str, address: &str| Ok((pair.to_owned(), address.to_owned()));
        assert_eq!(asked(None, None, false), found("main", "127.0.0.1:7301"));
        assert_eq!(asked(Some("h:2"), None, false), found("main", "h:2"));
        assert_eq!(asked(Some("h:2,i:3"), None, false), found("main", "h:2,i:3"));
        assert_eq!(asked(None, Some("west"), true), found("west", "w:1"));
        assert_eq!(asked(Some("w:1"), None, true), found("west", "w:1"));
        assert_eq!(asked(Some("x:9,w:1"), None, true), found("west", "x:9,w:1"));
        assert_eq!(asked(Some("h:2"), Some("east"), true), found("east", "h:2"));
        for (primary, pair) in [(None, None), (Some("h:2"), None)] {
            let refused = asked(primary, pair, true).expect_err("it could be either");
            assert_eq!(refused, "there are several pairs; say which with --pair: main, west");
        }
        let refused = asked(None, Some("east"), true).expect_err("nobody knows where it is");
        assert!(refused.starts_with("--pair east is refused"), "{refused}");
        for (primary, pair) in [(Some("h"), None), (Some("h:2,"), None), (Some("h:2"), Some("East"))] {
            let refused = asked(primary, pair, false).expect_err("is no address, or no name");
            assert!(refused.contains("is refused"), "{refused}");
        }
    }

    #[test]
    fn who_names_no_pair_asks_all_of_them() {
        let all = |pair: Option<&str>| {
            let args = PairArgs { primary: None, pair: pair.map(str::to_owned) };
            args.all_to_ask(&several()).expect("the settings know them")
        };
        let named = |name: &str, address: &str| (PairName::new(name).expect("valid"), address.to_owned());
        assert_eq!(all(None), [named("main", "m:1"), named("west", "w:1")]);
        assert_eq!(all(Some("west")), [named("west", "w:1")]);
    }

    #[test]
    fn both_engines_are_asked_where_a_gateway_has_kept_them() {
        let folder = tempfile::tempdir().expect("a directory");
        let peer = |name: &str| {
            let name = tandem_protocol::EngineName::new(name).expect("valid");
            tandem_protocol::Peer { address: format!("{name}:7301"), name, pid: 1 }
        };
        let name = PairName::new("main").expect("valid");
        let pair = Pair { name, epoch: tandem_protocol::Epoch(3), primary: peer("b"), backup: Some(peer("a")) };
        let kept = folder.path().join("pair.json");
        std::fs::write(&kept, serde_json::to_vec(&pair).expect("serialises")).expect("is written");
        let link = |name: &str, primary: &str| PairLink {
            name: PairName::new(name).expect("valid"),
            primary: primary.into(),
            cache: Some(kept.clone()),
        };
        assert_eq!(addresses(&link("main", "a:7301")), "a:7301,b:7301");
        assert_eq!(addresses(&link("west", "c:7301")), "c:7301", "it is of another pair");
        std::fs::write(&kept, "no pair").expect("is written");
        assert_eq!(addresses(&link("main", "a:7301")), "a:7301");
    }
}
