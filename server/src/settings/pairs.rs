//! `[[gateway.pairs]]` and its like: the pairs that one process links to, each by its name and its primary.
//!
//! A section that has such a list has a single `primary` too, which goes with `[pair] name`; either is given, never
//! both. The roles turn them into one link a pair.

use std::path::{Path, PathBuf};

use figment::Figment;
use serde::{Deserialize, Serialize};
use tandem_protocol::PairName;

use super::{
    lists::Items,
    refusal::{Refusal, origin_of},
    values::{FilePath, HostPort, Text},
};

/// Pairs of one list: far more machines than one gateway can serve.
const PAIRS_MAX: usize = 32;

/// One pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct PairPlace {
    /// The pair's name, as its engines have it.
    pub(crate) name: Text<PairName>,
    /// Its configured primary engine; the backup is learnt from it.
    pub(crate) primary: Text<HostPort>,
}

impl PairPlace {
    /// Any pair.
    pub(super) fn sample() -> Self {
        let primary = "127.0.0.1:7301".parse().expect("is a host and a port");
        Self { name: Text(PairName::new("main").expect("is a valid name")), primary: Text(primary) }
    }
}

/// The list; empty where there is one pair, which the single `primary` names.
pub(crate) type Pairs = Items<PairPlace, 0, PAIRS_MAX>;

/// What a link needs to know of its pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PairLink {
    /// The pair.
    pub(crate) name: PairName,
    /// `host:port` of its configured primary.
    pub(crate) primary: String,
    /// Where the last known pair is kept.
    pub(crate) cache: Option<PathBuf>,
}

/// Why a section's pairs are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Clash {
    /// Nobody can tell which is meant.
    #[error("{0}.primary is refused beside [[{0}.pairs]]; name the primary of each pair there, and no other")]
    Both(&'static str),
    /// A link's pair is known by its name.
    #[error("{0}.pairs is refused: there are two pairs named {1}")]
    SameName(&'static str, PairName),
    /// The id of a session has room for a tag of its pair only.
    #[error(
        "{0}.pairs is refused: ids of sessions cannot tell the pairs {1} and {2} apart; give the newer one another name"
    )]
    SameTag(&'static str, PairName, PairName),
}

/// Lets the list take the place of the single primary, or refuses it.
pub(super) fn settle(
    merged: &Figment,
    section: &'static str,
    primary: &mut Option<Text<HostPort>>,
    pairs: &Pairs,
) -> Result<(), Refusal> {
    if pairs.0.is_empty() {
        return Ok(());
    }
    let refused = |key: &str, clash| Refusal::Pairs { origin: origin_of(merged, &format!("{section}.{key}")), clash };
    if origin_of(merged, &format!("{section}.primary")) != "default" {
        return Err(refused("primary", Clash::Both(section)));
    }
    if let Some(clash) = clash_of(section, pairs) {
        return Err(refused("pairs", clash));
    }
    *primary = None;
    Ok(())
}

fn clash_of(section: &'static str, pairs: &Pairs) -> Option<Clash> {
    let names: Vec<&PairName> = pairs.0.iter().map(|pair| &pair.name.0).collect();
    names.iter().enumerate().find_map(|(at, name)| {
        let before = names[..at].iter().find(|before| before.tag() == name.tag())?;
        Some(match *before == *name {
            true => Clash::SameName(section, (*name).clone()),
            false => Clash::SameTag(section, (*before).clone(), (*name).clone()),
        })
    })
}

/// The links of a section, in the order of its list: one for its single primary, or one a pair.
pub(crate) fn links(
    single: &PairName,
    primary: Option<&Text<HostPort>>,
    pairs: &Pairs,
    cache: Option<&Text<FilePath>>,
) -> Vec<PairLink> {
    let cache = cache.map(|cache| cache.0.0.as_path());
    let single = primary.map(|primary| PairLink {
        name: single.clone(),
        primary: primary.0.to_string(),
        cache: cache.map(Path::to_owned),
    });
    let listed = pairs.0.iter().map(|PairPlace { name, primary }| PairLink {
        name: name.0.clone(),
        primary: primary.0.to_string(),
        cache: cache.map(|cache| cache_of(cache, &name.0)),
    });
    single.into_iter().chain(listed).collect()
}

/// The file of one of several pairs: `pair.json` is `pair.main.json` for the pair main.
fn cache_of(cache: &Path, pair: &PairName) -> PathBuf {
    let stem = cache.file_stem().unwrap_or_default().to_string_lossy();
    let extension = cache.extension().map(|extension| format!(".{}", extension.to_string_lossy()));
    cache.with_file_name(format!("{stem}.{pair}{}", extension.unwrap_or_default()))
}
